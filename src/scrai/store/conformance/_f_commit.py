"""F. A commit is applied as a whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from scrai.errors import (
    AlreadyExistsError,
    ChangeSetTooLargeError,
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
    StoreError,
)
from scrai.store._types import DocumentStore, Query, Where, Write, create, delete, update, upsert
from scrai.store.conformance._kit import DOCS, PARTS, Kit, case, content


async def _everything(store: DocumentStore) -> list[object]:
    return [(content(each), each.revision) for each in await store.query(Query(DOCS))]


def _failing() -> Iterable[tuple[type[StoreError], Write]]:
    yield AlreadyExistsError, create(DOCS, "old", {"v": 2})
    yield ConflictError, update(DOCS, "old", {"v": 2}, expected="stale")
    yield ConflictError, delete(DOCS, "old", expected="stale")
    yield DocumentMissingError, update(DOCS, "missing", {"v": 2})
    yield ConflictError, update(PARTS, "old", {"v": 2}, expected="stale")
    yield ConflictError, delete(PARTS, "old", expected="stale")
    yield DocumentMissingError, update(PARTS, "missing", {"v": 2})
    yield AlreadyExistsError, create(PARTS, "old", {"v": 2})
    yield InvalidDocumentError, create(DOCS, "bad", {"v": float("nan")})
    yield InvalidDocumentError, create(DOCS, "a/b", {})


@case()
async def all_or_nothing_when_the_last_of_many_fails(kit: Kit) -> None:
    store = await kit.store()
    old = [create(DOCS, "old", {"v": 1}, {"n": 1, "tags": ["x"]}), create(DOCS, "other", {"v": 1})]
    old += [create(PARTS, "old", {"v": 1}), create(DOCS, "third", {"v": 1}, {"n": 3})]
    await store.commit(old)
    before = await _everything(store)
    for kind, last in _failing():
        good = [create(f"{DOCS}/old/{PARTS}", f"{each:02d}", {"v": each}) for each in range(20)]
        good += [update(DOCS, "other", {"v": 9}, {"tags": ["y"]}), delete(DOCS, "third")]
        good += [upsert(DOCS, "new", {"v": 9}, {"owner": "somebody new"})]
        async with kit.refuses(kind, demand="the last write of a commit"):
            await store.commit([*good, last])
        kit.equal(await _everything(store), before, "a refused commit changes nothing")
        kit.equal(await store.subcollections(DOCS, "old"), [], "nor leaves anything below")
    found = await kit.ids(store)
    kit.equal(found, ["old", "other", "third"], "the indexes agree")


@case()
async def what_was_refused_leaves_no_trace_in_what_follows(kit: Kit) -> None:
    """A store that keeps values or paths by number must forget those that it took back."""
    store = await kit.store()
    await store.commit([create(DOCS, "old", {})])
    refused = [create(DOCS, "1", {}, {"owner": "x", "kind": 7}), create(DOCS, "old", {})]
    for path in (f"{DOCS}/1/{PARTS}", f"{DOCS}/2/{PARTS}"):
        async with kit.refuses(AlreadyExistsError, demand="a commit with new values and paths"):
            await store.commit([create(path, "a", {}), *refused])
    await store.commit(
        [create(f"{DOCS}/3/{PARTS}", "b", {}), create(DOCS, "2", {}, {"owner": "y"})]
    )
    await store.commit(
        [create(f"{DOCS}/2/{PARTS}", "c", {}), create(DOCS, "3", {}, {"owner": "x"})]
    )
    await store.commit([create(DOCS, "4", {}, {"owner": "z", "kind": 7})])
    owners = {each.id: each.columns.get("owner") for each in await store.query(Query(DOCS))}
    kit.equal(owners, {"2": "y", "3": "x", "4": "z", "old": None}, "each document has its owner")
    for owner, wanted in (("x", ["3"]), ("y", ["2"]), ("z", ["4"])):
        kit.equal(await kit.ids(store, Where("owner", "==", owner)), wanted, "and is found by it")
    for number, wanted in (("1", []), ("2", ["c"]), ("3", ["b"])):
        found = await kit.ids(store, collection=f"{DOCS}/{number}/{PARTS}")
        kit.equal(found, wanted, "each collection has its documents")


@case()
async def the_first_refusal_in_order_is_reported(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1})])
    missing, exists = update(DOCS, "missing", {}), create(DOCS, "a", {})
    async with kit.refuses(DocumentMissingError, demand="missing before exists"):
        await store.commit([create(DOCS, "b", {}), missing, exists])
    async with kit.refuses(AlreadyExistsError, demand="exists before missing"):
        await store.commit([create(DOCS, "b", {}), exists, missing])
    kit.equal(await kit.ids(store), ["a"], "nothing was written")


@case()
async def four_kinds_in_one_commit(kit: Kit) -> None:
    store = await kit.store()
    first = await store.commit([create(DOCS, name, {"v": 1}) for name in "bcd"])
    result = await store.commit(
        [
            delete(DOCS, "d"),
            create(DOCS, "a", {"v": 2}),
            update(DOCS, "b", {"v": 2}, expected=first.revisions[0]),
            delete(DOCS, "never"),
            upsert(DOCS, "c", {"v": 2}),
        ]
    )
    kit.equal([each is None for each in result.revisions], [True, False, False, True, False],
              "a revision for each write but deletes, in order")  # fmt: skip
    found = await store.query(Query(DOCS))
    kit.equal([(each.id, each.value()["v"]) for each in found], [("a", 2), ("b", 2), ("c", 2)], "")
    read = [result.revisions[1], result.revisions[2], result.revisions[4]]
    kit.equal([each.revision for each in found], read, "the revisions are those read")


@case()
async def a_document_is_written_once_in_a_commit(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1})])
    for pair in (
        [update(DOCS, "a", {"v": 2}), update(DOCS, "a", {"v": 3})],
        [delete(DOCS, "a"), create(DOCS, "a", {"v": 2})],
        [create(DOCS, "b", {}), upsert(DOCS, "b", {})],
    ):
        async with kit.refuses(InvalidDocumentError, demand="the same document twice"):
            await store.commit(pair)
    kit.equal((await kit.read(store, "a")).value(), {"v": 1}, "nothing was written")
    same = f"{DOCS}/a/{PARTS}"
    await store.commit([create(same, "a", {}), update(DOCS, "a", {"v": 2})])
    kit.equal((await kit.read(store, "a")).value(), {"v": 2}, "one id in two collections is fine")


@case()
async def a_commit_of_nothing_does_nothing(kit: Kit) -> None:
    store = await kit.store()
    kit.equal((await store.commit([])).revisions, (), "no writes, no revisions")


@case()
async def two_thousand_writes_are_one_commit(kit: Kit) -> None:
    store = await kit.store()
    names = [f"{number:04d}" for number in range(2000)]
    result = await store.commit([create(DOCS, each, {"is": each}, {"n": 1}) for each in names])
    kit.equal(len(result.revisions), 2000, "a revision for each")
    kit.equal(await kit.ids(store), names, "all are there")
    async with kit.refuses(AlreadyExistsError, demand="the last of 2,000 exists"):
        again = [upsert(DOCS, each, {"is": "new"}) for each in names[:-1]]
        await store.commit([*again, create(DOCS, names[-1], {})])
    values = {each.value()["is"] for each in await store.query(Query(DOCS, limit=50))}
    kit.equal(values, set(names[:50]), "none of 2,000 was written")


@case()
async def a_commit_over_the_limit_of_bytes_is_refused_as_a_whole(kit: Kit) -> None:
    store = await kit.store()
    block = b"x" * 700_000
    fits = [create(DOCS, str(each), {}, data=block) for each in range(4)]
    async with kit.refuses(ChangeSetTooLargeError, demand="over 3 MiB") as refusal:
        await store.commit([*fits, create(DOCS, "4", {}, data=block)])
    kit.expect(refusal.error.hint, "the error names the cure")
    kit.equal(await store.count(Query(DOCS)), 0, "nothing was written")
    await store.commit(fits)
    kit.equal(await store.count(Query(DOCS)), 4, "what fits is written")
    many = [create(DOCS, f"{each:05d}-{'x' * 100}", {}) for each in range(10_000)]
    async with kit.refuses(ChangeSetTooLargeError, demand="10,000 small writes"):
        await store.commit(many)


@case()
async def nobody_sees_half_a_commit(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, name, {"v": 0}, {"n": 0}) for name in "ab"])
    done = asyncio.Event()

    async def write() -> None:
        for number in range(1, 40):
            await store.commit([update(DOCS, name, {"v": number}, {"n": number}) for name in "ab"])
            await asyncio.sleep(0)
        done.set()

    async def read() -> None:
        while not done.is_set():
            for found in (await store.get_many(DOCS, ["a", "b"]), await store.query(Query(DOCS))):
                values = [each.value()["v"] for each in found if each]
                kit.equal(len(set(values)), 1, f"both documents of one commit: {values}")
            await asyncio.sleep(0)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(write())
        for _ in range(3):
            group.create_task(read())

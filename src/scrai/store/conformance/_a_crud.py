"""A. One document at a time: create, get, update, upsert, delete, get_many; ids."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
)
from scrai.store._types import DocumentStore, Query, create, delete, update, upsert
from scrai.store.conformance._kit import DOCS, PARTS, Kit, case

BOTH = (DOCS, PARTS)
"""A collection with list columns and one without: a store may well treat them differently."""

HOSTILE = (
    "", ".", "..", "a/b", "/", "__all__", "____", "__\n__", "a\0b", "x" * 1501, "é" * 751,
    "\ud800", "a\udfffb",
)  # fmt: skip
FRIENDLY = (
    "a", "a b", "~", "a~b", "%2F", "'; --", '"', "...", "_a_", "__a", "a__", "-1", "é", "Ünï",
    "日本語", "😀", "\u202eabc", "x" * 1500, "é" * 750, "A", "1", "\\", "a\nb", "\uffff", "#?&",
)  # fmt: skip


@case()
async def create_returns_a_revision_and_reads_back(kit: Kit) -> None:
    store = await kit.store()
    payload = {"name": "Ada", "deep": {"list": [1, 2.5, None, True]}}
    columns: dict[str, Any] = {"n": 1, "text": "x", "flag": True, "tags": ["a", "b"]}
    result = await store.commit([create(DOCS, "a", payload, columns, data=b"\x00\xff")])
    kit.expect(result.revisions[0], "a create returns a revision")
    found = await kit.read(store, "a")
    kit.equal(found.revision, result.revisions[0], "the revision read is the one returned")
    kit.equal((found.collection, found.id), (DOCS, "a"), "a document knows where it is")
    kit.equal(found.value(), payload, "the payload reads back")
    kit.equal(dict(found.columns), {**columns, "tags": ("a", "b")}, "the columns read back")
    kit.equal(found.data, b"\x00\xff", "the data read back")


@case()
async def a_second_create_is_refused_and_the_value_unchanged(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1}, {"n": 1})])
    before = await kit.read(store, "a")
    async with kit.refuses(AlreadyExistsError, demand="create of what exists") as refusal:
        await store.commit([create(DOCS, "a", {"v": 2}, {"n": 2})])
    after = await kit.read(store, "a")
    kit.equal(after.value(), {"v": 1}, "a refused create changes nothing")
    kit.equal(after.revision, before.revision, "nor the revision")
    kit.equal(refusal.error.winner.value(), {"v": 1}, "the error carries the one that is there")


@case()
async def what_is_not_there_is_none(kit: Kit) -> None:
    store = await kit.store()
    kit.equal(await store.get(DOCS, "a"), None, "a missing document is None")
    kit.equal(await store.query(Query(DOCS)), [], "an empty collection has no documents")
    kit.equal(await store.count(Query(DOCS)), 0, "and counts 0")
    kit.equal(await store.get(f"{DOCS}/a/{PARTS}", "b"), None, "nor below a missing document")


@case()
async def upsert_creates_and_replaces_wholly(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([upsert(DOCS, "a", {"x": 1, "y": 2}, {"n": 1, "text": "t"}, data=b"d")])
    first = await kit.read(store, "a")
    await store.commit([upsert(DOCS, "a", {"x": 3}, {"flag": False})])
    found = await kit.read(store, "a")
    kit.equal(found.value(), {"x": 3}, "an upsert merges nothing into the payload")
    kit.equal(dict(found.columns), {"flag": False}, "nor into the columns")
    kit.equal(found.data, None, "nor keeps the data")
    kit.equal(found.created_at, first.created_at, "a replaced document keeps its created_at")


@case()
async def update_replaces_wholly(kit: Kit) -> None:
    store = await kit.store()
    for path in BOTH:
        await store.commit([create(path, "a", {"x": 1, "y": 2}, {"n": 1, "m": 1}, data=b"d")])
        await store.commit([update(path, "a", {"y": 3}, {"n": 2})])
        found = await kit.read(store, "a", path)
        kit.equal(found.value(), {"y": 3}, "an update replaces the payload")
        kit.equal((dict(found.columns), found.data), ({"n": 2}, None), "and all the rest")


@case()
async def update_of_what_is_missing_is_refused(kit: Kit) -> None:
    store = await kit.store()
    for path in BOTH:
        for expected in (None, "1"):
            async with kit.refuses(DocumentMissingError, demand="update of a missing document"):
                await store.commit([update(path, "a", {}, expected=expected)])
        kit.equal(await store.get(path, "a"), None, "a refused update creates nothing")


@case()
async def delete_removes_and_may_be_repeated(kit: Kit) -> None:
    store = await kit.store()
    for path in BOTH:
        await store.commit([create(path, "a", {}, {"n": 1}), create(path, "b", {})])
        await store.commit([delete(path, "a")])
        await store.commit([delete(path, "a")])
        kit.equal(await store.get(path, "a"), None, "a deleted document is gone")
        kit.equal(await kit.ids(store, collection=path), ["b"], "and in no listing")
        async with kit.refuses(ConflictError, demand="fenced delete of what is gone") as refusal:
            await store.commit([delete(path, "a", expected="1")])
        kit.equal(refusal.error.winner, None, "the winner of a document that is gone is None")


@case()
async def a_document_created_anew_is_a_new_one(kit: Kit) -> None:
    store = await kit.store()
    for path in BOTH:
        first = (await store.commit([create(path, "a", {"v": 1}, {"n": 1})])).revisions[0]
        await store.commit([delete(path, "a")])
        second = (await store.commit([create(path, "a", {"v": 1}, {"n": 1})])).revisions[0]
        kit.expect(first != second, "a revision does not come back with the same content")
        async with kit.refuses(ConflictError, demand="an update fenced by the old one's revision"):
            await store.commit([update(path, "a", {"v": 2}, expected=first)])


@case()
async def get_many_keeps_order_duplicates_and_gaps(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, name, {"is": name}) for name in "abcd"])
    wanted = ["d", "x", "a", "d", "é", "b"]
    found = await store.get_many(DOCS, wanted)
    values = [each and each.value()["is"] for each in found]
    kit.equal(values, ["d", None, "a", "d", None, "b"], "get_many answers in the order asked")
    kit.equal(await store.get_many(DOCS, []), [], "no ids, no documents")
    many = [f"{number:03d}" for number in range(300)]
    kit.equal(await store.get_many(DOCS, many), [None] * 300, "300 ids may be asked for")


def _uses(name: Any) -> dict[str, Callable[[DocumentStore], Awaitable[object]]]:
    return {
        "create": lambda store: store.commit([create(DOCS, name, {})]),
        "update": lambda store: store.commit([update(DOCS, name, {})]),
        "upsert": lambda store: store.commit([upsert(DOCS, name, {})]),
        "delete": lambda store: store.commit([delete(DOCS, name)]),
        "get": lambda store: store.get(DOCS, name),
        "get_many": lambda store: store.get_many(DOCS, ["fine", name]),
        "subcollections": lambda store: store.subcollections(DOCS, name),
    }


@case()
async def hostile_ids_are_refused_by_every_operation(kit: Kit) -> None:
    store = await kit.store()
    for name in (*HOSTILE, 1, None, b"a"):
        for use, call in _uses(name).items():
            async with kit.refuses(InvalidDocumentError, demand=f"{use} with the id {name!r:.40}"):
                await call(store)
    kit.equal(await store.count(Query(DOCS)), 0, "nothing was stored")


@case()
async def hostile_collections_are_refused(kit: Kit) -> None:
    store = await kit.store()
    below = [f"{DOCS}/{name}/{PARTS}" for name in HOSTILE if name not in {"a/b", "/"}]
    for path in ("", "/", f"{DOCS}/a", f"{DOCS}//{PARTS}", f"{DOCS}/", "nowhere", *below):
        for call in (
            lambda path=path: store.commit([upsert(path, "a", {})]),
            lambda path=path: store.get(path, "a"),
            lambda path=path: store.query(Query(path)),
        ):
            async with kit.refuses(InvalidDocumentError, demand=f"the collection {path!r:.40}"):
                await call()


@case()
async def friendly_ids_are_kept_and_ordered_by_their_bytes(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, name, {"is": name}) for name in FRIENDLY])
    for name in FRIENDLY:
        kit.equal((await kit.read(store, name)).value(), {"is": name}, f"the id {name!r:.40}")
    wanted = sorted(FRIENDLY, key=lambda name: name.encode())
    kit.equal(await kit.ids(store), wanted, "ids are in the order of their UTF-8 bytes")
    path = f"{DOCS}/😀 ~%/{PARTS}"
    await store.commit([create(path, "日", {"v": 1})])
    kit.equal((await kit.read(store, "日", path)).value(), {"v": 1}, "also in a path")


@case()
async def undeclared_columns_are_refused(kit: Kit) -> None:
    store = await kit.store()
    bad: list[dict[str, Any]] = [{"other": 1}, {"n": 1, "payload": "x"}, {"N": 1}, {"n": [1]}]
    for columns in (*bad, {"tags": 1}):
        async with kit.refuses(InvalidDocumentError, demand=f"the columns {columns}"):
            await store.commit([create(DOCS, "a", {}, columns)])
    kit.equal(await store.get(DOCS, "a"), None, "nothing was stored")


@case()
async def stamps_are_the_stores_own(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1})])
    first = await kit.read(store, "a")
    for moment in (first.created_at, first.updated_at, first.read_at):
        kit.equal(moment.utcoffset(), timedelta(0), "stamps are aware UTC")
    kit.equal(first.created_at, first.updated_at, "a new document was updated when created")
    await store.commit([update(DOCS, "a", {"v": 2})])
    second = await kit.read(store, "a")
    kit.equal(second.created_at, first.created_at, "created_at stays")
    kit.expect(second.updated_at > first.updated_at, "updated_at grows with a real write")
    late = timedelta(seconds=1)
    kit.expect(second.read_at + late >= second.updated_at, "one clock reads and writes")


@case()
async def a_write_that_changes_nothing_leaves_the_revision(kit: Kit) -> None:
    store = await kit.store()
    for path in BOTH:
        columns: dict[str, Any] = {"n": 1, "m": None} | ({"tags": ["a"]} if path == DOCS else {})
        await store.commit([create(path, "a", {"v": 1}, columns, data=b"d")])
        before = await kit.read(store, "a", path)
        for write in (
            update(path, "a", {"v": 1}, columns, data=b"d"),
            upsert(path, "a", {"v": 1}, columns, data=b"d"),
            update(path, "a", {"v": 1}, columns, data=b"d", expected=before.revision),
        ):
            result = await store.commit([write])
            kit.equal(result.revisions, (before.revision,), f"{write.kind}: the revision stays")
        after = await kit.read(store, "a", path)
        kit.equal(after.updated_at, before.updated_at, "updated_at stays")
        await _changes(kit, store, path, columns)


async def _changes(kit: Kit, store: DocumentStore, path: str, columns: dict[str, Any]) -> None:
    """Demand that the smallest difference is a change."""
    for payload, given, data in (
        ({"v": 1}, {**columns, "n": True}, b"d"),
        ({"v": 1}, {"n": True}, b"d"),
        ({"v": 1.0}, {"n": True}, b"d"),
        ({"v": 1.0}, {"n": True}, b""),
        ({"v": 1.0}, {"n": True}, None),
    ):
        before = (await kit.read(store, "a", path)).revision
        result = await store.commit([update(path, "a", payload, given, data=data)])
        kit.expect(result.revisions[0] != before, f"{payload}, {given}, {data!r} is a change")

"""G. Steps, leases, chunked values, trees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidDocumentError,
    StoreCorruptError,
)
from scrai.store._blobs import CHUNK, BlobRef, collect_orphans, get_blob, put_blob
from scrai.store._cascade import delete_matching, delete_tree
from scrai.store._steps import commit_step
from scrai.store._types import (
    CommitResult,
    DocumentStore,
    Query,
    Where,
    Write,
    create,
    delete,
    update,
)
from scrai.store.conformance._kit import DOCS, PARTS, Feature, Kit, case

STEPS = f"{DOCS}/head/steps"
BLOBS = f"{DOCS}/head/blobs"


async def step(
    store: DocumentStore, number: int, expected: str | None, commit_id: str, **more: Any
) -> CommitResult:
    """Commit step `number` as the engine does."""
    payload = {"step": number, "owner": more.pop("owner", "")}
    return await commit_step(
        store,
        head=update(DOCS, "head", payload, {"n": number}, expected=expected),
        step=create(STEPS, f"{number:06d}", {"commit_id": commit_id}, {"step": number}),
        writes=[create(f"{DOCS}/head/{PARTS}", f"{number}-{commit_id}", {"by": commit_id})],
        commit_id=commit_id,
        **more,
    )


async def begin(kit: Kit) -> tuple[DocumentStore, str]:
    """Return a store with a head at step 0, and the head's revision."""
    store = await kit.store()
    revision = (await store.commit([create(DOCS, "head", {"step": 0}, {"n": 0})])).revisions[0]
    return store, revision or ""


@case()
async def steps_follow_each_other(kit: Kit) -> None:
    store, revision = await begin(kit)
    for number in range(1, 6):
        result = await step(store, number, revision, f"c{number}", after=number - 1)
        kit.equal(len(result.revisions), 3, "revisions of head, marker and the rest")
        revision = result.revisions[0] or ""
        kit.equal((await kit.read(store, "head")).revision, revision, "the head's first")
    kit.equal(await store.count(Query(STEPS)), 5, "a marker for each step")


@case()
async def a_replayed_commit_recognises_itself(kit: Kit) -> None:
    store, revision = await begin(kit)
    first = await step(store, 1, revision, "mine")
    again = await step(store, 1, revision, "mine")
    kit.equal(again, first, "the same commit id: the same result, applied once")
    await step(store, 2, first.revisions[0], "next")
    late = await step(store, 1, revision, "mine")
    kit.equal(late.revisions[0], "", "also after others went on, but the head's is stale")
    kit.equal(late.revisions[1:], first.revisions[1:], "and the rest as it was")
    kit.equal((await kit.read(store, "head")).value()["step"], 2, "nothing was done again")


@case()
async def a_rival_conflicts_and_writes_nothing(kit: Kit) -> None:
    store, revision = await begin(kit)
    await step(store, 1, revision, "mine")
    async with kit.refuses(ConflictError, AlreadyExistsError, demand="a rival's step") as refusal:
        await step(store, 1, revision, "theirs")
    kit.equal(refusal.error.winner.value()["step"], 1, "the error carries the head as it stands")
    names = await kit.ids(store, collection=f"{DOCS}/head/{PARTS}")
    kit.equal(names, ["1-mine"], "a rival writes nothing")
    kit.equal((await kit.read(store, "000001", STEPS)).value(), {"commit_id": "mine"}, "nor marks")


@case()
async def of_ten_rivals_one_steps(kit: Kit) -> None:
    store, revision = await begin(kit)

    async def attempt(number: int) -> bool:
        try:
            await step(store, 1, revision, f"rival{number}")
        except ConflictError:
            return False
        return True

    outcomes = await asyncio.gather(*[attempt(number) for number in range(10)])
    kit.equal(sum(outcomes), 1, "one of ten rivals commits the step")
    kit.equal(await store.count(Query(f"{DOCS}/head/{PARTS}")), 1, "the others wrote nothing")


@case()
async def gaps_and_malformed_steps_are_refused(kit: Kit) -> None:
    store, revision = await begin(kit)
    head = update(DOCS, "head", {"step": 1}, expected=revision)
    marker = create(STEPS, "1", {"commit_id": "c"}, {"step": 1})
    async with kit.refuses(InvalidDocumentError, demand="a gap"):
        await step(store, 2, revision, "c", after=0)
    for bad_head, bad_marker, commit_id in (
        (update(DOCS, "head", {}), marker, "c"),
        (delete(DOCS, "head", expected=revision), marker, "c"),
        (head, update(STEPS, "1", {"commit_id": "c"}), "c"),
        (head, marker, "other"),
        (head, create(STEPS, "1", {}), ""),
    ):
        async with kit.refuses(InvalidDocumentError, demand="a malformed step"):
            await commit_step(store, head=bad_head, step=bad_marker, commit_id=commit_id)
    kit.equal((await kit.read(store, "head")).value(), {"step": 0}, "nothing was written")
    kit.equal(await store.count(Query(STEPS)), 0, "nor marked")


@case()
async def an_owner_that_was_taken_over_writes_nothing(kit: Kit) -> None:
    store, revision = await begin(kit)
    mine = (await step(store, 1, revision, "c1", owner="old")).revisions[0]
    taken = await store.commit(
        [update(DOCS, "head", {"step": 1, "owner": "new"}, {"n": 1}, expected=mine)]
    )
    async with kit.refuses(ConflictError, demand="the old owner's late commit"):
        await step(store, 2, mine, "c2", owner="old")
    kit.equal((await kit.read(store, "head")).value()["owner"], "new", "the new owner stays")
    kit.equal(await store.count(Query(STEPS)), 1, "the old owner wrote nothing")
    await step(store, 2, taken.revisions[0], "c3", owner="new")


@case()
async def ages_are_read_off_one_clock(kit: Kit) -> None:
    store, _ = await begin(kit)
    first = await kit.read(store, "head")
    kit.expect(first.read_at - first.updated_at < timedelta(seconds=30), "a new document is young")
    await asyncio.sleep(0.05)
    later = await kit.read(store, "head")
    kit.expect(later.read_at > first.read_at, "the clock of reads goes on")
    kit.equal(later.updated_at, first.updated_at, "the stamp of the write does not")


@case(Feature.CLOCK)
async def a_lease_expires_by_the_stores_clock(kit: Kit) -> None:
    store, _ = await begin(kit)
    lease = await kit.read(store, "head")
    kit.factory.move_clock(store, 31)
    seen = await kit.read(store, "head")
    kit.expect(seen.read_at - seen.updated_at >= timedelta(seconds=31), "31 s later it is 31 s old")
    await store.commit([update(DOCS, "head", {"owner": "new"}, expected=seen.revision)])
    fresh = await kit.read(store, "head")
    kit.expect(fresh.read_at - fresh.updated_at < timedelta(seconds=31), "taken over, it is young")
    async with kit.refuses(ConflictError, demand="renewing what expired and was taken"):
        await store.commit([update(DOCS, "head", {"owner": "old"}, expected=lease.revision)])


@case()
async def blobs_of_any_size_read_back(kit: Kit) -> None:
    store = await kit.store()
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 7):
        data = (b"%d|" % size) * (size // 3 + 1)
        ref = await put_blob(store, BLOBS, data[:size])
        kit.equal(ref.chunks, -(-size // CHUNK), "as many chunks as needed")
        kit.equal(BlobRef.read(ref.value()), ref, "a reference goes through JSON")
        kit.expect(await get_blob(store, ref) == data[:size], f"a blob of {size} bytes")
        kit.equal(await put_blob(store, BLOBS, data[:size]), ref, "it may be put again")


@case()
async def a_damaged_blob_is_noticed(kit: Kit) -> None:
    store = await kit.store()
    ref = await put_blob(store, BLOBS, b"x" * (CHUNK + 1))
    await store.commit([update(BLOBS, ref.ids[1], {}, data=b"y")])
    async with kit.refuses(StoreCorruptError, demand="a chunk with other bytes"):
        await get_blob(store, ref)
    await store.commit([delete(BLOBS, ref.ids[1])])
    async with kit.refuses(StoreCorruptError, demand="a chunk that is missing"):
        await get_blob(store, ref)


@case()
async def an_upload_cut_off_is_an_orphan_that_nobody_sees(kit: Kit) -> None:
    store = await kit.store()
    old = await put_blob(store, BLOBS, b"old" * CHUNK)
    await store.commit([create(DOCS, "head", {"value": old.value()})])
    new = await put_blob(store, BLOBS, b"new" * CHUNK)
    cut = new.ids[1:]  # the upload ended before the rest, and before the manifest
    await store.commit([delete(BLOBS, name) for name in cut])
    served = BlobRef.read((await kit.read(store, "head")).value()["value"])
    kit.expect(await get_blob(store, served) == b"old" * CHUNK, "the old value is served")
    kit.equal(await collect_orphans(store, BLOBS, {old.digest}), 1, "the orphan is collected")
    kit.equal(await store.count(Query(BLOBS)), old.chunks, "and nothing else")
    kit.expect(await get_blob(store, served) == b"old" * CHUNK, "the old value is still served")
    kit.equal(await collect_orphans(store, BLOBS, {old.digest}), 0, "once is enough")


async def _tree(store: DocumentStore, root: str) -> int:
    """Write a document with children at every depth, also below documents that do not exist."""
    paths = [DOCS, f"{DOCS}/{root}/{PARTS}", f"{DOCS}/{root}/steps", f"{DOCS}/{root}/blobs"]
    paths += [f"{DOCS}/{root}/{PARTS}/p/{PARTS}", f"{DOCS}/{root}/steps/no/{DOCS}/such/{PARTS}"]
    writes = [create(DOCS, root, {})]
    writes += [create(path, f"{each}", {}) for path in paths[1:] for each in range(7)]
    await store.commit(writes)
    return len(writes)


@case()
async def collections_below_are_enumerated(kit: Kit) -> None:
    store = await kit.store()
    kit.equal(await store.subcollections(DOCS, "a"), [], "nothing is below what is not there")
    await _tree(store, "a")
    await _tree(store, "ab")
    wanted = ["blobs", PARTS, f"{PARTS}/p/{PARTS}", "steps", f"steps/no/{DOCS}/such/{PARTS}"]
    found = await store.subcollections(DOCS, "a")
    kit.equal(found, sorted(f"{DOCS}/a/{path}" for path in wanted), "all below, at any depth")
    await store.commit([delete(f"{DOCS}/a/blobs", str(each)) for each in range(7)])
    kit.equal(len(await store.subcollections(DOCS, "a")), 4, "an emptied one is none")


@case()
async def deleting_a_tree_leaves_nothing_and_harms_nothing_else(kit: Kit) -> None:
    store = await kit.store()
    size = await _tree(store, "a")
    for other in ("ab", "A", "a~1"):
        await _tree(store, other)
    kit.equal(await delete_tree(store, DOCS, "a", batch=3), size, "each document is deleted once")
    kit.equal(await store.subcollections(DOCS, "a"), [], "nothing is left below")
    kit.equal(await store.get(DOCS, "a"), None, "nor the document")
    for other in ("ab", "A", "a~1"):
        kit.equal(await delete_tree(store, DOCS, other), size, f"{other} was left whole")
    kit.equal(await delete_tree(store, DOCS, "a"), 0, "nothing is left to do")


@case()
async def what_a_query_finds_is_deleted_and_nothing_else(kit: Kit) -> None:
    store = await kit.store()
    await store.commit(
        [create(DOCS, f"{n:03d}", {}, {"owner": "x" if n % 3 else "y"}) for n in range(100)]
    )
    doomed = Query(DOCS, (Where("owner", "==", "x"),))
    kit.equal(await delete_matching(store, doomed, batch=7), 66, "all that matches, once")
    kit.equal(await kit.ids(store), [f"{n:03d}" for n in range(0, 100, 3)], "the others stay")
    kit.equal(await delete_matching(store, doomed), 0, "nothing is left to do")


class _CutError(Exception):
    """The deleting process ended here."""


class _Cutting:
    """A store whose process ends after some commits; counts what was deleted before."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self.left = 0
        self.deleted = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        if self.left == 0:
            raise _CutError
        self.left -= 1
        self.deleted += len(writes)
        return await self._store.commit(writes)


@case()
async def a_delete_that_was_cut_off_is_resumed(kit: Kit) -> None:
    store = await kit.store()
    size = await _tree(store, "a")
    cutting: Any = _Cutting(store)
    for commits in range(5):
        cutting.left = commits
        with suppress(_CutError):
            await delete_tree(cutting, DOCS, "a", batch=2)
        kit.expect(await store.get(DOCS, "a"), "the document goes last")
    kit.equal(await delete_tree(store, DOCS, "a"), size - cutting.deleted, "the rest is deleted")
    kit.equal(await store.subcollections(DOCS, "a"), [], "nothing is left below")

"""E. Several at once: fences, compare-and-set, one winner, cancellation, several processes."""

from __future__ import annotations

import asyncio
import json

from scrai.errors import AlreadyExistsError, ConflictError
from scrai.store._steps import change_document
from scrai.store._types import Document, DocumentStore, Write, create, delete, update
from scrai.store.conformance._kit import DOCS, PARTS, Feature, Kit, case
from scrai.store.conformance._processes import run_workers

_BOUND = 60


def plus_one(document: Document) -> Write:
    """The change that the counting cases make."""
    number = document.value()["count"] + 1
    return update(document.collection, document.id, {"count": number}, {"n": number})


@case()
async def every_real_write_changes_the_revision(kit: Kit) -> None:
    store = await kit.store()
    seen = [(await store.commit([create(DOCS, "a", {"v": 0})])).revisions[0]]
    for number in range(1, 30):
        result = await store.commit([update(DOCS, "a", {"v": number % 3}, expected=seen[-1])])
        seen.append(result.revisions[0])
    kit.equal(len(set(seen)), 30, "a revision never comes twice")
    kit.equal((await kit.read(store, "a")).revision, seen[-1], "the last one is the one read")


@case()
async def a_stale_write_conflicts_and_names_the_winner(kit: Kit) -> None:
    store = await kit.store()
    for path in (DOCS, PARTS):
        old = (await store.commit([create(path, "a", {"v": 1}, {"n": 1})])).revisions[0]
        write = update(path, "a", {"v": 2}, {"n": 2}, expected=old)
        new = (await store.commit([write])).revisions[0]
        for write in (
            update(path, "a", {"v": 3}, expected=old),
            delete(path, "a", expected=old),
            update(path, "a", {"v": 3}, expected=""),
            update(path, "a", {"v": 3}, expected="no revision of any store"),
        ):
            async with kit.refuses(ConflictError, demand=f"a stale {write.kind}") as refusal:
                await store.commit([write])
            winner = refusal.error.winner
            kit.equal(winner.value(), {"v": 2}, "the winner's payload")
            kit.equal((dict(winner.columns), winner.revision), ({"n": 2}, new), "and the rest")
        found = await kit.read(store, "a", path)
        kit.equal(found.value(), {"v": 2}, "a stale write changes nothing")
        await store.commit([delete(path, "a", expected=new)])
        kit.equal(await store.get(path, "a"), None, "the right revision may delete")


@case()
async def a_hundred_changes_at_once_all_count(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"count": 0}, {"n": 0})])

    async def change() -> None:
        await asyncio.sleep(0)
        await change_document(store, DOCS, "a", plus_one)

    async with asyncio.timeout(_BOUND):
        await asyncio.gather(*[change() for _ in range(100)])
    kit.equal((await kit.read(store, "a")).value(), {"count": 100}, "100 changes under a fence")


@case()
async def changes_that_interleave_are_not_lost(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"count": 0}, {"n": 0})])
    conflicts = 0

    async def change() -> None:
        nonlocal conflicts
        while True:
            document = await kit.read(store, "a")
            await asyncio.sleep(0)  # everybody has read before anybody writes
            write = plus_one(document)
            write.expected = document.revision
            try:
                await store.commit([write])
            except ConflictError:
                conflicts += 1
            else:
                return

    async with asyncio.timeout(_BOUND):
        await asyncio.gather(*[change() for _ in range(10)])
    kit.equal((await kit.read(store, "a")).value(), {"count": 10}, "10 interleaved changes")
    kit.expect(conflicts > 0, "those who came late were told so")


@case()
async def of_many_creates_one_wins(kit: Kit) -> None:
    store = await kit.store()

    async def attempt(number: int) -> int | None:
        await asyncio.sleep(0)
        try:
            await store.commit([create(DOCS, "a", {"by": number})])
        except AlreadyExistsError as error:
            kit.expect(error.winner is not None, "a loser is shown the winner")
            return None
        return number

    outcomes = await asyncio.gather(*[attempt(number) for number in range(10)])
    winners = [each for each in outcomes if each is not None]
    kit.equal(len(winners), 1, "one create of ten wins")
    kit.equal((await kit.read(store, "a")).value(), {"by": winners[0]}, "and its value stays")


@case()
async def a_cancelled_commit_leaves_old_or_new(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, name, {"v": 0}) for name in "ab"])
    for number in range(1, 40):
        writes = [update(DOCS, name, {"v": number}) for name in "ab"]
        task = asyncio.create_task(store.commit(writes))
        for _ in range(number % 8):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        pair = await store.get_many(DOCS, ["a", "b"])
        values = {each.value()["v"] for each in pair if each}
        kit.equal(len(values), 1, "a cancelled commit is whole or not at all")
    await store.commit([update(DOCS, "a", {"v": "after"})])
    kit.equal((await kit.read(store, "a")).value(), {"v": "after"}, "the store works on")


@case()
async def a_cancelled_read_harms_nobody(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 0})])
    for number in range(20):
        task = asyncio.create_task(store.get(DOCS, "a"))
        for _ in range(number % 5):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    kit.equal((await kit.read(store, "a")).value(), {"v": 0}, "reads go on")


@case(Feature.SECOND)
async def a_second_handle_sees_and_fences_the_first(kit: Kit) -> None:
    one = await kit.store()
    two = await kit.factory.second(one)
    old = (await one.commit([create(DOCS, "a", {"v": 1}, {"owner": "x"})])).revisions[0]
    kit.equal((await kit.read(two, "a")).value(), {"v": 1}, "a write is seen through the other")
    await two.commit([update(DOCS, "a", {"v": 2}, {"owner": "y"}, expected=old)])
    async with kit.refuses(ConflictError, demand="what the other handle overtook"):
        await one.commit([update(DOCS, "a", {"v": 3}, expected=old)])
    found = await kit.read(one, "a")
    kit.equal((found.value(), dict(found.columns)), ({"v": 2}, {"owner": "y"}), "also back")
    await _alternate(kit, one, two)


async def _alternate(kit: Kit, one: DocumentStore, two: DocumentStore) -> None:
    await one.commit([create(DOCS, "c", {"count": 0}, {"n": 0})])
    changes = [change_document(each, DOCS, "c", plus_one) for each in (one, two) * 20]
    async with asyncio.timeout(_BOUND):
        await asyncio.gather(*changes)
    kit.equal((await kit.read(two, "c")).value(), {"count": 40}, "both handles count")


@case(Feature.PROCESSES)
async def changes_of_several_processes_all_count(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"count": 0}, {"n": 0})])
    opener = kit.factory.opener(store)
    await run_workers(opener, "count", [{"times": 15}] * 4)
    kit.equal((await kit.read(store, "a")).value(), {"count": 60}, "4 processes x 15 changes")


@case(Feature.PROCESSES)
async def of_creates_by_several_processes_one_wins(kit: Kit) -> None:
    store = await kit.store()
    opener = kit.factory.opener(store)
    names = [f"{number:02d}" for number in range(20)]
    tasks = [{"names": names, "by": worker} for worker in range(4)]
    printed = await run_workers(opener, "race", tasks)
    won = [name for text in printed for name in json.loads(text)]
    kit.equal(sorted(won), names, "each of 20 documents has one creator among 4 processes")
    kit.equal(await kit.ids(store), names, "and is stored once")

"""I. A server that is away, a reply that is lost, a document that is garbage."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from scrai.errors import StoreCorruptError, StoreTimeoutError, StoreUnavailableError
from scrai.store._steps import commit_step
from scrai.store._types import CommitResult, DocumentStore, Query, Write, create, update, upsert
from scrai.store.conformance._kit import DOCS, Feature, Kit, case

OPERATIONS: dict[str, Callable[[DocumentStore], Awaitable[object]]] = {
    "get": lambda store: store.get(DOCS, "a"),
    "get_many": lambda store: store.get_many(DOCS, ["a", "b"]),
    "query": lambda store: store.query(Query(DOCS)),
    "count": lambda store: store.count(Query(DOCS)),
    "commit": lambda store: store.commit([upsert(DOCS, "new", {})]),
    "subcollections": lambda store: store.subcollections(DOCS, "a"),
}
"""Every operation of the protocol that speaks to the data."""


@case(Feature.OUTAGE)
async def while_the_server_is_away_every_operation_fails_in_time(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1})])
    await kit.factory.outage(store)
    for name, call in OPERATIONS.items():
        async with asyncio.timeout(kit.factory.bound):
            async with kit.refuses(StoreUnavailableError, StoreTimeoutError, demand=name) as failed:
                await call(store)
        kit.expect(failed.error.hint, f"{name}: the error says what to do")
    await kit.factory.recover(store)
    kit.equal((await kit.read(store, "a")).value(), {"v": 1}, "it recovers without a restart")
    for call in OPERATIONS.values():
        await call(store)


@case(Feature.LOST_REPLY)
async def a_commit_whose_reply_was_lost_is_not_applied_twice(kit: Kit) -> None:
    store = await kit.store()
    revision = (await store.commit([create(DOCS, "head", {"step": 0})])).revisions[0]
    await kit.factory.lose_reply(store)
    result = await commit_step(
        store,
        head=update(DOCS, "head", {"step": 1}, expected=revision),
        step=create(f"{DOCS}/head/steps", "1", {"commit_id": "mine"}, {"step": 1}),
        commit_id="mine",
        after=0,
    )
    found = await kit.read(store, "head")
    kit.equal((found.value(), found.revision), ({"step": 1}, result.revisions[0]), "applied once")
    kit.equal(await store.count(Query(f"{DOCS}/head/steps")), 1, "and marked once")


class _Flaky:
    """A store whose next commit times out, applied or not."""

    def __init__(self, store: DocumentStore, *, applied: bool) -> None:
        self._store = store
        self._applied = applied

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        if self._applied:
            await self._store.commit(writes)
        raise StoreTimeoutError("no reply", hint="nobody knows")


@case()
async def a_step_without_a_reply_finds_out_what_became_of_it(kit: Kit) -> None:
    for applied in (True, False):
        store = await kit.store()
        revision = (await store.commit([create(DOCS, "head", {"step": 0})])).revisions[0]
        flaky: Any = _Flaky(store, applied=applied)
        step = commit_step(
            flaky,
            head=update(DOCS, "head", {"step": 1}, expected=revision),
            step=create(f"{DOCS}/head/steps", "1", {"commit_id": "mine"}, {"step": 1}),
            commit_id="mine",
        )
        if applied:
            now = (await step).revisions[0]
            kit.equal((await kit.read(store, "head")).revision, now, "it had been applied")
        else:
            async with kit.refuses(StoreTimeoutError, demand="a commit that was not applied"):
                await step
            kit.equal((await kit.read(store, "head")).value(), {"step": 0}, "nothing was written")


@case(Feature.SPOIL)
async def a_garbage_document_is_named_and_the_rest_still_comes(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, name, {"is": name}, {"n": 1}) for name in "abc"])
    await kit.factory.spoil(store, DOCS, "b")
    found = await store.query(Query(DOCS))
    kit.equal([each.id for each in found], ["a", "b", "c"], "a listing holds all three")
    kit.equal([found[0].value(), found[2].value()], [{"is": "a"}, {"is": "c"}], "two are fine")
    several = await store.get_many(DOCS, ["b", "c"])
    for broken in (found[1], several[0], await store.get(DOCS, "b")):
        async with kit.refuses(StoreCorruptError, demand="reading the garbage") as refusal:
            if broken is not None:
                broken.value()
        kit.expect(f"{DOCS}/b" in str(refusal.error), "the error names the document")
    await store.commit([upsert(DOCS, "b", {"is": "mended"})])
    kit.equal((await kit.read(store, "b")).value(), {"is": "mended"}, "it can be replaced")

"""Chunks of workers that died or came too late: swept by who took over, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrai.data import SIMULATIONS
from scrai.engine import (
    PhaseEngine,
    PhaseEngineConfig,
    PhaseResult,
    ScenarioContext,
    _snapshots,
)
from scrai.errors import StoreCorruptError, StoreUnavailableError
from scrai.models import SimulationPhase
from scrai.store import (
    BlobRef,
    CommitResult,
    Document,
    MemoryStore,
    Query,
    Write,
    get_blob,
    put_blob,
)
from village import Village, engine, state

BLOBS = "simulations/sim/blobs"
LEASE = PhaseEngineConfig(lease_seconds=30)


class Clock:
    """A store's clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Packing(Village):
    """Packs a new value in every World Update."""

    phases = frozenset({SimulationPhase.EVENT_GENERATION, SimulationPhase.WORLD_UPDATE})

    async def after_phase(self, context: ScenarioContext) -> None:
        if context.phase is SimulationPhase.WORLD_UPDATE:
            context.pack("value", b"%d" % context.cycle)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    monkeypatch.setattr(_snapshots, "INLINE_SNAPSHOT", 0)  # every physical one is uploaded
    found = MemoryStore(clock=clock)
    await found.open()
    return found


async def died(store: MemoryStore, clock: Clock, steps: int = 7) -> PhaseEngine:
    """Let a worker make some steps and die; return one that may take over now."""
    first = engine(store, Packing(), LEASE)
    await first.create(state())
    phases = first.run("sim", cycles=9)
    for _ in range(steps):
        await anext(phases)
    first._stepper.forget("sim")  # it dies: what follows writes nothing
    first._stepper.lease.owner = "gone"
    await phases.aclose()  # type: ignore[attr-defined]
    clock.now += timedelta(seconds=60)
    return engine(store, Packing(), LEASE)


async def is_there(store: MemoryStore, ref: BlobRef) -> bool:
    try:
        await get_blob(store, ref)
    except StoreCorruptError:
        return False
    return True


async def referred(target: PhaseEngine) -> set[str]:
    """Return the beginnings of the names of all chunks that the journal refers to."""
    found: set[str] = set()
    async for _, entry in target.journal.history("sim"):
        found |= {digest[:40] for digest in entry.get("packed", [])}
        for name in ("patches", "snapshot"):
            if "blob" in entry.get(name, {}):
                found.add(entry[name]["blob"]["digest"][:40])
    return found


async def chunks(store: MemoryStore) -> set[str]:
    found = await store.query(Query(BLOBS, columns_only=True))
    return {chunk.id[:40] for chunk in found}


async def snapshots(target: PhaseEngine) -> int:
    """Run on until the next physical snapshot; return its step."""
    while True:
        result = await target.step("sim")
        entry = await target.journal.entry("sim", result.step)
        if entry.get("snapshot", {}).get("kind") == "physical":
            return result.step


async def asked_in(store: MemoryStore, target: PhaseEngine) -> list[Query]:
    """Run on until the second physical snapshot; return what the store was asked."""
    query, asked = store.query, []

    async def watched(question: Query) -> list[Document]:
        asked.append(question)
        return await query(question)

    store.query = watched  # type: ignore[method-assign]
    await snapshots(target)
    await snapshots(target)
    store.query = query  # type: ignore[method-assign]
    return asked


async def test_the_first_commit_sweeps_what_the_dead_one_left(
    store: MemoryStore, clock: Clock
) -> None:
    target = await died(store, clock)
    dead = await put_blob(store, BLOBS, b"of the worker that died")
    await target.step("sim")
    assert not await is_there(store, dead)
    assert await chunks(store) == await referred(target)


async def test_it_does_so_also_where_a_heartbeat_took_over(
    store: MemoryStore, clock: Clock
) -> None:
    old = await died(store, clock)
    head = await old.journal.head("sim")

    class Slow(Packing):
        phases = frozenset({SimulationPhase.ACTION_COLLECTION})

        async def before_phase(self, context: ScenarioContext) -> None:  # type: ignore[override]
            while (await old.journal.head("sim")).beat == head.beat:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    target = engine(store, Slow(), PhaseEngineConfig(lease_seconds=0.15))
    dead = await put_blob(store, BLOBS, b"of the worker that died")
    await target.step("sim")
    assert not await is_there(store, dead)


async def test_what_comes_later_is_swept_with_the_next_snapshot(
    store: MemoryStore, clock: Clock
) -> None:
    target = await died(store, clock)
    await target.step("sim")
    late = await put_blob(store, BLOBS, b"of the worker that was only slow")
    await target.step("sim")
    assert await is_there(store, late), "looking at every step would cost too much"
    await snapshots(target)
    assert not await is_there(store, late)
    assert await chunks(store) == await referred(target), "and nothing that is needed"
    await put_blob(store, BLOBS, b"it is very slow")
    asked = await asked_in(store, target)
    assert not [query for query in asked if query.collection == BLOBS], "all chunks, ever more"
    assert [step.step async for step in target.replay("sim")]


async def test_where_nobody_was_taken_over_nobody_looks(store: MemoryStore) -> None:
    target = engine(store, Packing(), LEASE)
    await target.create(state())
    strange = await put_blob(store, BLOBS, b"of somebody")
    await snapshots(target)
    await snapshots(target)
    assert await is_there(store, strange)


async def test_who_did_not_make_all_commits_harms_nothing(store: MemoryStore, clock: Clock) -> None:
    target = await died(store, clock)
    await target.step("sim")
    other = engine(store, Packing(), LEASE)
    for _ in range(3):
        await other.step("sim")
    assert await referred(target) == await chunks(store)
    await snapshots(target)
    assert await referred(target) == await chunks(store)


class Meanwhile(MemoryStore):
    """Lets something happen once, right before or after the commit of a step."""

    before: Callable[[], Awaitable[object]] | None = None
    after: Callable[[], Awaitable[object]] | None = None

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        is_step = any(write.collection.endswith("/steps") for write in writes)
        if is_step and self.before is not None:
            before, self.before = self.before, None
            await before()
        result = await super().commit(writes)
        if is_step and self.after is not None:
            after, self.after = self.after, None
            await after()
        return result


async def meanwhile(store: MemoryStore, clock: Clock) -> Meanwhile:
    found = Meanwhile(store.space, clock=clock)
    await found.open()
    return found


async def until_packed(target: PhaseEngine) -> None:
    """Run on until a phase packed something."""
    while True:
        result = await target.step("sim")
        if (await target.journal.entry("sim", result.step)).get("packed"):
            return


async def test_what_is_uploaded_after_the_commit_is_no_orphan(
    store: MemoryStore, clock: Clock
) -> None:
    """Somebody may begin after the commit that took over, before its orphans are collected."""
    await died(store, clock)
    dead = await put_blob(store, BLOBS, b"of the worker that died")
    slow = await meanwhile(store, clock)
    found: list[BlobRef] = []

    async def begin() -> None:
        found.append(await put_blob(store, BLOBS, b"of one that came later"))

    slow.after = begin
    await engine(slow, Packing(), LEASE).step("sim")
    assert await is_there(store, found[0])
    assert not await is_there(store, dead)


async def test_a_chunk_that_somebody_has_committed_meanwhile_stays(
    store: MemoryStore, clock: Clock
) -> None:
    """A rival that overtakes the sweep finds a chunk of the dead one, and refers to it."""
    await died(store, clock)
    dead = await put_blob(store, BLOBS, b"2")  # what the next World Update packs
    slow = await meanwhile(store, clock)
    rival = engine(store, Packing())
    slow.after = lambda: until_packed(rival)
    await engine(slow, Packing()).step("sim")
    assert await is_there(store, dead)
    assert await rival.unpack("sim", "value") == b"2"


async def test_a_chunk_that_somebody_is_about_to_commit_comes_back(
    store: MemoryStore, clock: Clock
) -> None:
    """A rival has found a chunk of the dead one; it goes before the rival's commit."""
    await died(store, clock, 8)  # World Update is the next but one
    dead = await put_blob(store, BLOBS, b"2")
    slow, other = await meanwhile(store, clock), await meanwhile(store, clock)
    rival = engine(other, Packing())
    reached, go = asyncio.Event(), asyncio.Event()
    running: list[asyncio.Task[PhaseResult]] = []

    async def hold_up() -> None:
        reached.set()
        await go.wait()

    async def begin() -> None:
        running.append(asyncio.create_task(rival.step("sim")))
        await reached.wait()

    other.before, slow.after = hold_up, begin
    await engine(slow, Packing()).step("sim")
    assert not await is_there(store, dead)
    go.set()
    result = await running[0]
    assert result.executed_phase is SimulationPhase.WORLD_UPDATE
    assert await is_there(store, dead)
    assert await rival.unpack("sim", "value") == b"2"


async def test_an_outage_during_the_sweep_fails_no_step(store: MemoryStore, clock: Clock) -> None:
    target = await died(store, clock)
    dead = await put_blob(store, BLOBS, b"of the worker that died")
    before: Any = await store.get(SIMULATIONS, "sim")

    async def away(query: Query) -> Any:
        if query.collection == BLOBS:
            raise StoreUnavailableError("the store is away")
        return await MemoryStore.query(store, query)

    store.query = away  # type: ignore[method-assign]
    result = await target.step("sim")
    del store.query  # type: ignore[method-assign]
    assert result.step == before.value()["step"] + 1
    assert await is_there(store, dead)
    await target.step("sim")
    assert not await is_there(store, dead), "the next commit looks"

"""A step cut at any boundary leaves the old state or the new one, and nothing between.

Here the cut is an exception in one process, on every boundary and phase; `tests/kill` does the
same with real processes and SIGKILL.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from scrai.engine import BOUNDARIES
from scrai.errors import PhaseExecutionError, StepConflictError
from scrai.models import SimulationPhase, SimulationStatus
from scrai.store import MemoryStore
from village import Village, engine, run, state

CYCLES = 12


class Cut(BaseException):
    """Not an Exception: nothing may handle it, as nothing handles SIGKILL."""


class Cutter:
    """Cuts the nth time a boundary is reached."""

    def __init__(self, boundary: str, phase: str, number: int) -> None:
        self.left = number
        self.boundary = boundary
        self.phase = phase

    def __call__(self, boundary: str, phase: str) -> None:
        if boundary == self.boundary and phase in ("", self.phase):
            self.left -= 1
            if self.left == 0:
                raise Cut


@pytest.fixture(autouse=True)
def upload_every_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    from scrai.engine import _snapshots

    monkeypatch.setattr(_snapshots, "INLINE_SNAPSHOT", 0)


@pytest.fixture(scope="module")
def uninterrupted() -> list[str]:

    async def make() -> list[str]:
        store = MemoryStore()
        await store.open()
        target = engine(store)
        await target.create(state())
        found = [result.hash for result in await run(target, CYCLES)]
        await store.close()
        return found

    return asyncio.run(make())


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("phase", list(SimulationPhase)[:6])
@pytest.mark.parametrize("number", [1, 3])
async def test_cut_at_every_boundary(
    store: MemoryStore, boundary: str, phase: SimulationPhase, number: int, uninterrupted: list[str]
) -> None:
    first = engine(store, probe=Cutter(boundary, phase.value, number))
    await first.create(state())
    cut = False
    try:
        await run(first, CYCLES)
    except Cut:
        cut = True
    once = phase is SimulationPhase.INITIALIZE and number > 1 and boundary != "before_load"
    uploads = boundary == "in_upload" and phase is not SimulationPhase.SNAPSHOT
    assert cut or once or uploads
    head = await first.journal.head("sim")
    if cut:
        assert (
            head.hash
            == ([(await first.journal.entry("sim", 0))["hash"], *uninterrupted])[head.step]
        )
    second = engine(store)
    await run(second, CYCLES - head.cycles)
    assert [r["hash"] async for _, r in second.journal.history("sim")][1:] == uninterrupted


async def test_cancelled_step_leaves_old_or_new(store: MemoryStore) -> None:

    class Slow(Village):
        async def before_phase(self, context) -> None:  # type: ignore[no-untyped-def]
            await asyncio.sleep(30)

    target = engine(store, Slow())
    await target.create(state())
    await run(target, 1)
    before = await target.get("sim")
    task = asyncio.create_task(target.step("sim"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await target.get("sim") == before
    assert len(await run(engine(store), 1)) == 5


class Yielding(MemoryStore):
    """Lets other tasks run at every read, as a store across a network does."""

    async def get(self, collection, id):  # type: ignore[no-untyped-def]  # noqa: A002

        found = await super().get(collection, id)
        await asyncio.sleep(0)
        return found


@pytest.mark.parametrize("engines", [1, 2])
async def test_two_concurrent_steps_run_one_phase(engines: int) -> None:

    store = Yielding()
    await store.open()
    one, two = engine(store), engine(store)
    await one.create(state())
    for _ in range(8):
        before = (await one.get("sim")).step
        rival = one if engines == 1 else two
        results = await asyncio.gather(one.step("sim"), rival.step("sim"), return_exceptions=True)
        conflicts = [r for r in results if isinstance(r, StepConflictError)]
        assert len(conflicts) == 1
        assert (await two.get("sim")).step == before + 1


async def test_rival_that_commits_first_wins(store: MemoryStore) -> None:
    one, two = engine(store), engine(store)

    class Raced(Village):
        async def before_phase(self, context) -> None:  # type: ignore[no-untyped-def]
            super().before_phase(context)
            await two.step("sim")

    await one.create(state())
    await run(one, 1)
    raced = engine(store, Raced())
    with pytest.raises(StepConflictError, match="another worker ran event_generation of cycle 2"):
        await raced.step("sim")
    assert (await one.get("sim")).step == 7
    await run(one, 1)


async def test_failing_phase_changes_nothing_and_is_recorded(store: MemoryStore) -> None:
    scenario = Village()
    target = engine(store, scenario)
    await target.create(state())
    first = await run(target, 1)
    scenario.fail_at = (2, SimulationPhase.EVENT_GENERATION)
    with pytest.raises(PhaseExecutionError, match="event_generation of cycle 2 failed: RuntimeErr"):
        await target.step("sim")
    now = await target.get("sim")
    assert now.last_error is not None
    assert now.last_error.startswith("RuntimeError: the village is closed (village.py, line ")
    assert (now.error_count, now.status) == (1, SimulationStatus.RUNNING)
    head = await target.journal.head("sim")
    assert (head.hash, head.tries) == (first[-1].hash, 1)
    scenario.fail_at = None
    result = await target.step("sim")
    assert result.passes == 0  # unchanged by failure: it draws what it would have drawn
    assert result.simulation.last_error is None
    other = engine(store)
    await other.create(state("plain"))
    assert (await run(other, 2, "plain"))[6].hash == result.hash


async def test_error_policy_gives_up_and_the_operator_decides(store: MemoryStore) -> None:
    from commands import make
    from scrai.models import CommandKind

    scenario = Village()
    target = engine(store, scenario)
    await target.create(state())
    await run(target, 1)
    scenario.fail_at = (2, SimulationPhase.EVENT_GENERATION)
    with pytest.raises(PhaseExecutionError):
        await run(target, 1)
    stopped = await target.get("sim")
    assert (stopped.status, stopped.error_count) == (SimulationStatus.ERROR, 3)
    with pytest.raises(Exception, match="is in error: RuntimeError"):
        await target.step("sim")

    for name in ("retry", "skip", "terminate", "rollback"):
        await target.branch("sim", stopped.step, name)
        head = await target.journal.head(name)
        assert head.status == "running"  # a branch of it may just go on

    await target.submit("sim", make(CommandKind.SKIP))
    skipped = await target.step("sim")
    assert skipped.simulation.current_phase is SimulationPhase.ACTION_COLLECTION
    assert skipped.simulation.status is SimulationStatus.RUNNING
    assert len(await run(target, 1)) == 4


async def test_operator_retries_rolls_back_or_terminates(store: MemoryStore) -> None:
    from commands import make
    from scrai.models import CommandKind

    scenario = Village()
    target = engine(store, scenario)
    for name in ("retry", "back", "end"):
        await target.create(state(name))
        await run(target, 1, name)
        scenario.fail_at = (2, SimulationPhase.EVENT_GENERATION)
        with pytest.raises(PhaseExecutionError):
            await run(target, 1, name)
        scenario.fail_at = None
    await target.submit("retry", make(CommandKind.RETRY))
    assert len(await run(target, 1, "retry")) == 5
    back = await target.restore("back", 6)
    assert back.simulation.status is SimulationStatus.RUNNING
    assert len(await run(target, 1, "back")) == 5
    await target.submit("end", make(CommandKind.STOP))
    await target.apply_commands("end")
    assert (await target.get("end")).status is SimulationStatus.COMPLETED


async def test_chunks_of_a_dead_worker_are_collected(store: MemoryStore) -> None:
    from scrai.engine import _snapshots
    from scrai.store import Query, put_blob

    first = engine(store)
    await first.create(state())
    await run(first, 1)
    work = await first.inspect("sim")
    first._stepper.lease.hold(work.head)
    work.head.lease = (work.head.lease or {}) | {"pid": 2**22 + 1}  # a process that is no more
    await first._stepper.lease.__class__.write(_Writer(), store, work, hold=True)
    await put_blob(store, "simulations/sim/blobs", b"uploaded, never committed")
    before = await store.query(Query("simulations/sim/blobs"))
    await run(engine(store), 3)
    after = await store.query(Query("simulations/sim/blobs"))
    gone = {chunk.id for chunk in before} - {chunk.id for chunk in after}
    assert len(gone) == 1
    assert _snapshots.INLINE_SNAPSHOT == 0
    assert [s.step async for s in engine(store).replay("sim")][-1] == 21


class _Writer:
    """Writes a head as it is, lease and all."""

    def hold(self, head: object) -> None: ...


class Overtaken(MemoryStore):
    """Answers reads of the head late, after a rival has moved; all other reads at once."""

    capabilities = replace(MemoryStore.capabilities, remote=True)
    rival: Any = None

    async def get(self, collection: str, id: str) -> Any:  # noqa: A002
        if collection == "simulations" and self.rival is not None:
            rival, self.rival = self.rival, None
            await asyncio.sleep(0.01)
            await rival.step("sim")
        return await super().get(collection, id)


@pytest.mark.parametrize("moves", range(1, 11))
async def test_what_is_loaded_is_never_older_than_the_head(
    moves: int, uninterrupted: list[str]
) -> None:
    store = Overtaken()
    await store.open()
    rival = engine(store)
    await rival.create(state())
    for _ in range(moves):
        await rival.step("sim")
    store.rival = rival
    await run(engine(store), 3)
    found = [r["hash"] async for _, r in rival.journal.history("sim")][1:]
    assert found == uninterrupted[: len(found)]
    await store.close()

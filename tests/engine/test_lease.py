"""The lease saves duplicate work; the fence makes it correct."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scrai.engine import PhaseEngineConfig, ScenarioContext, live_lease
from scrai.engine._lease import process_start
from scrai.errors import (
    LeaseHeldError,
    StepConflictError,
    StoreUnavailableError,
)
from scrai.store import CommitResult, MemoryStore, Write
from village import Village, engine, run, state


class Clock:
    """A store's clock that the test moves."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class Stalled(Village):
    """Stops in Event Generation of cycle 2 until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def before_phase(self, context: Any) -> None:
        super().before_phase(context)
        self.reached.set()
        await self.go.wait()


async def stalled_run(store: MemoryStore, seconds: float) -> tuple[Stalled, Any]:
    scenario = Stalled()
    target = engine(store, scenario, PhaseEngineConfig(lease_seconds=seconds))
    await target.create(state())
    task = asyncio.create_task(run(target, 2))
    await scenario.reached.wait()
    return scenario, task


async def test_a_live_worker_is_left_alone_and_releases_at_the_end(store: MemoryStore) -> None:
    scenario, task = await stalled_run(store, 30)
    rival = engine(store)
    with pytest.raises(LeaseHeldError, match=f"process {os.getpid()}"):
        await rival.step("sim")
    with pytest.raises(LeaseHeldError):
        await rival.restore("sim", 3)
    scenario.go.set()
    assert len(await task) == 11
    assert (await rival.journal.head("sim")).lease is None
    assert len(await run(rival, 1)) == 5


async def test_a_store_that_fails_at_the_release_fails_no_phase() -> None:

    class Failing(MemoryStore):
        async def commit(self, writes: Sequence[Write]) -> CommitResult:
            if len(writes) == 1:  # the release; phases write more
                raise StoreUnavailableError("gone")
            return await super().commit(writes)

    store = Failing()
    await store.open()
    target = engine(store)
    await target.create(state())
    assert len(await run(target, 2)) == 11
    assert (await target.journal.head("sim")).lease is not None
    assert len(await run(target, 1)) == 5  # it is still ours


async def test_an_expired_lease_is_taken_over_and_the_late_commit_writes_nothing() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    await store.open()
    scenario, task = await stalled_run(store, 3600)
    clock.now += timedelta(hours=2)
    rival = engine(store)
    taken = await rival.step("sim")
    assert taken.cycle == 2
    before = (await rival.journal.head("sim")).step
    scenario.go.set()
    with pytest.raises(StepConflictError, match="another worker ran"):
        await task
    assert (await rival.journal.head("sim")).step == before
    await store.close()


async def test_a_long_phase_keeps_its_lease_by_heartbeat(store: MemoryStore) -> None:
    scenario, task = await stalled_run(store, 0.3)
    await asyncio.sleep(0.6)
    head = await engine(store).journal.head("sim")
    assert head.beat >= 2
    with pytest.raises(LeaseHeldError):
        await engine(store).step("sim")
    scenario.go.set()
    assert len(await task) == 11  # the beats moved the head's revision, and it knows


async def test_one_step_leaves_no_lease_behind(store: MemoryStore) -> None:
    one, two = engine(store), engine(store)
    await one.create(state())
    for _ in range(4):
        await one.step("sim")
        await two.step("sim")
    assert (await one.journal.head("sim")).step == 8


async def test_a_dead_process_holds_nothing(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"],
        capture_output=True,
        text=True,
        check=True,
    )
    work = await target.inspect("sim")
    target._stepper.lease.hold(work.head)
    assert live_lease(work.head, 1.0) is not None
    assert live_lease(work.head, 31.0) is None
    lease = dict(work.head.lease or {})
    work.head.lease = lease | {"pid": int(done.stdout)}
    assert live_lease(work.head, 1.0) is None
    work.head.lease = lease | {"process_start": "1"}  # the pid was given to another process
    assert live_lease(work.head, 1.0) is None
    work.head.lease = lease | {"host": "elsewhere", "pid": int(done.stdout)}
    assert live_lease(work.head, 1.0) is not None  # nobody can tell from here


async def test_a_takeover_raises_the_token(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    work = await target.inspect("sim")
    target._stepper.lease.hold(work.head)
    target._stepper.lease.hold(work.head)
    assert work.head.token == 1
    engine(store)._stepper.lease.hold(work.head)
    assert work.head.token == 2


def test_process_start_tells_processes_apart() -> None:
    assert process_start(os.getpid()) == process_start(os.getpid())
    assert process_start(2**22 + 1) == ""


async def test_a_cancelled_run_gives_its_lease_back(store: MemoryStore) -> None:
    _, task = await stalled_run(store, 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await engine(store).journal.head("sim")).lease is None


async def test_a_killed_process_that_nobody_waited_for_holds_nothing(store: MemoryStore) -> None:
    process = subprocess.Popen(  # noqa: ASYNC220 - it is killed, not waited for
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE
    )
    try:
        alive = process_start(process.pid)
        assert alive
        process.kill()
        while process_start(process.pid):  # noqa: ASYNC110 - until it is a zombie
            await asyncio.sleep(0.01)
        target = engine(store)
        await target.create(state())
        work = await target.inspect("sim")
        target._stepper.lease.hold(work.head)
        lease = dict(work.head.lease or {})
        work.head.lease = lease | {"pid": process.pid, "process_start": alive}
        assert live_lease(work.head, 1.0) is None
    finally:
        process.communicate()


async def test_a_beat_on_its_way_when_the_phase_ends_costs_no_second_run() -> None:

    class SlowWrites(MemoryStore):
        async def commit(self, writes: Sequence[Write]) -> CommitResult:
            result = await super().commit(writes)
            if len(writes) == 1:  # a beat: applied at once, answered late
                await asyncio.sleep(0.2)
            return result

    store = SlowWrites()
    await store.open()
    runs: list[int] = []

    class Slow(Village):
        async def before_phase(self, context: ScenarioContext) -> None:  # type: ignore[override]
            super().before_phase(context)
            runs.append(context.cycle)
            await asyncio.sleep(0.1)

    target = engine(store, Slow(), PhaseEngineConfig(lease_seconds=0.15))
    await target.create(state())
    await run(target, 2)
    assert runs == [2]  # in the first cycle it seeds instead

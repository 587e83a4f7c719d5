"""The door to the inbox: what becomes of a command, whoever else is at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from scrai.engine import PhaseEngine
from scrai.errors import (
    CommandRefusedError,
    ConflictError,
    InvalidInputError,
    ReferenceMissingError,
    SimulationEndedError,
    SimulationMissingError,
    StoreClosedError,
)
from scrai.models import CommandKind, Decision
from scrai.runtime import At, Runtime, Settings
from scrai.store import (
    CommitResult,
    Document,
    MemorySpace,
    MemoryStore,
    Query,
    SqliteStore,
    Write,
)

MEMORY = Settings(backend="memory")
GATED = {"id": "bath", "actor_id": "actor-mayor", "requires_approval": True}


class Yielding(MemoryStore):
    """A memory store that lets others go first before every commit, as a real one does."""

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        await asyncio.sleep(0)
        return await super().commit(writes)


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    store = Yielding()
    await store.open()
    async with Runtime.open(MEMORY, store=store) as found:
        await found.simulations.create("simple_town", simulation_id="town")
        await found.simulations.cycle("town")
        yield found


async def steps(runtime: Runtime, name: str = "town") -> int:
    return (await runtime.reading.head(name)).step


async def test_a_command_is_applied_at_once_where_nobody_is_at_work(runtime: Runtime) -> None:
    before = await steps(runtime)
    shown, receipt = await runtime.entities.inject("town", "actions", GATED)
    assert (shown["id"], shown["status"]) == ("bath", "pending")
    assert (receipt.applied, receipt.step, receipt.holder) == (True, before + 1, None)
    line = [item async for item in runtime.reading.history("town")][-1]
    assert (line["kind"], line["generated_action_ids"]) == ("commands", ["bath"])


async def test_where_a_worker_is_at_it_the_command_waits_for_its_next_step(
    runtime: Runtime,
) -> None:
    worker = PhaseEngine(runtime.store, runtime.scenarios)
    phases = worker.run("town")
    await anext(phases)
    before = await steps(runtime)
    shown, receipt = await runtime.entities.inject("town", "actions", GATED)
    assert not receipt.applied
    assert "is being run by process" in str(receipt.holder)
    assert await steps(runtime) == before, "the head was not touched"
    assert shown["status"] == "pending", "and yet it is shown"
    listed = [item["id"] async for item in runtime.entities.listing("town", "actions")]
    assert listed.count("bath") == 1
    state = await runtime.reading.show("town")
    assert state["counts"]["waiting_commands"] == 1
    assert "bath" in state["pending_action_ids"]
    await anext(phases)
    state = await runtime.reading.show("town")
    assert state["counts"]["waiting_commands"] == 0
    listed = [item["id"] async for item in runtime.entities.listing("town", "actions")]
    assert listed.count("bath") == 1
    await phases.aclose()


async def test_pausing_a_simulation_that_runs(runtime: Runtime) -> None:
    seen: list[Any] = []

    async def work() -> None:
        async for result in runtime.simulations.run("town"):
            seen.append(result)
            if len(seen) == 3:
                other = Runtime(MEMORY, runtime.store, runtime.scenarios)
                receipt = await other.simulations.pause("town", by="ann")
                assert not receipt.applied

    await work()
    assert seen[-1].simulation.status.value == "paused"
    assert len(seen) == 4, "it stopped with the very next step"
    assert (await runtime.reading.head("town")).lease is None


async def test_one_of_two_decisions_wins_and_the_other_is_told(runtime: Runtime) -> None:
    await runtime.entities.inject("town", "actions", GATED)
    decisions = (
        runtime.entities.decide("town", "actions", "bath", Decision.APPROVE, by="ann"),
        runtime.entities.decide("town", "actions", "bath", Decision.REJECT, by="eve"),
    )
    found = await asyncio.gather(*decisions, return_exceptions=True)
    lost = [item for item in found if isinstance(item, ConflictError)]
    won = [item for item in found if not isinstance(item, BaseException)]
    assert (len(lost), len(won)) == (1, 1), found
    lines = [item async for item in runtime.reading.history("town")]
    given = [each for line in lines for each in line["commands"] if each["kind"] == "decide"]
    assert len(given) == 1


async def test_a_decision_that_was_overtaken_is_a_conflict(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody decides, and a step takes that up, just before our own decision is stored."""
    await runtime.entities.inject("town", "actions", GATED)
    other = Runtime(MEMORY, runtime.store, runtime.scenarios)
    submit = runtime.engine.submit

    async def late(simulation_id: str, command: Any) -> None:
        await other.entities.decide("town", "actions", "bath", Decision.APPROVE, by="ann")
        await submit(simulation_id, command)

    monkeypatch.setattr(runtime.engine, "submit", late)
    with pytest.raises(ConflictError, match="gate approval is not open"):
        await runtime.entities.decide("town", "actions", "bath", Decision.REJECT, by="eve")
    shown = await runtime.entities.show("town", "actions", "bath")
    assert (shown["status"], shown["approved_by"]) == ("approved", "ann")


async def test_a_command_that_was_overtaken_is_refused(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Runtime(MEMORY, runtime.store, runtime.scenarios)
    submit = runtime.engine.submit

    async def late(simulation_id: str, command: Any) -> None:
        await other.simulations.pause("town")
        await submit(simulation_id, command)

    monkeypatch.setattr(runtime.engine, "submit", late)
    with pytest.raises(CommandRefusedError, match="paused"):
        await runtime.simulations.pause("town")


async def test_what_cannot_work_is_never_stored(runtime: Runtime) -> None:
    before = await steps(runtime)
    for fields in (
        {"actor_id": "nobody"},
        {"actor_id": "actor-mayor", "target_actor_ids": ["nobody"]},
        {"actor_id": "actor-mayor", "generated_events": ["nothing"]},
    ):
        with pytest.raises(ReferenceMissingError, match="there is no"):
            await runtime.entities.inject("town", "actions", fields)
    with pytest.raises(CommandRefusedError):
        await runtime.simulations.resume("town")
    with pytest.raises(CommandRefusedError, match="it was meant for step 3"):
        await runtime.commands.send("town", CommandKind.PAUSE, expected_step=3)
    assert await steps(runtime) == before
    assert (await runtime.reading.show("town"))["waiting_commands"] == []


async def test_references_to_finished_things_are_good(runtime: Runtime) -> None:
    events = runtime.entities.listing("town", "events", {"status": "resolved"})
    finished = [item["id"] async for item in events]
    fields = {"title": "An echo", "trigger_event_id": finished[0]}
    shown, _ = await runtime.entities.inject("town", "events", fields)
    assert shown["trigger_event_id"] == finished[0]
    with pytest.raises(CommandRefusedError, match="exists already"):
        await runtime.entities.inject("town", "events", {"id": finished[0], "title": "Again"})
    await runtime.simulations.cycle("town")


async def test_a_missing_simulation_is_told_with_near_ones(runtime: Runtime) -> None:
    await runtime.simulations.create("simple_town", simulation_id="village")
    with pytest.raises(SimulationMissingError) as caught:
        await runtime.simulations.pause("vilage")
    assert caught.value.hint == "did you mean village?"
    with pytest.raises(SimulationMissingError) as caught:
        await runtime.simulations.pause("elsewhere")
    assert "memory backend forgets" in str(caught.value.hint)
    await runtime.simulations.stop("town")
    with pytest.raises(SimulationEndedError):
        await runtime.entities.inject("town", "actions", GATED)


@pytest.mark.parametrize(
    ("at", "told", "hint"),
    [
        (At(cycle=1, phase="lunch"), "'lunch' is no phase", "the phases are initialize, event_"),
        (At(phase="lunch"), "'lunch' is no phase", "the phases are initialize, event_"),
        (At(cycle=1, phase="snapshto"), "'snapshto' is no phase", "did you mean snapshot?"),
        (At(cycle=1), "a place needs a phase, too", "At(cycle=2, phase='snapshot')"),
        (At(phase="snapshot"), "a place needs a cycle, too", "At(cycle=2, phase='snapshot')"),
    ],
)
async def test_a_place_that_is_none_is_told(runtime: Runtime, at: At, told: str, hint: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await runtime.travel.restore("town", at)
    assert caught.value.message == told
    assert (caught.value.hint or "").startswith(hint)


async def test_a_place_may_be_written_with_hyphens(runtime: Runtime) -> None:
    at = At(cycle=1, phase="world-update")
    assert (await runtime.travel.diff("town", at, at))["from"] == 5


async def test_a_store_of_the_callers_stays_open(runtime: Runtime) -> None:
    async with Runtime.open(MEMORY, store=runtime.store) as other:
        assert await other.reading.ids() == ["town"]
    assert await runtime.reading.ids() == ["town"]


async def test_a_store_of_its_own_is_closed_whatever_happens(tmp_path: Path) -> None:
    kept: list[Runtime] = []

    async def fail() -> None:
        async with Runtime.open(Settings(db=tmp_path / "x.db")) as runtime:
            kept.append(runtime)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(StoreClosedError):
        await kept[0].reading.ids()
    assert isinstance(kept[0].store, SqliteStore)


async def test_two_doors_of_one_process_see_the_same(tmp_path: Path) -> None:
    space = MemorySpace()
    stores = [MemoryStore(space), MemoryStore(space)]
    for store in stores:
        await store.open()
    one, two = [Runtime(MEMORY, store, _scenarios()) for store in stores]
    await one.simulations.create("simple_town", simulation_id="town", cycles=2)
    async for _ in two.simulations.run("town"):
        pass
    assert await one.reading.summary("town") == await two.reading.summary("town")


def _scenarios() -> Any:
    from scrai.scenarios import create_default_scenario_service

    return create_default_scenario_service()


async def test_a_summary_is_what_show_says_and_reads_no_entity(runtime: Runtime) -> None:
    async def same() -> None:
        shown = await runtime.reading.show("town")
        summary = await runtime.reading.summary("town")
        assert summary == {name: shown[name] for name in summary}
        state = (await runtime.reading.state("town")).model_dump(mode="json")
        assert state == {name: shown[name] for name in state}

    await same()
    worker = PhaseEngine(runtime.store, runtime.scenarios)
    phases = worker.run("town")
    await anext(phases)
    # These wait in the inbox, as the worker holds the lease.
    await runtime.entities.inject("town", "actions", GATED)
    await runtime.entities.update("town", "actors", "actor-mayor", {"active": False})
    await same()
    await runtime.simulations.pause("town")
    await same()
    await phases.aclose()  # type: ignore[attr-defined]
    await runtime.simulations.stop("town")
    await same()
    asked: list[str] = []
    query = runtime.store.query

    async def watched(question: Query) -> list[Document]:
        found = await query(question)
        asked.extend(each.collection for each in found if not question.columns_only)
        return found

    runtime.store.query = watched  # type: ignore[method-assign]
    await runtime.reading.summary("town")
    assert not {"actors", "events", "actions"} & set(asked)

"""The cycle: phases in order, once each, and what the engine's settings do."""

from __future__ import annotations

import pytest

from scrai.engine import BasePhaseHandler, PhaseEngineConfig, PhaseOutcome, StepOutcome
from scrai.engine.handlers import WorldUpdatePhaseHandler
from scrai.errors import (
    AlreadyExistsError,
    InvalidInputError,
    PhaseEngineError,
    PhaseExecutionError,
    PhaseSequenceError,
    SimulationEndedError,
    SimulationMissingError,
)
from scrai.models import SimulationPhase, SimulationStatus
from scrai.store import MemoryStore
from village import Village, engine, run, state

P = SimulationPhase
SIX = [
    P.INITIALIZE,
    P.EVENT_GENERATION,
    P.ACTION_COLLECTION,
    P.ACTION_RESOLUTION,
    P.WORLD_UPDATE,
    P.SNAPSHOT,
]


async def test_first_cycle_gives_six_results_later_ones_five(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    first = await target.run_cycle("sim")
    second = await target.run_cycle("sim")
    assert [result.executed_phase for result in first] == SIX
    assert [result.executed_phase for result in second] == SIX[1:]
    assert [result.next_phase for result in first] == [*SIX[1:], P.EVENT_GENERATION]
    assert [result.step for result in (*first, *second)] == list(range(1, 12))
    assert {result.cycle for result in first} == {1}
    assert {result.cycle for result in second} == {2}


async def test_cycle_does_something(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    results = await target.run_cycle("sim")
    found = await target.inspect("sim")
    assert found.head.counts == {"actors": 4, "events": 0, "actions": 0, "retired": 5}
    assert found.parts["world_state"].payload.value()["rain"] >= 1
    assert len(results[1].generated_event_ids) == 1
    assert len(results[1].generated_action_ids) == 4
    assert results[5].metrics["coins"] > 0
    retired = await store.get("actions", f"sim~{results[1].generated_action_ids[0]}")
    assert retired is not None
    assert retired.columns["status"] in ("completed", "failed")


async def test_max_phases_counts_cycles(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state(max_phases=2))
    results = [result async for result in target.run("sim")]
    assert len(results) == 11
    final = results[-1].simulation
    assert final.status is SimulationStatus.COMPLETED
    assert final.current_phase is P.COMPLETED
    assert final.phase_number == 2
    assert final.completed_at is not None
    with pytest.raises(SimulationEndedError, match="completed"):
        await target.step("sim")


async def test_hash_does_not_know_how_long_the_run_will_be(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state("short", max_phases=2))
    await target.create(state("long", max_phases=20))
    short = await run(target, 2, "short")
    long = await run(target, 2, "long")
    assert [r.hash for r in short] == [r.hash for r in long]


async def test_state_reads_like_a_person_expects(store: MemoryStore) -> None:
    target = engine(store)
    created = await target.create(state())
    assert (created.status, created.current_phase) == (SimulationStatus.CREATED, P.INITIALIZE)
    await target.step("sim")
    result = await target.step("sim")
    now = result.simulation
    assert now.status is SimulationStatus.RUNNING
    assert now.active_actor_ids == ["v0", "v1", "v2", "v3"]
    assert len(now.pending_action_ids) == 4
    assert now.pending_event_ids == []  # confirmed already
    assert now.metadata["seeded"] is True
    assert now.started_at is not None
    assert now.step == 2
    assert now == await target.get("sim")


async def test_unknown_and_duplicate_simulations(store: MemoryStore) -> None:
    target = engine(store)
    with pytest.raises(SimulationMissingError, match="nowhere"):
        await target.step("nowhere")
    await target.create(state())
    with pytest.raises(AlreadyExistsError):
        await target.create(state())


async def test_forced_phase_is_refused_unless_allowed(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    with pytest.raises(PhaseSequenceError, match="expected phase initialize, given snapshot"):
        await target.step("sim", force_phase=P.SNAPSHOT)
    assert (await target.get("sim")).step == 0
    free = engine(store, config=PhaseEngineConfig(enforce_phase_sequence=False))
    await run(free, 1)
    redone = await free.step("sim", force_phase=P.WORLD_UPDATE)
    assert redone.executed_phase is P.WORLD_UPDATE
    assert redone.next_phase is P.SNAPSHOT
    with pytest.raises(PhaseSequenceError):
        await free.step("sim", force_phase=P.PAUSED)


async def test_forced_phase_draws_fresh_numbers_and_ids(store: MemoryStore) -> None:
    free = engine(store, config=PhaseEngineConfig(enforce_phase_sequence=False))
    await free.create(state())
    await free.step("sim")
    first = await free.step("sim")
    again = await free.step("sim", force_phase=P.EVENT_GENERATION)
    assert (first.passes, again.passes) == (0, 1)
    assert not set(first.generated_action_ids) & set(again.generated_action_ids)
    assert len(again.generated_action_ids) == 4


async def test_notes_persist_only_if_wanted(store: MemoryStore) -> None:
    await engine(store).create(state("loud"))
    await engine(store).create(state("quiet"))
    quiet = engine(store, config=PhaseEngineConfig(persist_phase_notes=False))
    await run(engine(store), 1, "loud")
    results = await run(quiet, 1, "quiet")
    assert results[0].notes  # still told to the caller
    assert "phase_log" not in (await quiet.get("quiet")).metadata
    assert (await quiet.journal.entry("quiet", 1)).get("notes") is None
    log = (await quiet.get("loud")).metadata["phase_log"]
    assert log[0]["notes"] == ["initialized A village"]


async def test_phase_log_is_a_window(store: MemoryStore) -> None:
    target = engine(store, config=PhaseEngineConfig(phase_log_window=3))
    await target.create(state())
    await run(target, 4)
    log = (await target.get("sim")).metadata["phase_log"]
    assert [line["step"] for line in log] == [19, 20, 21]


class Waiting(BasePhaseHandler):
    """Asks for three passes."""

    phase = P.WORLD_UPDATE

    async def execute(self, context) -> PhaseOutcome:  # type: ignore[no-untyped-def]
        return PhaseOutcome(again=context.passes < 2)


class Jumping(BasePhaseHandler):
    """Wants to leave the canonical order."""

    phase = P.WORLD_UPDATE

    async def execute(self, context) -> PhaseOutcome:  # type: ignore[no-untyped-def]
        return PhaseOutcome(next_phase=P.EVENT_GENERATION)


async def test_again_commits_passes_that_are_one_result(store: MemoryStore) -> None:
    target = engine(store, handlers={P.WORLD_UPDATE: [Waiting(), WorldUpdatePhaseHandler()]})
    await target.create(state())
    results = await target.run_cycle("sim")
    assert [result.executed_phase for result in results] == SIX
    passes = [e["passes"] async for _, e in target.journal.history("sim") if e["step"] > 0]
    assert passes == [0, 0, 0, 0, 0, 1, 2, 0]


async def test_handler_cannot_leave_the_order(store: MemoryStore) -> None:
    target = engine(store, handlers={P.WORLD_UPDATE: Jumping()})
    await target.create(state())
    for _ in range(4):
        await target.step("sim")
    with pytest.raises(PhaseExecutionError, match="expected phase snapshot after world_update"):
        await target.step("sim")
    config = PhaseEngineConfig(enforce_phase_sequence=False)
    free = engine(store, handlers={P.WORLD_UPDATE: Jumping()}, config=config)
    result = await free.step("sim")
    assert result.next_phase is P.EVENT_GENERATION


class Broken(Village):
    """Ends after its second cycle, with a reason."""

    def finished(self, context) -> str | None:  # type: ignore[no-untyped-def]
        return "enough" if context.cycle == 2 else None


async def test_scenario_may_end_the_simulation(store: MemoryStore) -> None:
    target = engine(store, Broken())
    await target.create(state())
    results = [result async for result in target.run("sim")]
    assert results[-1].simulation.status is SimulationStatus.COMPLETED
    assert results[-1].notes[-1] == "ended: enough"
    assert len(results) == 11


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_consecutive_failures", 0), ("lease_seconds", 0), ("phase_log_window", 99)],
)
def test_settings_are_checked(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        PhaseEngineConfig(**{field: value})  # type: ignore[arg-type]


async def test_head_stays_small(store: MemoryStore) -> None:
    target = engine(store)
    with pytest.raises(InvalidInputError, match="description"):
        await target.create(state(description="x" * 9000))
    await target.create(state(description="x" * 2000))
    await run(target, 20)
    document = await store.get("simulations", "sim")
    assert document is not None
    assert len(document.payload.data) < 8192


async def test_paused_in_any_phase_and_resumed(store: MemoryStore) -> None:
    from commands import pause, resume

    target = engine(store)
    await target.create(state("plain"))
    await run(target, 2, "plain")
    await target.create(state())
    for _ in range(11):
        due = (await target.get("sim")).current_phase
        await target.submit("sim", pause())
        held = await target.step("sim")
        if held.simulation.status is SimulationStatus.PAUSED:
            assert held.outcome is StepOutcome.COMMANDS_ONLY
            assert held.simulation.current_phase is due
            with pytest.raises(PhaseEngineError, match="paused"):
                await target.step("sim")
            await target.submit("sim", resume())
            await target.step("sim")
    assert (await target.get("sim")).phase_number == 2
    assert (await target.inspect("sim")).head.hash == (await target.inspect("plain")).head.hash


async def test_ids_are_never_used_twice(store: MemoryStore) -> None:
    from commands import make
    from scrai.models import CommandKind, Event

    class Repeating(Village):
        def before_phase(self, context) -> None:  # type: ignore[no-untyped-def]
            context.extend(events=[Event(id="daily", title="The same id every day")])

    target = engine(store, Repeating())
    await target.create(state())
    await run(target, 2)
    with pytest.raises(PhaseExecutionError, match="event daily existed before and is finished"):
        await target.step("sim")
    assert (await target.get("sim")).phase_number == 2
    plain = engine(store)
    await plain.create(state("plain"))
    await run(plain, 1, "plain")
    old = (await plain.journal.entry("plain", 2))["generated_event_ids"][0]
    command = make(CommandKind.INJECT_EVENT, old, payload={"id": old, "title": "Again"})
    await plain.submit("plain", command)
    await run(plain, 1, "plain")
    assert (await plain.get("plain")).error_count == 0
    notes = [n async for _, e in plain.journal.history("plain") for n in e.get("notes", [])]
    assert any("existed before" in note for note in notes)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**63, -(2**63) - 1, {1, 2}, [[1]], {1: 2}, "\ud800", b"x"],
    ids=repr,
)
@pytest.mark.parametrize("place", ["attributes", "world_state"])
async def test_what_no_store_can_keep_fails_the_phase_and_nothing_else(
    store: MemoryStore, place: str, value: object
) -> None:
    class Odd(Village):
        def before_phase(self, context) -> None:  # type: ignore[no-untyped-def]
            if place == "attributes":
                context.actor("v0").attributes["odd"] = value
            else:
                context.state.world_state["odd"] = value

    target = engine(store, Odd())
    await target.create(state())
    before = (await run(target, 1))[-1].hash
    with pytest.raises(PhaseExecutionError, match="event_generation of cycle 2 failed"):
        await target.step("sim")
    assert (await target.journal.head("sim")).hash == before
    assert len(await run(engine(store), 1)) == 5

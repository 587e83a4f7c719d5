"""Mediation: what is marked waits, what is decided happens once, nothing else blocks."""

from __future__ import annotations

from typing import Any

import pytest

from commands import decide, make
from scrai.engine import PhaseEngine, StepOutcome
from scrai.errors import AlreadyExistsError
from scrai.models import CommandKind, EventStatus, SimulationPhase, SimulationStatus
from scrai.store import MemoryStore
from village import Village, engine, run, state

P = SimulationPhase


async def until_held(target: PhaseEngine) -> Any:
    results = await run(target, 3)
    assert results[-1].outcome is StepOutcome.AWAITING_APPROVAL
    return results[-1]


async def stored(store: MemoryStore, kind: str, key: str) -> dict[str, Any]:
    document = await store.get(kind, f"sim~{key}")
    assert document is not None
    return document.value()


async def test_unattended_run_never_blocks(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    assert {r.outcome for r in await run(target, 3)} == {StepOutcome.COMMITTED}


@pytest.mark.parametrize(
    ("gated", "kind", "phase", "count"),
    [("events", "events", P.ACTION_COLLECTION, 1), ("actions", "actions", P.ACTION_RESOLUTION, 4)],
)
async def test_what_is_marked_holds_the_phase(
    store: MemoryStore, gated: str, kind: str, phase: P, count: int
) -> None:
    target = engine(store, Village(gated=gated))
    await target.create(state())
    held = await until_held(target)
    assert held.executed_phase is phase
    assert [gate.kind for gate in held.awaiting] == [kind] * count
    step = (await target.get("sim")).step
    again = await target.step("sim")
    assert again.outcome is StepOutcome.AWAITING_APPROVAL
    assert (await target.get("sim")).step == step  # commits nothing
    for gate in held.awaiting:
        await target.submit("sim", decide(kind, gate.entity_id, "approve", gate=gate.name))
    result = await target.step("sim")
    assert (result.executed_phase, result.outcome) == (phase, StepOutcome.COMMITTED)


@pytest.mark.parametrize("flag", ["auto_approve_events", "auto_approve_actions"])
async def test_auto_approve_flags(store: MemoryStore, flag: str) -> None:
    target = engine(store, Village(gated=flag.removeprefix("auto_approve_")))
    await target.create(state(**{flag: True}))
    results = await run(target, 2)
    assert {r.outcome for r in results} == {StepOutcome.COMMITTED}
    kind = flag.removeprefix("auto_approve_")
    key = (results[1].generated_event_ids + results[1].generated_action_ids)[
        0 if kind == "events" else -1
    ]
    assert (await stored(store, kind, key))["approved_by"] == "auto"


async def test_researcher_mode_marks_what_rules_make(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state(researcher_mode=True))
    held = await until_held(target)
    assert held.executed_phase is P.ACTION_COLLECTION
    await target.submit("sim", make(CommandKind.CONFIGURE, payload={"auto_approve_events": True}))
    held = await until_held(target)
    assert held.executed_phase is P.ACTION_RESOLUTION
    assert len(held.awaiting) == 4


async def test_policy_passes_open_gates_over(store: MemoryStore) -> None:
    target = engine(store, Village(gated="actions"))
    await target.create(state())
    await target.submit(
        "sim", make(CommandKind.CONFIGURE, payload={"mediation": {"actions": "pass"}})
    )
    results = await run(target, 2)
    assert {r.outcome for r in results} == {StepOutcome.COMMITTED}
    assert len((await target.get("sim")).pending_action_ids) == 8  # nothing unapproved happened


async def test_modify_runs_what_was_decided_and_records_it(store: MemoryStore) -> None:
    target = engine(store, Village(gated="events"))
    await target.create(state())
    held = await until_held(target)
    key = held.awaiting[0].entity_id
    effects = [{"op": "set", "target": "world", "path": "rain", "value": 100}]
    await target.submit("sim", decide("events", key, "modify", changes={"effects": effects}))
    await run(target, 1)
    event = await stored(store, "events", key)
    assert (event["status"], event["approved_by"]) == ("resolved", "ada")
    change = event["modifications"]["approval"]["changes"]["effects"]
    assert change["new"] == effects
    assert change["old"][0]["op"] == "add"
    world = (await target.get("sim")).world_state
    assert world["rain"] == 100


async def test_reject_cancels(store: MemoryStore) -> None:
    target = engine(store, Village(gated="events"))
    await target.create(state())
    held = await until_held(target)
    key = held.awaiting[0].entity_id
    await target.submit("sim", decide("events", key, "reject", reason="too wet"))
    await run(target, 1)
    event = await stored(store, "events", key)
    assert (event["status"], event["metadata"]["cancelled"]) == ("cancelled", "too wet")
    assert (await target.get("sim")).world_state["rain"] == 0


async def test_terminate_ends_the_simulation(store: MemoryStore) -> None:
    target = engine(store, Village(gated="events"))
    await target.create(state())
    held = await until_held(target)
    await target.submit("sim", decide("events", held.awaiting[0].entity_id, "terminate"))
    result = await target.step("sim")
    assert result.simulation.status is SimulationStatus.COMPLETED
    assert result.outcome is StepOutcome.COMMANDS_ONLY


async def test_escalation_keeps_the_gate_open_under_another_name(store: MemoryStore) -> None:
    target = engine(store, Village(gated="events"))
    await target.create(state())
    held = await until_held(target)
    key = held.awaiting[0].entity_id
    await target.submit("sim", decide("events", key, "escalate", reason="above my grade"))
    held = await target.step("sim")
    assert held.outcome is StepOutcome.AWAITING_APPROVAL
    assert held.awaiting[0].name == "approval-1"
    await target.submit("sim", decide("events", key, "approve", by="boss"))  # the old gate
    held = await target.step("sim")
    assert held.outcome is StepOutcome.AWAITING_APPROVAL
    assert "gate approval is not open" in held.notes[0]
    await target.submit("sim", decide("events", key, "approve", by="boss", gate="approval-1"))
    assert (await target.step("sim")).outcome is StepOutcome.COMMITTED
    event = await stored(store, "events", key)
    assert event["approved_by"] == "boss"
    assert event["modifications"]["approval"]["reason"] == "above my grade"


async def test_second_reviewer_conflicts_and_decisions_count_once(store: MemoryStore) -> None:
    target = engine(store, Village(gated="events"))
    await target.create(state())
    held = await until_held(target)
    key = held.awaiting[0].entity_id
    await target.submit("sim", decide("events", key, "approve"))
    with pytest.raises(AlreadyExistsError):
        await target.submit("sim", decide("events", key, "reject", by="bob"))
    await target.step("sim")
    await target.submit("sim", decide("events", key, "reject", by="bob"))
    late = await target.step("sim")
    assert "gate approval is not open" in late.notes[0]
    assert (await stored(store, "events", key))["approved_by"] == "ada"
    entry = await target.journal.entry("sim", late.step)
    assert entry["commands"][0]["by"] == "bob"  # refused, and still on record


async def test_gates_wait_for_simulated_time(store: MemoryStore) -> None:
    from datetime import timedelta

    from scrai.models import EPOCH

    class Planned(Village):
        def seed(self, context) -> None:  # type: ignore[no-untyped-def]
            super().seed(context)
            later = EPOCH + timedelta(hours=3)
            for event in context.events:
                event.scheduled_for = later
                event.requires_approval = True
            for action in context.actions[:1]:
                action.scheduled_for = later

    target = engine(store, Planned())
    await target.create(state())
    results = await run(target, 2)  # cycles 1 and 2: hours 0 and 1
    assert {r.outcome for r in results} == {StepOutcome.COMMITTED}
    planned = results[1].generated_event_ids[0]
    await target.submit("sim", decide("events", planned, "approve"))  # ahead of its time
    await target.apply_commands("sim")
    assert (await stored(store, "events", planned)).get("status", "pending") == "pending"
    waiting = await target.get("sim")
    assert planned in waiting.pending_event_ids
    await run(target, 2)
    assert (await stored(store, "events", planned))["status"] == EventStatus.RESOLVED

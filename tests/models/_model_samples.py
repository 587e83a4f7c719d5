"""One fully filled instance of every model: no field is at its default."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scrai.models import (
    Action,
    ActionPriority,
    ActionSource,
    ActionStatus,
    ActionType,
    Actor,
    ActorType,
    Command,
    CommandKind,
    Condition,
    CostRecord,
    Event,
    EventScope,
    EventStatus,
    EventType,
    JournalEntry,
    Lease,
    Model,
    Operation,
    Parent,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    StepKind,
)


def at(hour: int) -> datetime:
    return datetime(2000, 1, 1, hour, tzinfo=UTC)


OPERATION = Operation(op="add", target="actor:doctor", path="attributes.energy", value=-2.5)
CONDITION = Condition(op=">=", target="world", path="town.mood", value=3)
PARENT = Parent(simulation_id="town-0", step=12)

ACTOR = Actor(
    id="doctor",
    simulation_id="town-1",
    name="Dr. Ōta",
    type=ActorType.PLAYER,
    attributes={"energy": 5, "tags": ["kind", None, {"deep": 0.1}]},
    location={"place": "clinic", "x": 1.5},
    visibility=["mayor", "council"],
    relationships={"mayor": {"trust": 0.7}},
    affiliations=["clinic"],
    active=False,
    created_at=at(0),
    updated_at=at(1),
    metadata={"note": "n"},
)

EVENT = Event(
    id="storm",
    simulation_id="town-1",
    title="Storm",
    description="Wind and rain",
    type=EventType.ENVIRONMENTAL,
    status=EventStatus.CONFIRMED,
    created_at=at(0),
    scheduled_for=at(2),
    resolved_at=at(3),
    affected_actors=["doctor"],
    location={"place": "harbour"},
    scope=EventScope.GLOBAL,
    parameters={"strength": 7},
    effects=[OPERATION, Operation(op="set", target="environment", path="sky", value="dark")],
    source="weather",
    trigger_event_id="low-pressure",
    trigger_action_id="rain-dance",
    requires_approval=True,
    approved_by="ada",
    modifications={"title": {"old": "Rain"}},
    metadata={"note": "n"},
)

ACTION = Action(
    id="visit",
    simulation_id="town-1",
    actor_id="doctor",
    type=ActionType.MOVEMENT,
    intent="visit the mayor",
    description="a walk",
    parameters={"pace": "slow"},
    target_actor_ids=["mayor"],
    target_location={"place": "town hall"},
    status=ActionStatus.EXECUTING,
    priority=ActionPriority.URGENT,
    created_at=at(0),
    scheduled_for=at(1),
    started_at=at(2),
    completed_at=at(3),
    llm_parsed=True,
    parsed_options=[{"to": "town hall"}],
    selected_option=0,
    prerequisites=[CONDITION],
    resource_costs={"energy": 1.5},
    success_probability=0.5,
    outcome={"met": True},
    generated_events=["meeting"],
    requires_approval=True,
    approved_by="ada",
    modifications={"intent": {"old": "rest"}},
    source=ActionSource.PLAYER,
    metadata={"note": "n"},
)

SIMULATION = SimulationState(
    id="town-1",
    name="A town",
    description="seven people",
    status=SimulationStatus.ERROR,
    current_phase=SimulationPhase.WORLD_UPDATE,
    phase_number=2,
    created_at=at(0),
    started_at=at(1),
    updated_at=at(2),
    completed_at=at(3),
    max_phases=10,
    scenario_module="simple_town",
    configuration={"people": 7},
    world_state={"town": {"mood": 3}},
    environment={"sky": "clear"},
    active_actor_ids=["doctor"],
    pending_event_ids=["storm"],
    pending_action_ids=["visit"],
    phase_statistics={"snapshot": {"count": 2}},
    auto_approve_events=True,
    auto_approve_actions=True,
    researcher_mode=True,
    last_error="boom",
    error_count=1,
    snapshot_count=2,
    last_snapshot_at=at(2),
    metadata={"seeded": True},
    seed=42,
    revision="17",
    parent=PARENT,
    step=13,
    cycle_seconds=60.0,
    epoch=datetime(1999, 12, 31, 23, 59, 59, 500_000, UTC),
    schema_version=2,
)

COMMAND = Command(
    id="decide~storm~approval",
    kind=CommandKind.DECIDE,
    collection="events",
    entity_id="storm",
    payload={"decision": "approve", "reason": "fine"},
    submitted_at=at(4),
    by="ada",
    expected_step=13,
)

ENTRY = JournalEntry(
    step=13,
    commit_id="c0ffee",
    kind=StepKind.RESTORE,
    phase=SimulationPhase.EVENT_GENERATION,
    cycle=3,
    passes=1,
    next_phase=SimulationPhase.ACTION_COLLECTION,
    hash="ab" * 32,
    patches={"events/storm": {"new": {"id": "storm"}}},
    commands=[COMMAND],
    notes=["a storm gathers"],
    metrics={"mood": 0.5},
    head={"name": "town"},
    forced=True,
    failure="RuntimeError: closed",
    status="error",
    generated_event_ids=["storm"],
    generated_action_ids=["visit"],
    started_at=at(5),
    duration_ms=1.25,
    versions={"hash_version": 1},
    position={"phase_number": 2},
    snapshot={"digest": "ff"},
    target={"step": 7},
)

LEASE = Lease(owner="w1", token=3, ttl_seconds=30.0, host="h", pid=9, process_start="1.5")

COST = CostRecord(
    step=13,
    cycle=3,
    phase=SimulationPhase.ACTION_COLLECTION,
    actor_id="doctor",
    provider="scripted",
    model="script-1",
    input_tokens=10,
    output_tokens=5,
    cached_tokens=2,
    cost=0.0125,
    latency_ms=3.5,
    attempts=2,
    cache_hit=True,
    flag="lost",
    call_id="c0ffee",
    slot="act~doctor",
    turn=1,
    prices={"input": 0.15, "output": 0.6},
)

SAMPLES: dict[type[Model], Model] = {
    type(sample): sample
    for sample in (
        ACTOR,
        EVENT,
        ACTION,
        SIMULATION,
        OPERATION,
        CONDITION,
        PARENT,
        COMMAND,
        ENTRY,
        LEASE,
        COST,
    )
}

MINIMAL: dict[type[Model], dict[str, Any]] = {
    Actor: {"id": "a", "name": "A"},
    Event: {"id": "e", "title": "E"},
    Action: {"id": "x", "actor_id": "a"},
    SimulationState: {"id": "s", "name": "S"},
    Operation: {"op": "set", "target": "world", "path": "x"},
    Condition: {"path": "attributes.x"},
    Parent: {"simulation_id": "s", "step": 0},
    Command: {"id": "c", "kind": "pause"},
    JournalEntry: {"step": 1, "commit_id": "c", "kind": "phase"},
    Lease: {"owner": "w", "token": 1, "ttl_seconds": 1},
    CostRecord: {"step": 1, "cycle": 1, "phase": "snapshot", "provider": "p", "model": "m"},
}

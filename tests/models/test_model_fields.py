"""Every field of design and contract, its default, and what it refuses."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from _model_samples import ACTION, ACTOR, EVENT, MINIMAL, SAMPLES, SIMULATION
from scrai.errors import ModelError
from scrai.models import (
    EPOCH,
    SCHEMA_VERSION,
    Action,
    Actor,
    ActorType,
    CostRecord,
    Event,
    JournalEntry,
    Lease,
    Model,
    SimulationPhase,
    SimulationState,
    stamp,
)

FIELDS = {
    Actor: "id simulation_id name type attributes location visibility relationships affiliations "
    "active created_at updated_at metadata",
    Event: "id simulation_id title description type status created_at scheduled_for resolved_at "
    "affected_actors location scope parameters effects source trigger_event_id trigger_action_id "
    "requires_approval approved_by modifications metadata",
    Action: "id simulation_id actor_id type intent description parameters target_actor_ids "
    "target_location status priority created_at scheduled_for started_at completed_at llm_parsed "
    "parsed_options selected_option prerequisites resource_costs success_probability outcome "
    "generated_events requires_approval approved_by modifications source metadata",
    SimulationState: "id name description status current_phase phase_number created_at started_at "
    "updated_at completed_at max_phases scenario_module configuration world_state environment "
    "active_actor_ids pending_event_ids pending_action_ids phase_statistics auto_approve_events "
    "auto_approve_actions researcher_mode last_error error_count snapshot_count last_snapshot_at "
    "metadata seed revision parent step cycle_seconds epoch schema_version",
    JournalEntry: "step commit_id kind phase cycle passes next_phase hash patches commands notes "
    "metrics generated_event_ids generated_action_ids started_at duration_ms versions position "
    "snapshot target head forced failure status",
    Lease: "owner token ttl_seconds host pid process_start",
    CostRecord: "step cycle phase actor_id provider model input_tokens output_tokens "
    "cached_tokens cost latency_ms attempts cache_hit flag call_id slot turn prices",
}

DEFAULTS: dict[type[Model], dict[str, Any]] = {
    Actor: {"type": "npc", "active": True, "simulation_id": None, "attributes": {}},
    Event: {"type": "system", "status": "pending", "scope": "local", "effects": []},
    Action: {
        "type": "custom",
        "status": "pending",
        "priority": "normal",
        "source": "npc",
        "description": "",
        "success_probability": 1.0,
        "selected_option": None,
        "target_location": None,
        "outcome": {},
    },
    SimulationState: {
        "status": "created",
        "current_phase": "initialize",
        "phase_number": 0,
        "max_phases": None,
        "cycle_seconds": 3600.0,
        "epoch": EPOCH,
        "schema_version": SCHEMA_VERSION,
        "auto_approve_events": False,
        "auto_approve_actions": False,
        "researcher_mode": False,
    },
}


@pytest.mark.parametrize("cls", FIELDS, ids=lambda cls: cls.__name__)
def test_the_fields_are_those_of_the_design_in_their_order(cls: type[Model]) -> None:
    assert " ".join(cls.model_fields) == FIELDS[cls]


@pytest.mark.parametrize("cls", DEFAULTS, ids=lambda cls: cls.__name__)
def test_defaults(cls: type[Model]) -> None:
    model = cls(**MINIMAL[cls])
    assert {name: getattr(model, name) for name in DEFAULTS[cls]} == DEFAULTS[cls]


@pytest.mark.parametrize("cls", MINIMAL, ids=lambda cls: cls.__name__)
def test_the_sample_leaves_no_field_at_its_default(cls: type[Model]) -> None:
    minimal, sample = cls(**MINIMAL[cls]), SAMPLES[cls]
    same = [name for name in cls.model_fields if getattr(minimal, name) == getattr(sample, name)]
    assert same == []


def test_the_contract_example() -> None:
    actor = Actor(id="actor1", name="John", type=ActorType.PLAYER)
    assert (actor.id, actor.name, actor.type) == ("actor1", "John", ActorType.PLAYER)


@pytest.mark.parametrize("cls", MINIMAL, ids=lambda cls: cls.__name__)
def test_no_model_takes_unknown_fields(cls: type[Model]) -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        cls(**MINIMAL[cls], surprise=1)


@pytest.mark.parametrize("cls", MINIMAL, ids=lambda cls: cls.__name__)
def test_every_field_without_a_default_is_needed(cls: type[Model]) -> None:
    needed = {name for name, field in cls.model_fields.items() if field.is_required()}
    assert needed <= set(MINIMAL[cls])
    for name in needed:
        rest = {key: value for key, value in MINIMAL[cls].items() if key != name}
        with pytest.raises(ValidationError, match=name):
            cls(**rest)


def test_open_maps_and_lists_are_not_shared_between_instances() -> None:
    one, two = Actor(id="a", name="A"), Actor(id="b", name="B")
    one.attributes["mood"] = "calm"
    one.affiliations.append("guild")
    assert two.attributes == {}
    assert two.affiliations == []


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (ACTOR, "type", "robot"),
        (ACTOR, "active", "perhaps"),
        (ACTOR, "attributes", [1]),
        (ACTOR, "affiliations", [1]),
        (ACTOR, "name", None),
        (EVENT, "scope", "cosmic"),
        (EVENT, "effects", [{"op": "explode", "target": "world", "path": "x"}]),
        (ACTION, "actor_id", ""),
        (ACTION, "success_probability", 1.01),
        (ACTION, "success_probability", -0.01),
        (ACTION, "success_probability", math.nan),
        (ACTION, "resource_costs", {"money": -1}),
        (ACTION, "resource_costs", {"money": math.inf}),
        (ACTION, "selected_option", -1),
        (ACTION, "parsed_options", ["x"]),
        (SIMULATION, "cycle_seconds", 0),
        (SIMULATION, "cycle_seconds", math.inf),
        (SIMULATION, "max_phases", 0),
        (SIMULATION, "phase_number", -1),
        (SIMULATION, "seed", 2**63),
        (SIMULATION, "schema_version", 0),
        (SIMULATION, "current_phase", "lunch"),
        (SIMULATION, "parent", {"simulation_id": "a/b", "step": 1}),
    ],
)
def test_bad_values_are_refused_by_assignment_and_construction(
    model: Model, field: str, value: Any
) -> None:
    copy = model.model_copy(deep=True)
    with pytest.raises(ValidationError):
        setattr(copy, field, value)
    assert copy == model
    with pytest.raises(ValidationError):
        type(model).model_validate({**model.__dict__, field: value})
    with pytest.raises(ValidationError):
        model.model_copy(update={field: value})


def test_a_copy_with_valid_updates() -> None:
    copy = ACTOR.model_copy(update={"name": "Ada", "type": "npc"}, deep=True)
    assert (copy.name, copy.type, copy.id) == ("Ada", ActorType.NPC, "doctor")
    copy.attributes["energy"] = 0
    assert ACTOR.attributes["energy"] == 5


def test_actor_verbs() -> None:
    actor = Actor(id="a", name="A", location={"place": "home", "x": 1})
    actor.deactivate()
    assert not actor.active
    actor.activate()
    assert actor.active
    actor.move_to({"place": "market"})
    assert actor.location == {"place": "market"}
    actor.set_relationship("b", "friend")
    actor.set_relationship("c", 0.5)
    actor.set_relationship("b", None)
    actor.set_relationship("nobody", None)
    assert actor.relationships == {"c": 0.5}


def test_visibility() -> None:
    hidden = Actor(id="spy", name="S", visibility=["mayor", "council"])
    assert hidden.visible_to(hidden)
    assert hidden.visible_to(Actor(id="mayor", name="M"))
    assert hidden.visible_to(Actor(id="x", name="X", affiliations=["council"]))
    assert not hidden.visible_to(Actor(id="x", name="X", affiliations=["guild"]))
    assert Actor(id="open", name="O").visible_to(hidden)


def test_cycle_and_simulated_time() -> None:
    state = SimulationState(id="s", name="S", phase_number=25, cycle_seconds=1800.5)
    assert state.cycle == 26
    assert state.now == datetime(2000, 1, 1, 12, 30, 12, 500_000, UTC)
    state.phase_number = 0
    assert (state.cycle, state.now) == (1, EPOCH)


def test_simulated_time_past_the_calendar_is_one_clear_line() -> None:
    state = SimulationState(id="s", name="S", phase_number=10**9, cycle_seconds=1e6)
    with pytest.raises(ModelError, match="simulation s: the simulated time of cycle 1000000001"):
        _ = state.now


def test_stamp_sets_only_the_times_that_nobody_gave() -> None:
    at = datetime(2000, 1, 2, tzinfo=UTC)
    left = Actor(id="a", name="A")
    stamp(left, at)
    assert (left.created_at, left.updated_at) == (at, at)
    given = Actor(id="a", name="A", created_at=EPOCH)
    stamp(given, at)
    assert (given.created_at, given.updated_at) == (EPOCH, at)
    event = Event(id="e", title="E")
    stamp(event, at)
    assert event.created_at == at


def test_the_phases_are_six_and_two_places_between() -> None:
    assert [phase.name for phase in SimulationPhase] == [
        "INITIALIZE",
        "EVENT_GENERATION",
        "ACTION_COLLECTION",
        "ACTION_RESOLUTION",
        "WORLD_UPDATE",
        "SNAPSHOT",
        "PAUSED",
        "COMPLETED",
    ]

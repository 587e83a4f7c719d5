"""Whatever a model can hold comes back the same from every stored form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.errors import ModelError
from scrai.models import (
    SCHEMA_VERSION,
    Action,
    ActionPriority,
    ActionStatus,
    Actor,
    ActorType,
    Command,
    CommandKind,
    Condition,
    Event,
    EventStatus,
    JournalEntry,
    Lease,
    Operation,
    Parent,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    StepKind,
    canonical_bytes,
    comes_back,
    dump_bytes,
    from_stored,
    id_problem,
    load_bytes,
    to_stored,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ids = text.filter(lambda value: id_problem(value) is None)
numbers = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | numbers | text
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(text, values, max_size=3)
times = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
    lambda time: time.replace(tzinfo=UTC)
)
names = st.lists(text, max_size=3)
counts = st.integers(0, 2**40)
maybe_times = st.none() | times

operations = st.builds(
    Operation,
    op=st.just("set"),
    target=st.sampled_from(["world", "environment"]) | ids.map("actor:{}".format),
    path=st.just("attributes.x"),
    value=values,
)
conditions = st.builds(
    Condition, op=st.sampled_from(["==", "!=", "contains"]), path=st.just("active"), value=values
)
actors = st.builds(
    Actor,
    id=ids,
    simulation_id=st.none() | ids,
    name=text,
    type=st.sampled_from(ActorType),
    attributes=objects,
    location=objects,
    visibility=names,
    relationships=objects,
    affiliations=names,
    active=st.booleans(),
    created_at=times,
    metadata=objects,
)
events = st.builds(
    Event,
    id=ids,
    title=text,
    status=st.sampled_from(EventStatus),
    created_at=times,
    scheduled_for=maybe_times,
    affected_actors=names,
    effects=st.lists(operations, max_size=2),
    trigger_event_id=st.none() | text,
    requires_approval=st.booleans(),
    approved_by=st.none() | text,
    modifications=objects,
)
actions = st.builds(
    Action,
    id=ids,
    actor_id=ids,
    status=st.sampled_from(ActionStatus),
    priority=st.sampled_from(ActionPriority),
    created_at=times,
    started_at=maybe_times,
    target_location=st.none() | objects,
    parsed_options=st.lists(objects, max_size=2),
    selected_option=st.none() | st.integers(0, 9),
    prerequisites=st.lists(conditions, max_size=2),
    resource_costs=st.dictionaries(text, st.floats(0, 1e12), max_size=2),
    success_probability=st.floats(0, 1),
    outcome=objects,
)
simulations = st.builds(
    SimulationState,
    id=ids,
    name=text,
    status=st.sampled_from(SimulationStatus),
    current_phase=st.sampled_from(SimulationPhase),
    phase_number=counts,
    created_at=times,
    max_phases=st.none() | st.integers(1, 10**9),
    world_state=objects,
    seed=st.integers(-(2**63), 2**63 - 1),
    parent=st.none() | st.builds(Parent, simulation_id=ids, step=counts),
    cycle_seconds=st.floats(1e-6, 1e12),
    epoch=times,
    last_error=st.none() | text,
)
commands = st.builds(
    Command,
    id=ids,
    kind=st.sampled_from([CommandKind.PAUSE, CommandKind.CONFIGURE, CommandKind.STOP]),
    payload=objects,
    submitted_at=times,
    by=st.none() | text,
)
entries = st.builds(
    JournalEntry,
    step=counts,
    commit_id=text,
    kind=st.sampled_from(StepKind),
    phase=st.none() | st.sampled_from(SimulationPhase),
    patches=objects,
    commands=st.lists(commands, max_size=2),
    metrics=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
    started_at=maybe_times,
    duration_ms=st.floats(0, 1e9),
    snapshot=st.none() | objects,
)
leases = st.builds(Lease, owner=ids, token=counts, ttl_seconds=st.floats(0.1, 1e6), host=text)

RAIN = {"op": "set", "target": "world", "path": "rain", "value": None}

EVERYTHING = {
    "actor": actors,
    "event": events,
    "action": actions,
    "simulation": simulations,
    "command": commands,
    "entry": entries,
    "lease": leases,
    "operation": operations,
    "condition": conditions,
}


@pytest.mark.parametrize("kind", EVERYTHING)
def test_round_trip(kind: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(EVERYTHING[kind])
    def check(model: Any) -> None:
        cls = type(model)
        data = dump_bytes(model)
        again = load_bytes(cls, data)
        assert again == model
        assert dump_bytes(again) == data
        assert from_stored(cls, to_stored(model), SCHEMA_VERSION) == model
        assert cls.model_validate_json(model.model_dump_json()) == model
        assert cls.model_validate(model.model_dump(mode="json")) == model
        assert model.model_copy(deep=True) == model

    check()


odd = values | times | st.tuples(scalars) | st.sampled_from(ActorType) | operations


@settings(max_examples=150, deadline=None)
@given(actors | events | actions, st.data())
def test_what_says_that_it_comes_back_does(model: Any, data: st.DataObject) -> None:
    for value in list(model.__dict__.values()):
        if isinstance(value, dict):
            value.update(data.draw(st.dictionaries(text, odd, max_size=1)))
        elif isinstance(value, list):
            value.extend(data.draw(st.lists(odd, max_size=1)))
    stored = canonical_bytes(model, without="simulation_id")
    try:
        again = load_bytes(type(model), stored)
    except ModelError:
        return
    if comes_back(model, again):
        assert canonical_bytes(again, without="simulation_id") == stored


@pytest.mark.parametrize(
    ("model", "field", "edit"),
    [
        (Action(id="a", actor_id="x"), "resource_costs", {"coins": 3}),
        (Action(id="a", actor_id="x"), "prerequisites", [{"path": "active", "target": "self"}]),
        (Event(id="e", title="E"), "effects", [RAIN]),
    ],
)
def test_what_validation_coerces_does_not_say_so(model: Any, field: str, edit: Any) -> None:
    held = getattr(model, field)
    held.update(edit) if isinstance(held, dict) else held.extend(edit)
    again = load_bytes(type(model), canonical_bytes(model, without="simulation_id"))
    assert not comes_back(model, again)
    assert comes_back(again, again)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("success_probability", 0),
        ("llm_parsed", 1),
        ("selected_option", True),
        ("created_at", "2000-01-01"),
    ],
)
def test_what_was_never_validated_may_be_coerced(field: str, value: Any) -> None:
    model = Action(id="a", actor_id="x")
    model.__dict__[field] = value
    again = load_bytes(Action, canonical_bytes(model, without="simulation_id"))
    assert not comes_back(model, again)


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))
def test_a_time_of_any_zone_is_the_same_moment(time: datetime) -> None:
    event = Event(id="e", title="E", scheduled_for=time)
    assert event.scheduled_for is not None
    assert event.scheduled_for - time == timedelta(0)
    assert event.scheduled_for.tzinfo is UTC
    again = load_bytes(Event, dump_bytes(event))
    assert again.scheduled_for == event.scheduled_for

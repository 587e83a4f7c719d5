"""All pairs of statuses, by every way a status can be set."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from pydantic import ValidationError

from _model_samples import MINIMAL
from scrai.errors import IllegalTransitionError
from scrai.models import (
    Action,
    ActionStatus,
    Event,
    EventStatus,
    Lifecycle,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    reachable,
)

AT = datetime(2000, 1, 1, 5, tzinfo=UTC)

# Written out by hand from the design, not taken from the code.
LEGAL: dict[type[Lifecycle], set[tuple[str, str]]] = {
    Action: {
        ("pending", "approved"),
        ("pending", "cancelled"),
        ("approved", "executing"),
        ("approved", "cancelled"),
        ("executing", "completed"),
        ("executing", "failed"),
        ("executing", "cancelled"),
    },
    Event: {
        ("pending", "confirmed"),
        ("pending", "cancelled"),
        ("confirmed", "resolved"),
        ("confirmed", "cancelled"),
    },
    SimulationState: {
        ("created", "running"),
        ("running", "paused"),
        ("running", "completed"),
        ("running", "error"),
        ("paused", "running"),
        ("paused", "completed"),
        ("error", "running"),
        ("error", "completed"),
    },
}
STATUSES: dict[type[Lifecycle], Any] = {
    Action: ActionStatus,
    Event: EventStatus,
    SimulationState: SimulationStatus,
}
TERMINAL = {
    Action: {"completed", "failed", "cancelled"},
    Event: {"resolved", "cancelled"},
    SimulationState: {"completed"},
}


PAIRS = [
    pytest.param(cls, old, new, id=f"{cls.__name__}-{old}-{new}")
    for cls, statuses in STATUSES.items()
    for old, new in product(statuses, statuses)
]


def made(cls: type[Lifecycle], status: Any) -> Any:
    return cls(**MINIMAL[cls], status=status)


@pytest.mark.parametrize(("cls", "old", "new"), PAIRS)
@pytest.mark.parametrize("way", ["assign", "assign-text", "setattr", "copy"])
def test_every_pair(cls: type[Lifecycle], old: Any, new: Any, way: str) -> None:
    entity = made(cls, old)

    def move() -> Any:
        if way == "copy":
            return entity.model_copy(update={"status": new})
        if way == "setattr":
            setattr(entity, "status", new)  # noqa: B010
        else:
            entity.status = new if way == "assign" else new.value
        return entity

    legal = (old.value, new.value) in LEGAL[cls]
    assert entity.can_become(new) is legal
    if legal or old is new:
        assert move().status is new
        return
    with pytest.raises(IllegalTransitionError) as caught:
        move()
    assert entity.status is old
    message = str(caught.value)
    assert f"{cls.KIND} {entity.id} cannot go from {old} to {new}" in message
    for source, target in LEGAL[cls]:
        if source == old:
            assert target in message.partition(": ")[2]


@pytest.mark.parametrize(("cls", "old", "new"), PAIRS)
def test_reachable(cls: type[Lifecycle], old: Any, new: Any) -> None:
    found = {old.value}
    for _ in LEGAL[cls]:
        found |= {target for source, target in LEGAL[cls] if source in found}
    assert reachable(cls, old, new) is (new.value in found)


@pytest.mark.parametrize("cls", STATUSES)
def test_terminal(cls: type[Lifecycle]) -> None:
    terminal = {status.value for status in STATUSES[cls] if made(cls, status).is_terminal}
    assert terminal == TERMINAL[cls]


@pytest.mark.parametrize("cls", STATUSES)
def test_what_is_no_status_is_a_validation_error(cls: type[Lifecycle]) -> None:
    entity = cls(**MINIMAL[cls])
    for value in ("lunch", None, 3, ["pending"]):
        with pytest.raises(ValidationError):
            entity.status = value  # type: ignore[attr-defined]
    assert entity == type(entity).model_validate(entity.__dict__)


VERBS: list[tuple[type[Lifecycle], str, tuple[Any, ...], str]] = [
    (Action, "approve", ("ada",), "approved"),
    (Action, "start_execution", (AT,), "executing"),
    (Action, "complete", ({"ok": True}, AT), "completed"),
    (Action, "fail", ({"why": "rain"}, AT), "failed"),
    (Action, "cancel", ("late",), "cancelled"),
    (Event, "confirm", ("ada",), "confirmed"),
    (Event, "resolve", (AT,), "resolved"),
    (Event, "cancel", ("late",), "cancelled"),
    (SimulationState, "pause", (), "paused"),
    (SimulationState, "complete", (AT,), "completed"),
    (SimulationState, "fail", ("boom",), "error"),
]


VERBS_FROM = [
    pytest.param(cls, verb, arguments, target, old, id=f"{cls.__name__}-{old}-{verb}")
    for cls, verb, arguments, target in VERBS
    for old in STATUSES[cls]
]


@pytest.mark.parametrize(("cls", "verb", "arguments", "target", "old"), VERBS_FROM)
def test_every_verb_from_every_status(
    cls: type[Lifecycle], verb: str, arguments: tuple[Any, ...], target: str, old: Any
) -> None:
    entity = made(cls, old)
    before = copy.deepcopy(entity)
    if (old.value, target) in LEGAL[cls]:
        getattr(entity, verb)(*arguments)
        assert entity.status == target
    else:
        with pytest.raises(IllegalTransitionError):
            getattr(entity, verb)(*arguments)
        assert entity == before, "a refused verb changes nothing"


@pytest.mark.parametrize(("cls", "verb", "arguments", "target", "old"), VERBS_FROM)
def test_every_verb_works_without_its_optional_arguments(
    cls: type[Lifecycle], verb: str, arguments: tuple[Any, ...], target: str, old: Any
) -> None:
    if (old.value, target) in LEGAL[cls] and verb != "fail":
        entity = made(cls, old)
        getattr(entity, verb)()
        assert entity.status == target


def test_a_verb_twice_is_refused_and_says_so() -> None:
    action = made(Action, "pending")
    action.approve("ada")
    with pytest.raises(IllegalTransitionError, match="action x is already approved: from approved"):
        action.approve("bob")
    assert action.approved_by == "ada"


def test_a_final_status_says_so() -> None:
    with pytest.raises(IllegalTransitionError, match=r"event e .* to pending: resolved is f"):
        made(Event, "resolved").status = EventStatus.PENDING


def test_the_life_of_an_action() -> None:
    action = made(Action, "pending")
    action.requires_approval = True
    assert action.is_awaiting_approval
    action.approve(by="ada")
    assert not action.is_awaiting_approval
    action.start_execution(at=AT)
    action.complete({"ok": True}, at=AT)
    assert (action.approved_by, action.started_at, action.completed_at) == ("ada", AT, AT)
    assert action.outcome == {"ok": True}
    failed = made(Action, "executing")
    failed.fail({"why": "rain"}, at=AT)
    assert (failed.outcome, failed.completed_at) == ({"why": "rain"}, AT)


def test_the_life_of_an_event() -> None:
    event = made(Event, "pending")
    assert not event.is_awaiting_approval
    event.requires_approval = True
    assert event.is_awaiting_approval
    event.confirm(by="ada")
    event.resolve(at=AT)
    assert (event.approved_by, event.resolved_at) == ("ada", AT)


@pytest.mark.parametrize("cls", [Event, Action])
def test_cancel_keeps_the_reason(cls: type[Any]) -> None:
    entity = made(cls, "pending")
    entity.cancel(reason="too late")
    assert entity.metadata == {"cancelled": "too late"}


def test_the_life_of_a_simulation() -> None:
    state = made(SimulationState, "created")
    later = AT.replace(hour=9)
    state.start(at=AT)
    state.current_phase = SimulationPhase.WORLD_UPDATE
    state.pause()
    assert state.current_phase is SimulationPhase.WORLD_UPDATE, "a pause keeps the phase"
    state.resume()
    state.fail("boom")
    assert state.last_error == "boom"
    state.resume()
    state.complete(at=later)
    assert (state.started_at, state.completed_at) == (AT, later)
    assert state.current_phase is SimulationPhase.COMPLETED


@pytest.mark.parametrize("old", SimulationStatus)
def test_resume_is_for_what_has_run(old: SimulationStatus) -> None:
    state = made(SimulationState, old)
    if old in {"paused", "error"}:
        state.resume()
        assert state.status is SimulationStatus.RUNNING
    else:
        with pytest.raises(IllegalTransitionError, match=f"simulation s is {old}: only a paused"):
            state.resume()
        assert state.status is old


@pytest.mark.parametrize("old", SimulationStatus)
def test_start_is_for_what_has_not(old: SimulationStatus) -> None:
    state = made(SimulationState, old)
    if old == "created":
        state.start(AT)
        assert state.started_at == AT
    else:
        with pytest.raises(IllegalTransitionError, match=f"simulation s is {old}: only a created"):
            state.start(AT)
        assert (state.status, state.started_at) == (old, None)


def test_a_bad_time_leaves_the_status() -> None:
    action = made(Action, "approved")
    with pytest.raises(ValidationError):
        action.start_execution(at="noon")
    assert action.status is ActionStatus.APPROVED


def test_copies_and_pickles_keep_their_guard() -> None:
    for twin in (
        copy.deepcopy(made(Action, "pending")),
        pickle.loads(pickle.dumps(made(Action, "pending"))),
    ):
        with pytest.raises(IllegalTransitionError):
            twin.status = "completed"

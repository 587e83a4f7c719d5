"""What commands do: the same for the step that applies them and for readers who look ahead.

A step applies a command to its draft, whole, or refuses it with a reason. A repository applies
the commands that still wait to what it read, so that its readers see what is coming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias

import orjson
from pydantic import TypeAdapter, ValidationError

from scrai._words import plural
from scrai.data._conditions import check_fields, check_mapping
from scrai.data._gates import (
    ESCALATIONS,
    POLICY,
    WAITS_SINCE,
    admit,
    check_cancel,
    check_decider,
    check_update,
    gate_name,
    holds,
    mark,
    rule_of,
)
from scrai.data._head import check_texts
from scrai.data._mapping import ACTIONS, ACTORS, EVENTS, MODELS, check_local_id
from scrai.data._mediation import MEDIATION, with_mediation
from scrai.data._minds import check_minds
from scrai.errors import CommandRefusedError, InvalidInputError, ScraiError
from scrai.models import (
    Action,
    ActionSource,
    Actor,
    Command,
    CommandKind,
    Decision,
    Event,
    Operation,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    explain,
    reachable,
    stamp,
    to_stored,
)

FIXED_FIELDS: Final = frozenset({"id", "simulation_id", "created_at"})
SETTINGS: Final = frozenset(
    {
        "auto_approve_actions",
        "auto_approve_events",
        "description",
        "max_phases",
        "name",
        "researcher_mode",
    }
)
ORDER: Final = (
    SimulationPhase.INITIALIZE,
    SimulationPhase.EVENT_GENERATION,
    SimulationPhase.ACTION_COLLECTION,
    SimulationPhase.ACTION_RESOLUTION,
    SimulationPhase.WORLD_UPDATE,
    SimulationPhase.SNAPSHOT,
)


class Desk(Protocol):
    """Where commands are carried out: the live entities and the state of one simulation."""

    @property
    def state(self) -> SimulationState:
        """The simulation's state; commands change it in place."""
        ...

    def find(self, kind: str, key: str) -> Any:
        """Return the live entity of a collection, or None."""
        ...

    def add(self, kind: str, entity: Any) -> None:
        """Take in a new entity; raises InvalidInputError if its id is taken."""
        ...

    def replace(self, kind: str, old: Any, new: Any) -> None:
        """Put `new` where `old` stands."""
        ...

    def remove(self, kind: str, entity: Any) -> None:
        """Take an entity out."""
        ...

    def users_of(self, actor_id: str) -> list[str]:
        """Return the ids of the live actions of an actor."""
        ...


Apply: TypeAlias = Callable[[Command, Desk], str]


def adopt(entity: Any, state: SimulationState) -> None:
    """Give an entity its owner, simulated times unless chosen, and the marks of mediation."""
    entity.__dict__["simulation_id"] = state.id  # beneath validation, as it is valid
    stamp(entity, state.now)
    if isinstance(entity, Actor):
        return
    admit(entity, state)
    if (
        state.researcher_mode
        and entity.source != ActionSource.PLAYER
        and entity.status.value == "pending"
    ):
        entity.requires_approval = True
    mark(entity, state)


def successor(phase: SimulationPhase) -> SimulationPhase:
    """Return the phase after `phase`; after Snapshot comes Event Generation."""
    if phase is SimulationPhase.SNAPSHOT:
        return SimulationPhase.EVENT_GENERATION
    return ORDER[ORDER.index(phase) + 1]


def carry_out(command: Command, desk: Desk, step: int) -> str:
    """Carry out one command and return a line for the journal.

    Args:
        step: how many steps are committed; a command may have been meant for one of them only.

    Raises:
        CommandRefusedError: it does not fit the present state; the desk is as it was. Its cause
            is a UsageError or ValidationError where the command would fit no state at all.
    """
    if command.expected_step not in (None, step):
        raise CommandRefusedError(
            f"it was meant for step {command.expected_step}, and {step} steps are committed"
        )
    if desk.state.status is SimulationStatus.COMPLETED:
        raise CommandRefusedError("the simulation is completed")
    try:
        return _APPLY[command.kind](command, desk)
    except CommandRefusedError:
        raise
    except ValidationError as error:
        problems = "; ".join(explain(error, command.entity_id or command.kind.value))
        raise CommandRefusedError(problems) from error
    except ScraiError as error:
        raise CommandRefusedError(error.message, hint=error.hint) from error


def _inject(kind: str) -> Apply:
    def apply(command: Command, desk: Desk) -> str:
        entity = MODELS[kind].model_validate(command.payload | {"simulation_id": None})
        check_local_id(entity.id)
        if entity.id != command.entity_id:
            raise CommandRefusedError(f"it says {command.entity_id!r} and brings {entity.id!r}")
        if desk.find(kind, entity.id) is not None:
            raise CommandRefusedError(f"{kind[:-1]} {entity.id!r} exists already")
        check_effects(entity)
        desk.add(kind, entity)
        return f"{kind[:-1]} {entity.id} injected"

    return apply


def _update(kind: str) -> Apply:
    def apply(command: Command, desk: Desk) -> str:
        old = _entity(desk, kind, command)
        new = changed(old, command.payload)
        if kind != ACTORS:
            check_update(desk.state, old, new, command.by)
        desk.replace(kind, old, new)
        return f"{kind[:-1]} {old.id} updated: {', '.join(sorted(command.payload))}"

    return apply


def changed(old: Any, changes: Mapping[str, Any]) -> Any:
    """Return a validated copy of an entity with top-level fields replaced.

    Raises:
        CommandRefusedError: the status may not follow.
        InvalidInputError: a field may not be changed.
        ValidationError: the result would be invalid.
    """
    if not isinstance(changes, Mapping):
        raise InvalidInputError(f"{old.id}: the changes are not an object")
    fixed = sorted(FIXED_FIELDS.intersection(changes))
    if fixed:
        raise InvalidInputError(f"{old.id}: {', '.join(fixed)} cannot be changed")
    new = type(old).model_validate(old.model_dump() | dict(changes))
    if "status" in changes and not reachable(type(old), old.status, new.status):
        raise CommandRefusedError(f"{old.id}: {old.status.value} cannot become {new.status.value}")
    if "parameters" in changes:
        check_effects(new)
    return new


def check_effects(entity: Any) -> None:
    """Refuse an action whose declared effects (`parameters.effects`) are malformed.

    Rules find out at Action Resolution; a person is told at once, while a gate is still open.

    Raises:
        ValidationError: naming the operation.
    """
    if isinstance(entity, Action) and "effects" in entity.parameters:
        try:
            TypeAdapter(list[Operation]).validate_python(entity.parameters["effects"])
        except ValidationError as error:
            raise _within(error, "parameters", "effects") from None


def _within(error: ValidationError, *path: str) -> ValidationError:
    """Return an error about a part of an action as one about the action."""
    details: list[Any] = [
        detail | {"loc": (*path, *detail["loc"])} for detail in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(Action.__name__, details)


def updated(old: Any, updates: Mapping[str, Any]) -> tuple[Any, set[str]]:
    """Return a validated copy of an entity with top-level fields replaced, and those that differ.

    Unlike a step, whose phase may have taken several, an update makes one move of the status.

    Raises:
        InvalidInputError: an unknown field, or one that cannot be changed.
        IllegalTransitionError, ValidationError: the result would be invalid.
    """
    check_fields(type(old), check_mapping(updates, "updates"))
    new = old.model_copy(update=dict(updates), deep=True)
    before, after = to_stored(old), to_stored(new)
    names = {name for name in updates if _bytes(before.get(name)) != _bytes(after.get(name))}
    fixed = sorted(FIXED_FIELDS & names)
    if fixed:
        raise InvalidInputError(f"{', '.join(fixed)} cannot be changed")
    return new, names


def _bytes(value: Any) -> bytes:
    """Return canonical bytes: they tell True from 1, which are equal in Python."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _remove_actor(command: Command, desk: Desk) -> str:
    actor = _entity(desk, ACTORS, command)
    users = desk.users_of(actor.id)
    if users:
        raise CommandRefusedError(
            f"actor {actor.id} is still needed by {', '.join(users[:3])}",
            hint="cancel those actions, or set active=false",
        )
    desk.remove(ACTORS, actor)
    return f"actor {actor.id} removed"


def _cancel(kind: str) -> Apply:
    def apply(command: Command, desk: Desk) -> str:
        entity = _entity(desk, kind, command)
        check_cancel(desk.state, entity, command.by)
        entity.cancel(reason=command.payload.get("reason"))
        return f"{kind[:-1]} {entity.id} cancelled"

    return apply


def _decide(command: Command, desk: Desk) -> str:
    kind = EVENTS if command.collection == EVENTS else ACTIONS
    entity = _entity(desk, kind, command)
    gate = str(command.payload.get("gate", "approval"))
    if gate != gate_name(entity) or entity.status.value != "pending" or entity.approved_by:
        raise CommandRefusedError(f"{kind[:-1]} {entity.id}: gate {gate} is not open")
    if not (entity.requires_approval or holds(desk.state, entity)):
        raise CommandRefusedError(f"{kind[:-1]} {entity.id} does not ask for approval")
    check_decider(desk.state, entity, command.by)
    decision = Decision(command.payload["decision"])
    reason = command.payload.get("reason")
    record: dict[str, Any] = {"decision": decision.value}
    if reason:
        record["reason"] = reason
    new = entity.model_copy(deep=True)
    if decision is Decision.MODIFY:
        changes = command.payload.get("changes", {})
        new = changed(entity, changes)
        record["changes"] = {
            name: {"old": _json(entity, name), "new": _json(new, name)} for name in changes
        }
    new.modifications = new.modifications | {gate: record}
    _SETTLE[decision](desk, new, command.by or "unknown", reason)
    desk.replace(kind, entity, new)
    return f"{kind[:-1]} {entity.id}: {decision.value} by {command.by or 'unknown'}"


def lapse(desk: Desk, kind: str, entity: Any) -> str:
    """Do with an entity whose time is over what its rule says; return a line for the journal."""
    rule = rule_of(desk.state, entity)
    if rule is None or rule.then is None:
        raise CommandRefusedError(f"{kind[:-1]} {entity.id} has no deadline")
    reason = f"nobody decided within {rule.deadline_cycles} cycles"
    record = {"decision": rule.then, "by": POLICY, "reason": reason}
    entity.modifications = entity.modifications | {gate_name(entity): record}
    if rule.then == "cancel":
        entity.cancel(reason=reason)
    else:
        _SETTLE[Decision(rule.then)](desk, entity, POLICY, reason)
    return f"{kind[:-1]} {entity.id}: {rule.then} by {POLICY}, {reason}"


def _json(entity: Any, name: str) -> Any:
    return entity.model_dump(mode="json", include={name})[name]


def _grant(desk: Desk, entity: Any, who: str, reason: str | None) -> None:
    if entity.scheduled_for is not None and entity.scheduled_for > desk.state.now:
        entity.approved_by = who
    elif isinstance(entity, Event):
        entity.confirm(by=who)
    else:
        entity.approve(by=who)


def _refuse(desk: Desk, entity: Any, who: str, reason: str | None) -> None:
    entity.cancel(reason=reason or f"rejected by {who}")


def _terminate(desk: Desk, entity: Any, who: str, reason: str | None) -> None:
    entity.cancel(reason=reason or "the simulation was terminated")
    _end(desk)


def _escalate(desk: Desk, entity: Any, who: str, reason: str | None) -> None:
    found = entity.metadata | {ESCALATIONS: entity.metadata.get(ESCALATIONS, 0) + 1}
    if WAITS_SINCE in found:  # the time of the new gate runs from now
        found[WAITS_SINCE] = desk.state.cycle
    entity.metadata = found


_SETTLE: Final[dict[Decision, Callable[[Desk, Any, str, str | None], None]]] = {
    Decision.APPROVE: _grant,
    Decision.MODIFY: _grant,
    Decision.REJECT: _refuse,
    Decision.TERMINATE: _terminate,
    Decision.ESCALATE: _escalate,
}


def _pause(command: Command, desk: Desk) -> str:
    desk.state.pause()
    return "paused"


def _resume(command: Command, desk: Desk) -> str:
    if desk.state.status is SimulationStatus.ERROR:
        raise CommandRefusedError("the simulation is in error", hint="retry, skip or roll back")
    desk.state.resume()
    return "resumed"


def _stop(command: Command, desk: Desk) -> str:
    _end(desk)
    return "stopped"


def _end(desk: Desk) -> None:
    if desk.state.status is SimulationStatus.CREATED:
        desk.state.status = SimulationStatus.RUNNING
    desk.state.status = SimulationStatus.COMPLETED


def _retry(command: Command, desk: Desk) -> str:
    _leave_error(desk)
    return f"retry of {desk.state.current_phase.value}"


def _skip(command: Command, desk: Desk) -> str:
    skipped = desk.state.current_phase
    if desk.state.status is SimulationStatus.ERROR:
        _leave_error(desk)
    elif desk.state.status is not SimulationStatus.RUNNING:
        raise CommandRefusedError(f"a {desk.state.status.value} simulation cannot skip a phase")
    desk.state.current_phase = successor(skipped)
    if skipped is SimulationPhase.SNAPSHOT:
        desk.state.phase_number += 1
    return f"{skipped.value} skipped"


def _leave_error(desk: Desk) -> None:
    if desk.state.status is not SimulationStatus.ERROR:
        raise CommandRefusedError(f"the simulation is {desk.state.status.value}, not in error")
    desk.state.status = SimulationStatus.RUNNING
    desk.state.last_error = None


def _configure(command: Command, desk: Desk) -> str:
    unknown = sorted(set(command.payload) - SETTINGS - {"metadata", MEDIATION})
    if unknown:
        raise CommandRefusedError(
            f"unknown settings: {', '.join(unknown)}",
            hint=f"there are {', '.join(sorted(SETTINGS | {MEDIATION, 'metadata'}))}",
        )
    values = dict(command.payload)
    metadata = values.pop("metadata", {})
    if not isinstance(metadata, dict):
        raise CommandRefusedError("metadata is not an object")
    check_minds(metadata)
    state = desk.state
    if MEDIATION in metadata:
        values = {MEDIATION: metadata[MEDIATION]} | values
    if MEDIATION in values:
        metadata = metadata | with_mediation(values.pop(MEDIATION), state.metadata)
    trial = state.model_copy()  # a bad value is found out before anything is changed
    _assign(trial, values)
    check_texts(trial.name, trial.description)
    if trial.max_phases != state.max_phases:
        _check_length(trial)
    _assign(state, values)
    state.metadata = state.metadata | metadata
    return f"configured: {', '.join(sorted(command.payload))}"


def _assign(state: SimulationState, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(state, name, value)


def _check_length(state: SimulationState) -> None:
    cycles = state.max_phases
    if cycles is not None and cycles <= state.phase_number:
        raise CommandRefusedError(
            f"max_phases {cycles} is not above the {plural(state.phase_number, 'cycle')}"
            " already complete"
        )


def _entity(desk: Desk, kind: str, command: Command) -> Any:
    entity = desk.find(kind, command.entity_id or "")
    if entity is None:
        raise CommandRefusedError(
            f"no live {kind[:-1]} {command.entity_id!r}",
            hint="finished events and actions can no longer be changed",
        )
    return entity


_APPLY: Final[dict[CommandKind, Apply]] = {
    CommandKind.INJECT_ACTOR: _inject(ACTORS),
    CommandKind.INJECT_EVENT: _inject(EVENTS),
    CommandKind.INJECT_ACTION: _inject(ACTIONS),
    CommandKind.UPDATE_ACTOR: _update(ACTORS),
    CommandKind.UPDATE_EVENT: _update(EVENTS),
    CommandKind.UPDATE_ACTION: _update(ACTIONS),
    CommandKind.REMOVE_ACTOR: _remove_actor,
    CommandKind.CANCEL_EVENT: _cancel(EVENTS),
    CommandKind.CANCEL_ACTION: _cancel(ACTIONS),
    CommandKind.DECIDE: _decide,
    CommandKind.PAUSE: _pause,
    CommandKind.RESUME: _resume,
    CommandKind.STOP: _stop,
    CommandKind.RETRY: _retry,
    CommandKind.SKIP: _skip,
    CommandKind.CONFIGURE: _configure,
}

"""Commands: everything that comes from outside, applied inside a step.

A command is applied whole or refused with a reason; either way it is journaled verbatim and
gone from the inbox with the same commit, so it takes effect exactly once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from scrai.data import ACTIONS, ACTORS, EVENTS, MODELS, check_local_id, check_texts
from scrai.engine._context import ScenarioContext
from scrai.engine._draft import Draft
from scrai.engine._gates import ESCALATIONS, MEDIATION, POLICIES, gate_name
from scrai.errors import CommandRefusedError, ScraiError
from scrai.models import (
    Command,
    CommandKind,
    Decision,
    Event,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    explain,
    reachable,
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


def successor(phase: SimulationPhase) -> SimulationPhase:
    """Return the phase after `phase`; after Snapshot comes Event Generation."""
    if phase is SimulationPhase.SNAPSHOT:
        return SimulationPhase.EVENT_GENERATION
    return ORDER[ORDER.index(phase) + 1]


def apply_command(command: Command, draft: Draft, context: ScenarioContext, step: int) -> str:
    """Apply one command to the draft and return a line for the journal.

    Args:
        step: how many steps are committed; a command may have been meant for one of them only.

    Raises:
        CommandRefusedError: it does not fit the present state; the draft is as it was.
    """
    if command.expected_step not in (None, step):
        raise CommandRefusedError(
            f"it was meant for step {command.expected_step}, and {step} steps are committed"
        )
    try:
        return _APPLY[command.kind](command, draft, context)
    except CommandRefusedError:
        raise
    except ValidationError as error:
        problems = "; ".join(explain(error, command.entity_id or command.kind.value))
        raise CommandRefusedError(problems) from error
    except ScraiError as error:
        raise CommandRefusedError(error.message, hint=error.hint) from error


def _inject(kind: str) -> Callable[[Command, Draft, ScenarioContext], str]:
    def apply(command: Command, draft: Draft, context: ScenarioContext) -> str:
        entity = MODELS[kind].model_validate(command.payload | {"simulation_id": None})
        check_local_id(entity.id)
        context.add(kind, entity)
        return f"{kind[:-1]} {entity.id} injected"

    return apply


def _update(kind: str) -> Callable[[Command, Draft, ScenarioContext], str]:
    def apply(command: Command, draft: Draft, context: ScenarioContext) -> str:
        old = _entity(draft, kind, command)
        new = changed(old, command.payload)
        draft.table(kind).replace(old, new)
        return f"{kind[:-1]} {old.id} updated: {', '.join(sorted(command.payload))}"

    return apply


def changed(old: Any, changes: Mapping[str, Any]) -> Any:
    """Return a validated copy of an entity with top-level fields replaced.

    Raises:
        CommandRefusedError: a field may not be changed, or the status may not follow.
        ValidationError: the result would be invalid.
    """
    fixed = sorted(FIXED_FIELDS.intersection(changes))
    if fixed:
        raise CommandRefusedError(f"{old.id}: {', '.join(fixed)} cannot be changed")
    new = type(old).model_validate(old.model_dump() | dict(changes))
    if "status" in changes and not reachable(type(old), old.status, new.status):
        raise CommandRefusedError(f"{old.id}: {old.status.value} cannot become {new.status.value}")
    return new


def _remove_actor(command: Command, draft: Draft, context: ScenarioContext) -> str:
    actor = _entity(draft, ACTORS, command)
    users = [item.id for item in draft.actions.items if item.actor_id == actor.id]
    if users:
        raise CommandRefusedError(
            f"actor {actor.id} is still needed by {', '.join(users[:3])}",
            hint="cancel those actions, or set active=false",
        )
    draft.actors.remove(actor)
    return f"actor {actor.id} removed"


def _cancel(kind: str) -> Callable[[Command, Draft, ScenarioContext], str]:
    def apply(command: Command, draft: Draft, context: ScenarioContext) -> str:
        entity = _entity(draft, kind, command)
        entity.cancel(reason=command.payload.get("reason"))
        return f"{kind[:-1]} {entity.id} cancelled"

    return apply


def _decide(command: Command, draft: Draft, context: ScenarioContext) -> str:
    kind = EVENTS if command.collection == EVENTS else ACTIONS
    entity = _entity(draft, kind, command)
    gate = str(command.payload.get("gate", "approval"))
    if gate != gate_name(entity) or entity.status.value != "pending" or entity.approved_by:
        raise CommandRefusedError(f"{kind[:-1]} {entity.id}: gate {gate} is not open")
    decision = Decision(command.payload["decision"])
    reason = command.payload.get("reason")
    record: dict[str, Any] = {"decision": decision.value}
    if reason:
        record["reason"] = reason
    if decision is Decision.MODIFY:
        changes = command.payload.get("changes", {})
        new = changed(entity, changes)
        record["changes"] = {
            name: {"old": _json(entity, name), "new": _json(new, name)} for name in changes
        }
        draft.table(kind).replace(entity, new)
        entity = new
    entity.modifications = entity.modifications | {gate: record}
    _SETTLE[decision](command, draft, entity, reason)
    return f"{kind[:-1]} {entity.id}: {decision.value} by {command.by or 'unknown'}"


def _json(entity: Any, name: str) -> Any:
    return entity.model_dump(mode="json", include={name})[name]


def _grant(command: Command, draft: Draft, entity: Any, reason: str | None) -> None:
    who = command.by or "unknown"
    if entity.scheduled_for is not None and entity.scheduled_for > draft.state.now:
        entity.approved_by = who
    elif isinstance(entity, Event):
        entity.confirm(by=who)
    else:
        entity.approve(by=who)


def _refuse(command: Command, draft: Draft, entity: Any, reason: str | None) -> None:
    entity.cancel(reason=reason or f"rejected by {command.by or 'unknown'}")


def _terminate(command: Command, draft: Draft, entity: Any, reason: str | None) -> None:
    entity.cancel(reason=reason or "the simulation was terminated")
    _end(draft)


def _escalate(command: Command, draft: Draft, entity: Any, reason: str | None) -> None:
    level = entity.metadata.get(ESCALATIONS, 0)
    entity.metadata = entity.metadata | {ESCALATIONS: level + 1}


_SETTLE: Final[dict[Decision, Callable[[Command, Draft, Any, str | None], None]]] = {
    Decision.APPROVE: _grant,
    Decision.MODIFY: _grant,
    Decision.REJECT: _refuse,
    Decision.TERMINATE: _terminate,
    Decision.ESCALATE: _escalate,
}


def _pause(command: Command, draft: Draft, context: ScenarioContext) -> str:
    draft.state.pause()
    return "paused"


def _resume(command: Command, draft: Draft, context: ScenarioContext) -> str:
    if draft.state.status is SimulationStatus.ERROR:
        raise CommandRefusedError("the simulation is in error", hint="retry, skip or roll back")
    draft.state.resume()
    return "resumed"


def _stop(command: Command, draft: Draft, context: ScenarioContext) -> str:
    _end(draft)
    return "stopped"


def _end(draft: Draft) -> None:
    if draft.state.status is SimulationStatus.CREATED:
        draft.state.status = SimulationStatus.RUNNING
    draft.state.status = SimulationStatus.COMPLETED


def _retry(command: Command, draft: Draft, context: ScenarioContext) -> str:
    _leave_error(draft)
    return f"retry of {draft.state.current_phase.value}"


def _skip(command: Command, draft: Draft, context: ScenarioContext) -> str:
    skipped = draft.state.current_phase
    if draft.state.status is SimulationStatus.ERROR:
        _leave_error(draft)
    elif draft.state.status is not SimulationStatus.RUNNING:
        raise CommandRefusedError(f"a {draft.state.status.value} simulation cannot skip a phase")
    draft.state.current_phase = successor(skipped)
    if skipped is SimulationPhase.SNAPSHOT:
        draft.state.phase_number += 1
    return f"{skipped.value} skipped"


def _leave_error(draft: Draft) -> None:
    if draft.state.status is not SimulationStatus.ERROR:
        raise CommandRefusedError(f"the simulation is {draft.state.status.value}, not in error")
    draft.state.status = SimulationStatus.RUNNING
    draft.state.last_error = None


def _configure(command: Command, draft: Draft, context: ScenarioContext) -> str:
    unknown = sorted(set(command.payload) - SETTINGS - {"metadata", MEDIATION})
    if unknown:
        raise CommandRefusedError(
            f"unknown settings: {', '.join(unknown)}",
            hint=f"there are {', '.join(sorted(SETTINGS | {MEDIATION, 'metadata'}))}",
        )
    values = dict(command.payload)
    metadata = values.pop("metadata", {})
    if MEDIATION in values:
        metadata = metadata | {MEDIATION: _mediation(draft, values.pop(MEDIATION))}
    state = draft.state
    check_texts(values.get("name", state.name), values.get("description", state.description))
    if state.max_phases != values.get("max_phases", state.max_phases):
        _check_length(state, values["max_phases"])
    for name, value in values.items():
        setattr(draft.state, name, value)
    draft.state.metadata = draft.state.metadata | metadata
    return f"configured: {', '.join(sorted(command.payload))}"


def _check_length(state: SimulationState, cycles: int | None) -> None:
    if cycles is not None and cycles <= state.phase_number:
        raise CommandRefusedError(
            f"max_phases {cycles} is not above the {state.phase_number} cycles already complete"
        )


def _mediation(draft: Draft, found: Mapping[str, str]) -> dict[str, str]:
    bad = [f"{k}={v}" for k, v in found.items() if k not in {EVENTS, ACTIONS} or v not in POLICIES]
    if bad:
        raise CommandRefusedError(
            f"mediation: {', '.join(bad)}", hint="events or actions, each hold or pass"
        )
    return dict(draft.state.metadata.get(MEDIATION, {})) | dict(found)


def _entity(draft: Draft, kind: str, command: Command) -> Any:
    entity = draft.table(kind).find(command.entity_id or "")
    if entity is None:
        raise CommandRefusedError(
            f"no live {kind[:-1]} {command.entity_id!r}",
            hint="finished events and actions can no longer be changed",
        )
    return entity


_APPLY: Final[dict[CommandKind, Callable[[Command, Draft, ScenarioContext], str]]] = {
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

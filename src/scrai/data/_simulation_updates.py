"""What a repository asks of a simulation, and how a simulation looks ahead of its inbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scrai.data._commands import SETTINGS, carry_out
from scrai.data._conditions import check_fields, check_mapping
from scrai.data._inbox import accepting
from scrai.data._mapping import ACTORS
from scrai.data._overlay import LookAhead
from scrai.data._owned import new_command, send
from scrai.data._predicate import plain
from scrai.data._state import ENTITY_COUNTS, LISTS
from scrai.errors import IllegalTransitionError, InvalidInputError
from scrai.models import Command, CommandKind, SimulationPhase, SimulationState, SimulationStatus
from scrai.store import DocumentStore

_S = SimulationStatus
_METADATA: Final = "metadata"
_DERIVED: Final = ("phase_log", ENTITY_COUNTS)
"""Entries of metadata that are shown and never written."""

_MOVES: Final = {
    (_S.RUNNING, _S.PAUSED): CommandKind.PAUSE,
    (_S.PAUSED, _S.RUNNING): CommandKind.RESUME,
    (_S.ERROR, _S.RUNNING): CommandKind.RETRY,
    (_S.CREATED, _S.COMPLETED): CommandKind.STOP,
    (_S.RUNNING, _S.COMPLETED): CommandKind.STOP,
    (_S.PAUSED, _S.COMPLETED): CommandKind.STOP,
    (_S.ERROR, _S.COMPLETED): CommandKind.STOP,
}


async def change_simulation(
    store: DocumentStore, state: SimulationState, updates: Mapping[str, Any]
) -> None:
    """Ask for other settings or another status, in one commit.

    Args:
        store: where.
        state: the simulation as it will be; it is changed.
        updates: new values of top-level fields.

    Raises:
        InvalidInputError, CommandRefusedError, IllegalTransitionError: they cannot be had.
        SimulationEndedError: the simulation takes no commands any more.
    """
    head = await accepting(store, state.id)
    commands = _commands(state, check_mapping(updates, "updates"))
    desk = LookAhead(state)
    for command in commands:
        carry_out(command, desk, head.step)
    if commands:
        await send(store, state.id, *commands)


def _commands(state: SimulationState, updates: Mapping[str, Any]) -> list[Command]:
    check_fields(SimulationState, updates)
    fixed = sorted(updates.keys() - SETTINGS - {_METADATA, "status"})
    if fixed:
        raise InvalidInputError(
            f"{', '.join(fixed)} cannot be changed from outside: steps do it",
            hint=f"what can be asked for: {', '.join(sorted(SETTINGS | {_METADATA, 'status'}))}",
        )
    commands = []
    settings = {name: plain(value, name) for name, value in updates.items() if name != "status"}
    if isinstance(settings.get(_METADATA), dict):
        for name in _DERIVED:
            settings[_METADATA].pop(name, None)
    if settings:
        commands.append(new_command(CommandKind.CONFIGURE, payload=settings))
    if "status" in updates:
        commands += _move(state, updates["status"])
    return commands


def _move(state: SimulationState, status: Any) -> list[Command]:
    try:
        target = SimulationStatus(status)
    except ValueError:
        known = ", ".join(SimulationStatus)
        raise InvalidInputError(f"status {status!r:.60} is not one of {known}") from None
    if target is state.status:
        return []
    kind = _MOVES.get((state.status, target))
    if kind is None:
        raise IllegalTransitionError(
            f"nobody can ask that it go from {state.status} to {target}",
            hint="its first step starts a simulation; a failed phase puts it in error",
        )
    return [new_command(kind)]


def apply_ahead(state: SimulationState, desk: LookAhead | None) -> None:
    """Fill into a state what the commands carried out on a desk do to its lists."""
    if desk is None:
        return
    for kind, (field, _) in LISTS.items():
        listed = set(getattr(state, field))
        # Unchanged ones too: a step may have taken them in since the state was read.
        for key, entity in desk.touched(kind).items():
            listed.discard(key)
            if entity is not None and _is_listed(kind, entity):
                listed.add(key)
        state.__dict__[field] = sorted(listed)
    if state.status is SimulationStatus.COMPLETED:
        state.__dict__["current_phase"] = SimulationPhase.COMPLETED


def _is_listed(kind: str, entity: Any) -> bool:
    return bool(entity.active if kind == ACTORS else entity.status.value == "pending")

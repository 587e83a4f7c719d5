"""Mediation gates: what is marked `requires_approval` waits for a decision.

Event gates are looked at before Action Collection, action gates before Action Resolution. What
nothing marks passes freely, so an unattended run never blocks by default. What waits under a
deadline, or in a simulation that passes its kind over, holds up no phase: it stays pending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scrai.data import (
    ACTIONS,
    AUTO,
    EVENTS,
    PASS,
    Desk,
    deadline,
    gate_name,
    holds,
    is_awaiting,
    lapse,
    mark,
    mediation_of,
)
from scrai.models import Action, Event, SimulationPhase, SimulationState, SimulationStatus

if TYPE_CHECKING:
    from scrai.engine._draft import Draft

_GATED: Final = {
    SimulationPhase.ACTION_COLLECTION: EVENTS,
    SimulationPhase.ACTION_RESOLUTION: ACTIONS,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """An open gate: the entity that waits, and the gate's name (it changes on escalation)."""

    kind: str
    entity_id: str
    name: str


def admits(state: SimulationState, entity: Event | Action) -> bool:
    """Let the policies speak about what is about to pass; return whether nothing holds it.

    They are asked again here and not only when it came, because what it is may have become clear
    since: a model makes a precise action of what a player said.
    """
    mark(entity, state)
    return not holds(state, entity)


def passed_by(entity: Event | Action) -> str | None:
    """Return who lets an entity pass that nobody has approved, None if nobody has to."""
    return AUTO if entity.requires_approval and entity.approved_by is None else None


def open_gates(draft: Draft, phase: SimulationPhase) -> list[Gate]:
    """Return the gates that hold `phase`, in id order."""
    kind = _GATED.get(phase)
    state = draft.state
    if kind is None or getattr(mediation_of(state.metadata), kind) == PASS:
        return []
    table = draft.table(kind)
    if not table.touched and not any(row.awaiting for row in table.rows.values()):
        return []
    return [
        Gate(kind, item.id, gate_name(item))
        for item in table.items
        if is_awaiting(item)
        and holds(state, item)
        and deadline(state, item) is None
        and (item.scheduled_for is None or item.scheduled_for <= state.now)
    ]


def settle_waiting(draft: Draft, desk: Desk) -> list[str]:
    """Do what the policies say about all that waits; return lines for the journal.

    It belongs to a phase that is about to run: the commands before it have been applied, so a
    decision that came in time has been taken, and what is done here is committed with the phase
    or not at all.
    """
    state = draft.state
    if not mediation_of(state.metadata).rules:
        return []
    notes = []
    for kind in (EVENTS, ACTIONS):
        for item in _waiting(draft, kind):
            mark(item, state)
            due = deadline(state, item)
            if due is not None and due <= state.cycle and holds(state, item):
                notes.append(lapse(desk, kind, item))
            if state.status is SimulationStatus.COMPLETED:
                return notes
    return notes


def _waiting(draft: Draft, kind: str) -> Iterator[Any]:
    """Yield what waits for approval, in id order; nothing else is built."""
    table = draft.table(kind)
    found = {key for key, row in table.rows.items() if row.awaiting}
    found |= {item.id for item in table.working()}
    for key in sorted(found):
        item = table.find(key)
        if item is not None and is_awaiting(item):
            yield item

"""Mediation gates: what is marked `requires_approval` waits for a decision.

Event gates are looked at before Action Collection, action gates before Action Resolution. What
nothing marks passes freely, so an unattended run never blocks by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scrai.data import ACTIONS, EVENTS, HOLD, MEDIATION, PASS, gate_name, is_awaiting
from scrai.models import Action, Event, SimulationPhase, SimulationState

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


def holds_event(state: SimulationState, event: Event) -> bool:
    """Return whether an event still waits for somebody."""
    return is_awaiting(event) and not state.auto_approve_events


def holds_action(state: SimulationState, action: Action) -> bool:
    """Return whether an action still waits for somebody."""
    return is_awaiting(action) and not state.auto_approve_actions


def policy(state: SimulationState, kind: str) -> str:
    """Return whether open gates of a kind `hold` the phase or are passed over (`pass`)."""
    found = state.metadata.get(MEDIATION, {})
    return str(found.get(kind, HOLD)) if isinstance(found, dict) else HOLD


def open_gates(draft: Draft, phase: SimulationPhase) -> list[Gate]:
    """Return the gates that hold `phase`, in id order."""
    kind = _GATED.get(phase)
    if kind is None or policy(draft.state, kind) == PASS:
        return []
    table = draft.table(kind)
    if not table.touched and not any(row.awaiting for row in table.rows.values()):
        return []
    holds = holds_event if kind == EVENTS else holds_action
    return [
        Gate(kind, item.id, gate_name(item))
        for item in table.items
        if holds(draft.state, item)
        and (item.scheduled_for is None or item.scheduled_for <= draft.state.now)
    ]

"""The words of mediation: how a gate is called, and what may be decided about all of them."""

from __future__ import annotations

from typing import Final

from scrai.models import Action, Event

MEDIATION: Final = "mediation"
HOLD: Final = "hold"
PASS: Final = "pass"  # noqa: S105 - the word of the policy
POLICIES: Final = (HOLD, PASS)
ESCALATIONS: Final = "escalations"


def gate_name(entity: Event | Action) -> str:
    """Return the name of the entity's present gate: `approval`, later `approval-1` and so on."""
    level = entity.metadata.get(ESCALATIONS, 0)
    return f"approval-{level}" if level else "approval"

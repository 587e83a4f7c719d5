"""What can be set for a town."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, Field

Approvals: TypeAlias = Literal["none", "events", "actions", "all"]


class TownConfig(BaseModel):
    """The knobs of a town."""

    mood_drift: int = Field(
        0, ge=-10, le=10, description="points of mood that everybody gains in every cycle"
    )
    event_rate: float = Field(
        0.5, ge=0, le=1, description="chance that something unforeseen happens in a cycle"
    )
    festival_every: int = Field(7, ge=0, description="days from festival to festival; 0 for never")
    tax_percent: int = Field(
        10, ge=0, le=50, description="of the coins above ten that everybody pays each evening"
    )
    approvals: Approvals = Field(
        "none", description="what the town marks as needing a person's approval"
    )

    def marks(self, kind: Literal["events", "actions"]) -> bool:
        """Return whether entities of a kind need approval."""
        return self.approvals in (kind, "all")

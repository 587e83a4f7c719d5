"""Snapshot: close the cycle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai.engine._settle import settle
from scrai.engine.handlers._base import BasePhaseHandler
from scrai.models import SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext


class SnapshotPhaseHandler(BasePhaseHandler):
    """Lets the scenario look back on the cycle and say whether it is over.

    The engine records the snapshot itself, and the metrics, with the commit of this phase.
    """

    phase = SimulationPhase.SNAPSHOT

    async def execute(self, context: PhaseContext) -> None:
        """Call `on_snapshot`, then `finished`."""
        await settle(context.hooks.on_snapshot(context))
        reason = await settle(context.hooks.finished(context))
        if reason:
            context.end(str(reason))

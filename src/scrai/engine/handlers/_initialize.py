"""Initialize: start the simulation and let the scenario prepare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai.engine._settle import settle
from scrai.engine.handlers._base import BasePhaseHandler
from scrai.models import SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext


class InitializePhaseHandler(BasePhaseHandler):
    """Prepares and validates. Runs once: later cycles begin at Event Generation."""

    phase = SimulationPhase.INITIALIZE

    async def execute(self, context: PhaseContext) -> None:
        """Let the scenario make ready."""
        await settle(context.hooks.prepare(context))
        context.note(f"initialized {context.state.name}")

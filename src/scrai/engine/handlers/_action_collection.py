"""Action Collection: gather the actions that are due and approve those that nothing holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai._words import plural
from scrai.engine._gates import admits, passed_by
from scrai.engine.handlers._base import BasePhaseHandler, minds_at
from scrai.models import Action, ActionStatus, SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext


class ActionCollectionPhaseHandler(BasePhaseHandler):
    """Approves due actions; cancels those whose actor is gone or inactive."""

    phase = SimulationPhase.ACTION_COLLECTION

    async def execute(self, context: PhaseContext) -> None:
        """Let minds decide what to do; then look at every pending action once."""
        minds = minds_at(context)
        if minds is not None and minds.does("actions"):
            from scrai.engine.minds import imagine_actions, parse_actions

            await parse_actions(context, minds)
            context.extend(actions=await imagine_actions(context, minds))
        approved = 0
        for action in context.actions:
            if action.status is not ActionStatus.PENDING or not is_due(action, context):
                continue
            if not context.is_active(action.actor_id):
                action.cancel(reason=f"actor {action.actor_id} is not active")
            elif admits(context.state, action):
                action.approve(by=passed_by(action))
                approved += 1
        if approved:
            context.note(f"{plural(approved, 'action')} approved")


def is_due(action: Action, context: PhaseContext) -> bool:
    """Return whether an action's time has come, in simulated time."""
    return action.scheduled_for is None or action.scheduled_for <= context.now

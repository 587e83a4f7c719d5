"""World Update: apply what was decided, then let finished actions and events retire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai._words import plural
from scrai.engine._operations import Applier
from scrai.engine.handlers._base import BasePhaseHandler, minds_at
from scrai.errors import OperationError
from scrai.models import Action, ActionStatus, EventStatus, Operation, SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext
    from scrai.engine.minds import Minds


class WorldUpdatePhaseHandler(BasePhaseHandler):
    """Applies the effects of resolved actions, then of confirmed events, each whole or not."""

    phase = SimulationPhase.WORLD_UPDATE

    async def execute(self, context: PhaseContext) -> None:
        """Complete or fail every executing action; resolve every confirmed event."""
        applier = Applier(context)
        actions = [item for item in context.actions if item.status is ActionStatus.EXECUTING]
        for action in actions:
            _finish(context, applier, action)
        events = [item for item in context.events if item.status is EventStatus.CONFIRMED]
        for event in events:
            try:
                applier.apply(event.effects)
            except OperationError as problem:
                context.note(f"event {event.id}: effects not applied ({problem})")
            event.resolve(at=context.now)
        if actions or events:
            done, told = plural(len(actions), "action"), plural(len(events), "event")
            context.note(f"{done} finished, {told} resolved")
        minds = minds_at(context)
        if minds is not None:
            await _reflect(context, minds)


async def _reflect(context: PhaseContext, minds: Minds) -> None:
    from scrai.engine.minds import conclude, lay_down, learn_meanings

    if minds.does("world"):
        await conclude(context, minds)
    await learn_meanings(minds, lay_down(context))


def _finish(context: PhaseContext, applier: Applier, action: Action) -> None:
    outcome = dict(action.outcome or {"success": True, "reason": "", "effects": []})
    if not outcome.get("success"):
        action.fail(outcome=outcome, at=context.now)
        return
    try:
        effects = [Operation.model_validate(item) for item in outcome.get("effects", [])]
        applier.apply(effects, self_id=action.actor_id)
    except (OperationError, ValueError) as problem:
        reason = str(problem).splitlines()[0]
        action.fail(outcome=outcome | {"success": False, "reason": reason}, at=context.now)
        return
    action.complete(outcome=outcome, at=context.now)

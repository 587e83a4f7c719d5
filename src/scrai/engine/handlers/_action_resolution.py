"""Action Resolution: decide, in a fixed order, what becomes of every approved action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from scrai._words import plural
from scrai.engine._operations import Applier, holds
from scrai.engine.handlers._action_collection import is_due
from scrai.engine.handlers._base import BasePhaseHandler, minds_at
from scrai.errors import OperationError
from scrai.models import Action, ActionPriority, ActionStatus, Operation, SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext, ScenarioContext
    from scrai.engine.minds import Minds

_RANK = {
    ActionPriority.URGENT: 0,
    ActionPriority.HIGH: 1,
    ActionPriority.NORMAL: 2,
    ActionPriority.LOW: 3,
}
_OPERATIONS: TypeAdapter[list[Operation]] = TypeAdapter(list[Operation])


class ActionResolutionPhaseHandler(BasePhaseHandler):
    """Checks prerequisites, takes resource costs, draws success; World Update applies it.

    Urgent actions come first, then by id, so that two actions which want the same resource are
    settled the same way every time. Every resolved action carries an `outcome`:
    {success, reason, effects}; `effects` are the declared operations still to be applied.
    """

    phase = SimulationPhase.ACTION_RESOLUTION

    async def execute(self, context: PhaseContext) -> None:
        """Resolve every approved action that is due."""
        ready = [
            action
            for action in context.actions
            if action.status is ActionStatus.APPROVED and is_due(action, context)
        ]
        ready.sort(key=lambda item: (_RANK[item.priority], item.id))
        for action in ready:
            action.start_execution(at=context.now)
            action.outcome = resolve(context, action)
        minds = minds_at(context)
        if minds is not None and minds.does("resolution"):
            await _judge(context, minds, ready)
        if ready:
            failed = sum(not action.outcome["success"] for action in ready)
            context.note(f"{plural(len(ready), 'action')} resolved, {failed} without success")


async def _judge(context: PhaseContext, minds: Minds, ready: Sequence[Action]) -> None:
    """Let a model have the last word on the actions that the rules let pass."""
    from scrai.engine.minds import judge_actions

    passed = [action for action in ready if action.outcome["success"]]
    verdicts = await judge_actions(context, minds, passed)
    for action in passed:
        verdict = verdicts[action.id]
        if verdict["success"]:
            verdict["effects"] = [*action.outcome["effects"], *verdict["effects"]]
        action.outcome = verdict


def resolve(context: PhaseContext, action: Action) -> dict[str, Any]:
    """Return the outcome of one action; takes its resource costs if it is carried out."""
    problem = unmet(context, action)
    if problem:
        return {"success": False, "reason": problem, "effects": []}
    try:
        effects = declared_effects(action)
        Applier(context).apply(upkeep(action), self_id=action.actor_id)
    except (OperationError, ValidationError) as error:
        return {"success": False, "reason": _line(error), "effects": []}
    chance = action.success_probability
    if chance < 1.0 and not context.rng(f"resolve/{action.id}").chance(chance):
        return {"success": False, "reason": "did not succeed", "effects": []}
    dumped = _OPERATIONS.dump_python(effects, mode="json")
    return {"success": True, "reason": "", "effects": dumped}


def declared_effects(action: Action) -> list[Operation]:
    """Return the operations that an action declares: `parameters["effects"]`, and its move.

    Raises:
        ValidationError: one of them is malformed.
    """
    effects = _OPERATIONS.validate_python(action.parameters.get("effects", []))
    if action.target_location:
        effects.append(Operation(op="move", target="self", path="", value=action.target_location))
    return effects


def unmet(context: ScenarioContext, action: Action) -> str | None:
    """Return what an action lacks to be carried out, None if nothing."""
    for condition in action.prerequisites:
        if not holds(context, condition, action.actor_id):
            return f"needs {condition.path} {condition.op} {condition.value!r}"
    if not context.is_active(action.actor_id):
        return f"actor {action.actor_id} is not active"
    for name, amount in action.resource_costs.items():
        held = context.actor(action.actor_id).attributes.get(name)
        if isinstance(held, bool) or not isinstance(held, int | float) or held < amount:
            return f"needs {amount:g} {name}, has {held if held is not None else 'none'}"
    return None


def upkeep(action: Action) -> list[Operation]:
    """Return the operations that take an action's resource costs from its actor."""
    return [
        Operation(op="add", target="self", path=f"attributes.{name}", value=-_exact(amount))
        for name, amount in action.resource_costs.items()
        if amount
    ]


def _exact(amount: float) -> float:
    """Whole amounts stay integers, so that a count of coins does not turn into 7.0."""
    return int(amount) if float(amount).is_integer() else amount


def _line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"effects.{where}: {first['msg']}"
    return str(error)

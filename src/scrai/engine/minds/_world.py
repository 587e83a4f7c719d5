"""What a cycle amounts to: a summary, further consequences, and what people remember of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scrai.engine._operations import Applier
from scrai.engine.minds import _view
from scrai.engine.minds._effects import operations_of
from scrai.engine.minds._memory import remember
from scrai.engine.minds._minds import Minds, Question
from scrai.engine.minds._replies import WorldReply
from scrai.errors import OperationError
from scrai.models import Actor, ActorType, EventScope

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext

OWN: Final = 4
DONE_TO: Final = 5
HAPPENED: Final = 3
_SCOPE: Final = {EventScope.LOCAL: 0, EventScope.REGIONAL: 1, EventScope.GLOBAL: 3}


async def conclude(context: PhaseContext, minds: Minds) -> None:
    """Apply the consequences that a model sees, all of them or none."""
    question = Question[WorldReply](
        slot="world",
        prompt="world",
        values={
            "cycle": str(context.cycle),
            "now": context.now.isoformat(),
            "world": _view.world(context),
            "people": _view.everybody(context),
            "lately": _view.lately(context),
        },
        kind=WorldReply,
        role="world",
    )
    answer = await minds.ask(question)
    if answer is None:
        return
    effects, problems = operations_of(context, answer.effects)
    for problem in problems:
        context.note(f"world: left out {problem}")
    try:
        Applier(context).apply(effects)
    except OperationError as error:
        context.note(f"world: consequences not applied ({error})")
    context.note(answer.summary)


def lay_down(context: PhaseContext) -> list[Actor]:
    """Let every NPC remember what they did, what was done to them and what they noticed.

    Returns those who remember.
    """
    lived: dict[str, list[tuple[str, int]]] = {}
    for action in context.actions:
        if action.outcome:
            text = _view.deed(action)
            lived.setdefault(action.actor_id, []).append((text, OWN))
            for target in dict.fromkeys(action.target_actor_ids):
                if target != action.actor_id:
                    lived.setdefault(target, []).append((text, DONE_TO))
    people = [who for who in context.actors if who.active and who.type is ActorType.NPC]
    for actor in people:
        for event in _view.events_noticed(context, actor):
            text = f"{event.title}. {event.description}"
            remember(actor, text, cycle=context.cycle, importance=HAPPENED + _SCOPE[event.scope])
        for text, importance in lived.get(actor.id, ()):
            remember(actor, text, cycle=context.cycle, importance=importance)
    return people

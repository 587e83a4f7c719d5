"""Events that a model brings about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrai.engine.minds import _view
from scrai.engine.minds._effects import ACTOR, operations_of
from scrai.engine.minds._minds import Minds, Question
from scrai.engine.minds._replies import EventReply, EventsReply, events_reply
from scrai.models import Event

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext

SOURCE = "llm"


async def imagine_events(context: PhaseContext, minds: Minds) -> list[Event]:
    """Return new events of this cycle; what they may not do is noted and left out."""
    question = Question[EventsReply](
        slot="events",
        prompt="events",
        values={
            "cycle": str(context.cycle),
            "now": context.now.isoformat(),
            "world": _view.world(context),
            "people": _view.everybody(context),
            "lately": _view.lately(context),
            "most": str(minds.config.max_events),
        },
        kind=events_reply(minds.config.max_events),
        role="events",
    )
    answer = await minds.ask(question)
    if answer is None:
        return []
    most = minds.config.max_events
    if len(answer.events) > most:
        context.note(f"events: {len(answer.events) - most} more than {most} left out")
    return [_event(context, index, each) for index, each in enumerate(answer.events[:most])]


def _event(context: PhaseContext, index: int, reply: EventReply) -> Event:
    effects, problems = operations_of(context, reply.effects)
    known: list[str] = []
    strangers: list[str] = []
    for each in dict.fromkeys(reply.affected_actors):
        local = each.removeprefix(ACTOR)
        (known if context.find_actor(local) else strangers).append(local)
    if strangers:
        problems.append(f"unknown actors {', '.join(strangers)[:80]}")
    for problem in problems:
        context.note(f"event {reply.title[:40]!r}: left out {problem}")
    return Event(
        id=context.new_id(f"llm-event-{index}"),
        title=reply.title,
        description=reply.description,
        type=reply.type,
        scope=reply.scope,
        affected_actors=known,
        effects=effects,
        source=SOURCE,
    )

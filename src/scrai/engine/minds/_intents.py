"""What actors mean to do: every one by their own mind, or by words that are parsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scrai.engine.minds import _view
from scrai.engine.minds._effects import ACTOR, operations_of, places_of
from scrai.engine.minds._fence import fence
from scrai.engine.minds._meaning import meanings_of
from scrai.engine.minds._memory import Meaning
from scrai.engine.minds._minds import Minds, Question
from scrai.engine.minds._replies import ChoiceReply, OptionReply, choice_reply
from scrai.models import Action, ActionSource, ActionStatus, Actor, ActorType, Event

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext


async def imagine_actions(context: PhaseContext, minds: Minds) -> list[Action]:
    """Return one new action of every active NPC that has nothing under way, in id order."""
    _check_actors(context, minds)
    busy = {action.actor_id for action in context.actions}
    actors = [
        actor
        for actor in context.actors
        if actor.active and actor.type is ActorType.NPC and actor.id not in busy
    ]
    around = _Around(context)
    going_on = [_view.events_for(context, actor) for actor in actors]
    pairs = list(zip(actors, going_on, strict=True))
    meanings = await meanings_of(minds, (_view.on_the_mind(*pair) for pair in pairs))
    answers = await minds.ask_all([_act(context, minds, around, meanings, *each) for each in pairs])
    return [
        _action(context, actor, answer)
        for actor, answer in zip(actors, answers, strict=True)
        if answer is not None
    ]


def _check_actors(context: PhaseContext, minds: Minds) -> None:
    """Refuse a model for an actor that there never was; one who has left is said."""
    for role in minds.config.models:
        if not role.startswith(ACTOR):
            continue
        key = role.removeprefix(ACTOR)
        if context.cycle == 1:
            context.actor(key)
        elif context.find_actor(key) is None:
            context.note(f"minds: there is no actor {key!r} for the model of {role!r}")


async def parse_actions(context: PhaseContext, minds: Minds) -> None:
    """Put what players said in their own words into options, and choose the one meant."""
    found = [action for action in context.actions if is_free_text(action)]
    actors = [context.actor(action.actor_id) for action in found]
    pairs = list(zip(found, actors, strict=True))
    around = _Around(context)
    answers = await minds.ask_all([_parse(minds, around, *pair) for pair in pairs])
    for action, answer in zip(found, answers, strict=True):
        if answer is not None:
            _take(context, action, answer)


def is_free_text(action: Action) -> bool:
    """Say whether an action is only words yet."""
    said = action.intent or action.description
    precise = action.llm_parsed or action.parameters or action.target_location
    return (
        action.source is ActionSource.PLAYER
        and action.status is ActionStatus.PENDING
        and action.approved_by is None  # what somebody approved is done as it was approved
        and bool(said)
        and not precise
    )


def _act(
    context: PhaseContext,
    minds: Minds,
    around: _Around,
    meanings: Mapping[str, Meaning],
    actor: Actor,
    events: Sequence[Event],
) -> Question[ChoiceReply]:
    question = _view.on_the_mind(actor, events)
    return Question(
        slot=f"act/{actor.id}",
        prompt="act",
        values=around.seen_by(actor)
        | {
            "cycle": str(context.cycle),
            "now": context.now.isoformat(),
            "events": _view.happenings(events),
            "memory": _view.memory(context, actor, question, meanings.get(question)),
        },
        kind=_shape(minds),
        role=minds.role_of(actor.id),
        actor_id=actor.id,
    )


def _parse(minds: Minds, around: _Around, action: Action, actor: Actor) -> Question[ChoiceReply]:
    return Question(
        slot=f"parse/{action.id}",
        prompt="parse",
        values=around.seen_by(actor)
        | {"text": fence(f"{action.intent}\n{action.description}", 1000)},
        kind=_shape(minds),
        role="actions",
        actor_id=actor.id,
    )


def _shape(minds: Minds) -> type[ChoiceReply]:
    return choice_reply(1) if minds.config.brief else ChoiceReply


class _Around:
    """What actors may see of others and of the world, gathered once for all of them."""

    def __init__(self, context: PhaseContext) -> None:
        self._crowd = _view.Crowd(context)
        self._places = _view.places(context)

    def seen_by(self, actor: Actor) -> dict[str, str]:
        """Return what an actor's prompt tells of them and of what is around them."""
        return {
            "name": fence(actor.name, 100),
            "self": _view.oneself(actor),
            "people": _view.others(self._crowd, actor),
            "places": self._places,
        }


def _action(context: PhaseContext, actor: Actor, answer: ChoiceReply) -> Action:
    chosen = answer.options[answer.selected]
    return Action(
        id=context.new_id(f"llm-act-{actor.id}"),
        actor_id=actor.id,
        intent=chosen.intent,
        description=f"{actor.name}: {chosen.intent}",
        source=ActionSource.NPC,
        **_chosen(context, actor, answer),
    )


def _take(context: PhaseContext, action: Action, answer: ChoiceReply) -> None:
    actor = context.actor(action.actor_id)
    for name, value in _chosen(context, actor, answer).items():
        setattr(action, name, value)


def _chosen(context: PhaseContext, actor: Actor, answer: ChoiceReply) -> dict[str, Any]:
    """Return the fields of an action that follow from the option chosen."""
    chosen = answer.options[answer.selected]
    effects, problems = operations_of(context, chosen.effects, self_id=actor.id)
    targets, strangers = _targets(context, chosen.targets)
    if strangers:
        problems.append(f"unknown actors {', '.join(strangers)[:80]}")
    place = chosen.place or None
    if place is not None and place not in places_of(context):
        problems.append(f"there is no place {place!r:.60}")
        place = None
    for problem in problems:
        context.note(f"{actor.id}: left out {problem}")
    return {
        "type": chosen.type,
        "target_actor_ids": targets,
        "target_location": {"place": place} if place else None,
        "parameters": {"effects": [each.model_dump(mode="json") for each in effects]},
        "llm_parsed": True,
        "parsed_options": [_option(each) for each in answer.options],
        "selected_option": answer.selected,
    }


def _option(reply: OptionReply) -> dict[str, Any]:
    return reply.model_dump(mode="json", exclude_defaults=True)


def _targets(context: PhaseContext, ids: Sequence[str]) -> tuple[list[str], list[str]]:
    known: list[str] = []
    strangers: list[str] = []
    for each in dict.fromkeys(ids):
        local = each.removeprefix(ACTOR)
        (known if context.find_actor(local) else strangers).append(local)
    return known, strangers

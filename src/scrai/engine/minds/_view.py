"""What prompts tell: only what the one who is asked may know, in a fixed order, bounded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from scrai.engine.minds._effects import ACTOR, places_of
from scrai.engine.minds._fence import as_json, fence
from scrai.engine.minds._memory import Meaning, recall, summary_of
from scrai.models import Action, Actor, Event, EventScope, EventStatus

if TYPE_CHECKING:
    from scrai.engine._context import ScenarioContext

MOST_PEOPLE: Final = 24
MOST_EVENTS: Final = 8
MOST_LINES: Final = 12


def world(context: ScenarioContext) -> str:
    """Return the world and the environment: their plain values by path."""
    found = {
        "environment": _leaves(context.state.environment),
        "world": _leaves(context.state.world_state),
    }
    return as_json(found)


def everybody(context: ScenarioContext) -> str:
    """Return all active actors with their plain attributes: what the narrator knows."""
    active = [actor for actor in context.actors if actor.active]
    rows = [_card(actor, _leaves(actor.attributes)) for actor in active[:MOST_PEOPLE]]
    return as_json(rows, longest=8000)


def oneself(actor: Actor) -> str:
    """Return what an actor knows of themselves."""
    card = _card(actor, _leaves(actor.attributes))
    return as_json(card | {"relationships": _leaves(actor.relationships)})


class Crowd:
    """Everybody who is active, sorted once for all who look around in a phase."""

    def __init__(self, context: ScenarioContext) -> None:
        self._all = sorted((who for who in context.actors if who.active), key=lambda who: who.id)
        self._at: dict[Any, list[Actor]] = {}
        for who in self._all:
            self._at.setdefault(who.location.get("place"), []).append(who)

    def seen_by(self, viewer: Actor) -> list[Actor]:
        """Return the others whom an actor can see: near ones first, then by id."""
        here = viewer.location.get("place")
        far = (who for who in self._all if who.location.get("place") != here)
        others = (
            who
            for who in chain(self._at.get(here, ()), far)
            if who.id != viewer.id and who.visible_to(viewer)
        )
        return list(islice(others, MOST_PEOPLE))


def others(crowd: Crowd, viewer: Actor) -> str:
    """Return whom an actor sees: names and places, nothing of what they have or feel."""
    return as_json([_card(actor, None) for actor in crowd.seen_by(viewer)])


def events_for(context: ScenarioContext, viewer: Actor) -> list[Event]:
    """Return the confirmed events that an actor notices."""
    confirmed = [event for event in context.events if event.status is EventStatus.CONFIRMED]
    return [event for event in confirmed if concerns(event, viewer)][:MOST_EVENTS]


def events_noticed(context: ScenarioContext, viewer: Actor) -> list[Event]:
    """Return the events of this cycle that an actor noticed, those already over included."""
    return [event for event in context.events if _happened(event) and concerns(event, viewer)]


def _happened(event: Event) -> bool:
    return event.status in (EventStatus.CONFIRMED, EventStatus.RESOLVED)


def concerns(event: Event, actor: Actor) -> bool:
    """Say whether an actor notices an event: by name, by scope or by being there."""
    if actor.id in event.affected_actors or event.scope is not EventScope.LOCAL:
        return True
    place = event.location.get("place")
    return place is not None and place == actor.location.get("place")


def happenings(events: Iterable[Event]) -> str:
    """Return events as lines."""
    lines = [f"- {event.title}: {event.description}" for event in events]
    return fence("\n".join(lines) or "nothing in particular")


def lately(context: ScenarioContext) -> str:
    """Return what is known of this cycle: events, and what became of actions."""
    lines = [f"- {event.title}: {event.description}" for event in context.events[:MOST_EVENTS]]
    lines += [f"- {deed(action)}" for action in context.actions if action.outcome][:MOST_LINES]
    return fence("\n".join(lines) or "nothing in particular")


def on_the_mind(actor: Actor, events: Sequence[Event]) -> str:
    """Return what an actor's memories are asked for: what is going on, and where they are."""
    return " ".join([*(event.title for event in events), str(actor.location.get("place", ""))])


def memory(
    context: ScenarioContext, actor: Actor, question: str, meaning: Meaning | None = None
) -> str:
    """Return the memories that matter now, under the summary of the rest."""
    lines = [summary_of(actor)]
    found = recall(actor, question, cycle=context.cycle, meaning=meaning)
    lines.extend(f"- cycle {item.cycle}: {item.text}" for item in found)
    return fence("\n".join(filter(None, lines)) or "nothing yet")


def places(context: ScenarioContext) -> str:
    """Return the places that are known."""
    return as_json(places_of(context), longest=1000)


def actions(found: Sequence[Action]) -> str:
    """Return what is to be resolved, every id on its own line."""
    return as_json([_intent(action) for action in found], longest=12000)


def _intent(action: Action) -> dict[str, Any]:
    row = {
        "id": action.id,
        "actor": f"{ACTOR}{action.actor_id}",
        "type": action.type.value,
        "intent": (action.intent or action.description)[:200],
        "targets": action.target_actor_ids,
        "to": action.target_location,
    }
    return {name: value for name, value in row.items() if value}


def deed(action: Action) -> str:
    """Return an action and what became of it as a line."""
    ok = "done" if action.outcome.get("success") else "in vain"
    reason = str(action.outcome.get("reason", ""))[:80]
    return f"{action.description or action.intent} ({ok}{': ' if reason else ''}{reason})"


def _card(actor: Actor, attributes: dict[str, Any] | None) -> dict[str, Any]:
    card: dict[str, Any] = {
        "id": f"{ACTOR}{actor.id}",
        "name": actor.name,
        "place": actor.location.get("place"),
    }
    return card if attributes is None else card | {"attributes": attributes}


def _leaves(found: dict[str, Any]) -> dict[str, Any]:
    """Return the plain values of an open map; what is nested or long stays out of prompts."""
    return {
        name: value
        for name, value in found.items()
        if value is None
        or isinstance(value, int | float)
        or (isinstance(value, str) and len(value) <= 200)  # noqa: PLR2004 - a line
    }

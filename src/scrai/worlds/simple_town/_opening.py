"""The first morning: seven people, four events, seven actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from scrai.models import Action, ActionType, Event, EventType
from scrai.worlds.simple_town._deeds import act, add
from scrai.worlds.simple_town._happenings import happen
from scrai.worlds.simple_town._people import actor_id
from scrai.worlds.simple_town._town import PLACES, Town
from scrai.worlds.simple_town._work import FLOUR

WORLD: Final = {
    "bread": 12,
    "grain": 20,
    "goods": 10,
    "knowledge": 10,
    "tidiness": 60,
    "treasury": 60,
}
ENVIRONMENT: Final = {"weather": "sunny", "temperature": 16}


def opening_events(town: Town) -> list[Event]:
    """Return the morning briefing, which is now, and three events of later cycles."""

    def later(cycles: int) -> datetime:
        return town.now + timedelta(seconds=cycles * town.context.state.cycle_seconds)

    everybody: dict[str, Any] = {"affected": town.people}
    cheer = [add("attributes.mood", 4, f"actor:{person.id}") for person in town.people]
    storm = [{"op": "set", "target": "environment", "path": "weather", "value": "storm"}]
    return [
        happen(
            town, "", EventType.POLITICAL, "Morning briefing, day 1",
            "The mayor opens the town hall and reads out the plan of the week.",
            [{"op": "set", "target": "world", "path": "briefed", "value": True}],
            event_id="event-morning-briefing", place="town_hall", **everybody,
        ),
        happen(
            town, "", EventType.ECONOMIC, "Market day",
            "Crates from three valleys are unloaded.",
            [add("goods", 6, "world")],
            event_id="event-market-day", place="market", scheduled_for=later(1),
        ),
        happen(
            town, "", EventType.SOCIAL, "Songs on the square",
            "Somebody brought a fiddle.",
            cheer,
            event_id="event-evening-songs", scheduled_for=later(2), **everybody,
        ),
        happen(
            town, "", EventType.ENVIRONMENTAL, "The first storm of the year",
            "Shutters bang all along the hill.",
            [*storm, add("tidiness", -10, "world")],
            event_id="event-first-storm", scheduled_for=later(6),
        ),
    ]  # fmt: skip


def opening_actions(town: Town) -> list[Action]:
    """Return one action of each of the seven."""
    return [_first(town, *row) for row in _FIRST]


def _first(
    town: Town,
    role: str,
    key: str,
    kind: ActionType,
    intent: str,
    effect: dict[str, Any],
    rest: dict[str, Any],
) -> Action:
    person = town.context.actor(actor_id(role))
    return act(town, person, "", kind, intent, [effect], action_id=f"action-{role}-{key}", **rest)


_ROUNDS: Final = {"targets": ["actor-caretaker"], "place": "garden"}
_FIRST: Final[tuple[tuple[str, str, ActionType, str, dict[str, Any], dict[str, Any]], ...]] = (
    (
        "mayor", "briefing", ActionType.COMMUNICATION, "holds the morning briefing",
        add("attributes.mood", 3), {"targets": ["actor-doctor", "actor-merchant"]},
    ),
    (
        "doctor", "rounds", ActionType.INTERACTION, "looks in on Bettina Marsh",
        add("attributes.health", 5, "actor:actor-caretaker"), _ROUNDS,
    ),
    (
        "caretaker", "sweep", ActionType.CUSTOM, f"sweeps {PLACES['square']}",
        add("tidiness", 8, "world"), {"place": "square", "costs": {"energy": 6}},
    ),
    (
        "baker", "bread", ActionType.ECONOMIC, "bakes the first loaves",
        add("bread", 6, "world"), {"needs": [FLOUR]},
    ),
    (
        "farmer", "market", ActionType.MOVEMENT, f"drives to {PLACES['market']}",
        add("grain", 4, "world"), {"place": "market"},
    ),
    (
        "merchant", "greeting", ActionType.SOCIAL, "welcomes the first customers",
        add("attributes.mood", 4), {},
    ),
    (
        "teacher", "lesson", ActionType.RESEARCH, "prepares a lesson on the stars",
        add("knowledge", 2, "world"), {"chance": 0.9},
    ),
)  # fmt: skip

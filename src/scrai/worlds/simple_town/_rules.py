"""How people choose what to do: needs, the hour and the weather weigh on their wishes."""

from __future__ import annotations

from typing import Final

from scrai.models import Action, Actor
from scrai.worlds.simple_town._deeds import (
    Deed,
    help_out,
    rest,
    shop,
    sleep,
    study,
    talk,
    walk,
)
from scrai.worlds.simple_town._town import Town, have
from scrai.worlds.simple_town._work import work

EXHAUSTED: Final = 20
UNWELL: Final = 35
GLOOMY: Final = 35
POOR: Final = 5

_DEEDS: Final[dict[str, Deed]] = {
    "help": help_out,
    "rest": rest,
    "shop": shop,
    "study": study,
    "talk": talk,
    "walk": walk,
    "work": work,
}
_BY_DAY: Final = {
    "help": 1,
    "rest": 0.5,
    "shop": 2,
    "study": 0.6,
    "talk": 1.5,
    "walk": 1,
    "work": 6,
}
_BY_EVENING: Final = {"help": 1, "rest": 1, "shop": 3, "study": 1, "talk": 4, "walk": 2, "work": 1}


def plan(town: Town) -> list[Action]:
    """Return what everybody who is not busy yet means to do in this cycle."""
    busy = {action.actor_id for action in town.context.actions}
    return [choose(town, person) for person in town.people if person.id not in busy]


def choose(town: Town, person: Actor) -> Action:
    """Return what one person means to do."""
    rng = town.context.rng(person.id)
    if town.part == "night":
        return sleep(town, person, rng)
    if have(person, "energy") < EXHAUSTED or have(person, "health") < UNWELL:
        return rest(town, person, rng)
    weights = wishes(town, person)
    deed = rng.weighted(list(weights), list(weights.values()))
    # Shelves may be full or empty, and nobody else be there: then a walk is always possible.
    return _DEEDS[deed](town, person, rng) or walk(town, person, rng)


def wishes(town: Town, person: Actor) -> dict[str, float]:
    """Return how much a person would like to do each thing."""
    found: dict[str, float] = dict(_BY_EVENING if town.part == "evening" else _BY_DAY)
    if have(person, "mood") < GLOOMY:
        found["talk"] *= 2
        found["walk"] *= 2
    if have(person, "coins") < POOR:
        found["shop"] = 0
        found["work"] *= 2
    if town.weather == "storm":
        found["walk"] *= 0.2
        found["rest"] *= 3
    if town.is_festival():
        found["work"] *= 0.2
        found["talk"] *= 2
    return found

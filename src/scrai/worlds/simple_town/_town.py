"""One phase's view of a town: the hour, the people, and the stores to plan with."""

from __future__ import annotations

from typing import Any, Final

from scrai.models import Actor, ActorType
from scrai.scenarios import ScenarioContext
from scrai.worlds.simple_town._config import TownConfig

PARTS: Final = ("morning", "afternoon", "evening", "night")
STORES: Final = {"bread": 60, "grain": 60, "goods": 60, "knowledge": 100, "tidiness": 100}
"""What the town has in common, and the most that it can hold."""

PLACES: Final = {
    "town_hall": "the town hall",
    "clinic": "the clinic",
    "school": "the school",
    "bakery": "the bakery",
    "market": "the market",
    "farm": "the farm",
    "garden": "the garden",
    "square": "the square",
}
NEEDS: Final = ("energy", "health", "mood")


class Town:
    """What the rules look at. It lives for one phase; what lasts is in the simulation."""

    __slots__ = ("config", "context", "day", "left", "now", "part", "people", "world")

    def __init__(self, context: ScenarioContext, config: TownConfig) -> None:
        self.context = context
        self.config = config
        self.now = context.now
        self.world = context.state.world_state
        days, part = divmod(context.cycle - 1, len(PARTS))
        self.day = days + 1
        self.part = PARTS[part]
        self.people = people(context)
        self.left = {name: number(self.world.get(name)) for name in (*STORES, "treasury")}
        """Stores that nobody has planned to use yet."""

    @property
    def weather(self) -> str:
        """The weather as people see it."""
        return str(self.context.state.environment.get("weather", "sunny"))

    def is_festival(self) -> bool:
        """Whether today is a festival."""
        every = self.config.festival_every
        return every > 0 and self.day % every == 0

    def take(self, store: str, amount: int) -> bool:
        """Plan to use some of a store; False if not enough is left."""
        if self.left[store] < amount:
            return False
        self.left[store] -= amount
        return True

    def find(self, role: str) -> Actor | None:
        """Return the person of a role, if there still is one."""
        return next((who for who in self.people if who.attributes.get("role") == role), None)

    def others(self, person: Actor) -> list[Actor]:
        """Return who is where `person` is, or everybody else if nobody is."""
        place = person.location.get("place")
        rest = [who for who in self.people if who is not person]
        return [who for who in rest if who.location.get("place") == place] or rest


def people(context: ScenarioContext) -> list[Actor]:
    """Return those who live by the rules: also newcomers that somebody added to the town."""
    return [who for who in context.actors if who.active and who.type is ActorType.NPC]


def number(value: Any, default: int = 0) -> int:
    """Return a whole number, also where somebody's edit left something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    return int(value)


def have(person: Actor, name: str) -> int:
    """Return an attribute; needs that were never set are at their middle."""
    return number(person.attributes.get(name), 50 if name in NEEDS else 0)


def clamp(value: int, low: int = 0, high: int = 100) -> int:
    """Return `value` within its bounds."""
    return max(low, min(high, value))

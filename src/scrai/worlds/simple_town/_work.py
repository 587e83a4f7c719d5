"""The trades: what each role does for the town and lives on."""

from __future__ import annotations

from typing import Any, Final

from scrai.engine import Rng
from scrai.models import Action, ActionPriority, ActionType, Actor, Condition
from scrai.worlds.simple_town._deeds import WAGE, Deed, act, add, of
from scrai.worlds.simple_town._town import STORES, Town, have

BATCH: Final = 8
GRAIN: Final = 3
ILL: Final = 60
FLOUR: Final = Condition(target="world", path="grain", op=">=", value=GRAIN)


def work(town: Town, person: Actor, rng: Rng) -> Action | None:
    """Do the work of one's trade; newcomers without one help in the garden."""
    trade = _TRADES.get(str(person.attributes.get("role")), tend_garden)
    return trade(town, person, rng)


def hear_petitions(town: Town, person: Actor, rng: Rng) -> Action | None:
    """The mayor listens to somebody."""
    others = [who for who in town.people if who is not person]
    if not others:
        return None
    other = rng.choice(others)
    effects = [*_paid(town), add(f"relationships.{person.id}", 3, of(other))]
    intent = f"hears a petition of {other.name}"
    return _job(town, person, ActionType.SOCIAL, intent, effects, targets=[other.id])


def treat(town: Town, person: Actor, rng: Rng) -> Action | None:
    """The doctor sees the person in the worst health."""
    others = [who for who in town.people if who is not person]
    if not others:
        return None
    patient = min(others, key=lambda who: (have(who, "health"), who.id))
    urgent = have(patient, "health") < ILL
    effects = [*_paid(town), add("attributes.health", rng.integer(12, 20), of(patient))]
    return _job(
        town,
        person,
        ActionType.INTERACTION,
        f"{'treats' if urgent else 'examines'} {patient.name}",
        effects,
        targets=[patient.id],
        priority=ActionPriority.HIGH if urgent else ActionPriority.NORMAL,
    )


def tend_garden(town: Town, person: Actor, rng: Rng) -> Action:
    """The caretaker keeps the town tidy."""
    effects = [*_paid(town), add("tidiness", rng.integer(6, 12), "world")]
    intent = rng.choice(("rakes the paths", "mends a fence", "waters the garden"))
    return _job(town, person, ActionType.CUSTOM, intent, effects)


def teach(town: Town, person: Actor, rng: Rng) -> Action:
    """The teacher holds a lesson, which does not always stick."""
    effects = [*_paid(town), add("knowledge", 2, "world")]
    intent = f"teaches {rng.choice(('sums', 'history', 'botany', 'singing'))}"
    return _job(town, person, ActionType.RESEARCH, intent, effects, chance=0.85)


def bake(town: Town, person: Actor, rng: Rng) -> Action | None:
    """The baker buys grain from the farmer and bakes, unless the shelves are full."""
    farmer = town.find("farmer")
    price = rng.integer(1, 2)
    if town.left["bread"] + BATCH > STORES["bread"] or have(person, "coins") < price:
        return None
    if farmer is None or not town.take("grain", GRAIN):
        return None
    effects = [
        add("grain", -GRAIN, "world"),
        add("bread", BATCH, "world"),
        add("attributes.coins", price, of(farmer)),
    ]
    costs = {"coins": price, "energy": 6}
    intent = f"bakes {BATCH} loaves"
    return _job(town, person, ActionType.ECONOMIC, intent, effects, needs=[FLOUR], costs=costs)


def farm(town: Town, person: Actor, rng: Rng) -> Action | None:
    """The farmer brings in grain; little of it in a storm."""
    crop = rng.integer(1, 2) if town.weather == "storm" else rng.integer(2, 4)
    if town.left["grain"] + crop > STORES["grain"]:
        return None
    intent = f"brings in {_count(crop, 'sack')} of grain"
    return _job(town, person, ActionType.ECONOMIC, intent, [add("grain", crop, "world")])


def trade(town: Town, person: Actor, rng: Rng) -> Action | None:
    """The merchant orders goods and pays a market fee to the town."""
    batch = rng.integer(1, 3)
    if town.left["goods"] + batch > STORES["goods"] or have(person, "coins") < 1:
        return None
    effects = [add("goods", batch, "world"), add("treasury", 1, "world")]
    costs = {"coins": 1, "energy": 6}
    intent = f"unpacks {_count(batch, 'crate')} at the stall"
    return _job(town, person, ActionType.ECONOMIC, intent, effects, costs=costs)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' if number > 1 else ''}"


def _paid(town: Town) -> list[dict[str, Any]]:
    """Return the operations that pay a wage, if the treasury still can."""
    if not town.take("treasury", WAGE):
        return [add("attributes.mood", -3)]
    return [add("treasury", -WAGE, "world"), add("attributes.coins", WAGE)]


def _job(
    town: Town,
    person: Actor,
    kind: ActionType,
    intent: str,
    effects: list[dict[str, Any]],
    **rest: Any,
) -> Action:
    place = person.attributes.get("work", "garden")
    rest.setdefault("costs", {"energy": 6})
    return act(town, person, "work", kind, intent, effects, place=str(place), **rest)


_TRADES: Final[dict[str, Deed]] = {
    "baker": bake,
    "caretaker": tend_garden,
    "doctor": treat,
    "farmer": farm,
    "mayor": hear_petitions,
    "merchant": trade,
    "teacher": teach,
}

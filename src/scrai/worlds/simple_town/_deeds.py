"""What people can do. Each deed is an action whose effects are declared operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from scrai.engine import Rng
from scrai.models import Action, ActionPriority, ActionType, Actor, Condition
from scrai.worlds.simple_town._town import PLACES, Town, clamp, have

Deed: TypeAlias = Callable[[Town, Actor, Rng], Action | None]
WAGE: Final = 3
BREAD_PRICE: Final = 2
GOODS_PRICE: Final = 4
STUDY_ENERGY: Final = 25
HUNGRY: Final = 55


def add(path: str, value: int, target: str = "self") -> dict[str, Any]:
    """Return the operation that adds to a number."""
    return {"op": "add", "target": target, "path": path, "value": value}


def of(person: Actor) -> str:
    """Return the target of operations on a person."""
    return f"actor:{person.id}"


def act(
    town: Town,
    person: Actor,
    key: str,
    kind: ActionType,
    intent: str,
    effects: Iterable[Mapping[str, Any]],
    *,
    place: str | None = None,
    costs: Mapping[str, float] | None = None,
    needs: Iterable[Condition] = (),
    chance: float = 1.0,
    targets: Iterable[str] = (),
    priority: ActionPriority = ActionPriority.NORMAL,
    action_id: str | None = None,
) -> Action:
    """Return an action of `person`; `intent` is told in the third person."""
    moves = place is not None and person.location.get("place") != place
    return Action(
        id=action_id or town.context.new_id(key),
        created_at=town.now,
        actor_id=person.id,
        type=kind,
        intent=intent,
        description=f"{person.name} {intent}.",
        parameters={"effects": list(effects)},
        target_actor_ids=list(targets),
        target_location={"place": place} if moves else None,
        priority=priority,
        prerequisites=list(needs),
        resource_costs=dict(costs or {}),
        success_probability=chance,
        requires_approval=town.config.marks("actions"),
    )


def sleep(town: Town, person: Actor, rng: Rng) -> Action:
    """Go home and sleep."""
    gain = rng.integer(32, 42)
    effects = [add("attributes.energy", gain), add("attributes.health", 2)]
    home = str(person.attributes.get("home", "square"))
    return act(town, person, "sleep", ActionType.MOVEMENT, "sleeps at home", effects, place=home)


def rest(town: Town, person: Actor, rng: Rng) -> Action:
    """Stay at home to recover."""
    effects = [add("attributes.energy", rng.integer(12, 20)), add("attributes.health", 5)]
    home = str(person.attributes.get("home", "square"))
    return act(town, person, "rest", ActionType.MOVEMENT, "rests at home", effects, place=home)


def walk(town: Town, person: Actor, rng: Rng) -> Action:
    """Go somewhere for the sake of it."""
    here = person.location.get("place")
    place = rng.choice([name for name in PLACES if name != here])
    effects = [add("attributes.mood", -3 if town.weather == "storm" else 5)]
    intent = f"strolls to {PLACES[place]}"
    return act(town, person, "walk", ActionType.MOVEMENT, intent, effects, place=place)


def talk(town: Town, person: Actor, rng: Rng) -> Action | None:
    """Talk with somebody near; it goes well more often between friends."""
    others = town.others(person)
    if not others:
        return None
    other = rng.choice(others)
    trust = person.relationships.get(other.id)
    known = trust if isinstance(trust, int) else 0
    chance = clamp(70 + known // 4 + (have(person, "mood") - 50) // 4, 20, 95) / 100
    effects = [
        add("attributes.mood", 6),
        add(f"relationships.{other.id}", 3),
        add(f"relationships.{person.id}", 2, of(other)),
    ]
    return act(
        town,
        person,
        "talk",
        ActionType.COMMUNICATION,
        f"talks with {other.name} about {rng.choice(_TOPICS)}",
        effects,
        chance=chance,
        targets=[other.id],
    )


_TOPICS: Final = (
    "the weather",
    "the price of bread",
    "the old well",
    "the next festival",
    "what the mayor said",
    "a book",
    "the harvest",
    "times long gone",
)


def shop(town: Town, person: Actor, rng: Rng) -> Action | None:
    """Buy bread when tired, else something nice, if it is there and there are coins."""
    wants_bread = have(person, "energy") < HUNGRY or rng.chance(0.5)
    order = ("bread", "goods") if wants_bread else ("goods", "bread")
    for thing in order:
        role, price, effect, place = _SHOPS[thing]
        seller = town.find(role)
        if seller is None or seller is person or have(person, "coins") < price:
            continue
        if not town.take(thing, 1):
            continue
        effects = [effect, add(thing, -1, "world"), add("attributes.coins", price, of(seller))]
        return act(
            town,
            person,
            "shop",
            ActionType.ECONOMIC,
            f"buys {_WORDS[thing]} from {seller.name}",
            effects,
            place=place,
            costs={"coins": price},
            needs=[_IN_STOCK[thing]],
            targets=[seller.id],
        )
    return None


_SHOPS: Final = {
    "bread": ("baker", BREAD_PRICE, add("attributes.energy", 12), "bakery"),
    "goods": ("merchant", GOODS_PRICE, add("attributes.mood", 9), "market"),
}
_IN_STOCK: Final = {
    thing: Condition(target="world", path=thing, op=">=", value=1) for thing in _SHOPS
}
_WORDS: Final = {"bread": "a loaf of bread", "goods": "a trinket"}


def help_out(town: Town, person: Actor, rng: Rng) -> Action | None:
    """Look after whoever feels worst."""
    others = [who for who in town.people if who is not person]
    if not others:
        return None
    other = min(others, key=lambda who: (have(who, "mood") + have(who, "health"), who.id))
    effects = [
        add("attributes.mood", rng.integer(4, 8), of(other)),
        add(f"relationships.{person.id}", 4, of(other)),
        add("attributes.mood", 2),
    ]
    return act(
        town,
        person,
        "help",
        ActionType.SOCIAL,
        f"looks after {other.name}",
        effects,
        costs={"energy": 4},
        targets=[other.id],
        place=other.location.get("place"),
    )


def study(town: Town, person: Actor, rng: Rng) -> Action:
    """Find something out, with some luck."""
    effects = [add("knowledge", 2, "world"), add("attributes.mood", 3)]
    return act(
        town,
        person,
        "study",
        ActionType.RESEARCH,
        f"studies {rng.choice(_SUBJECTS)}",
        effects,
        place="school",
        costs={"energy": 5},
        needs=[_AWAKE],
        chance=0.6,
    )


_AWAKE: Final = Condition(path="attributes.energy", op=">=", value=STUDY_ENERGY)
_SUBJECTS: Final = ("the stars", "the river", "old town records", "beetles", "medicine", "clouds")

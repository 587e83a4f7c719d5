"""What happens to the town: one event that belongs to the hour, and now and then another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from scrai.engine import Rng
from scrai.models import Actor, Event, EventScope, EventType
from scrai.worlds.simple_town._deeds import add, of
from scrai.worlds.simple_town._town import Town, clamp, have, number

Incident: TypeAlias = Callable[[Town, Rng], Event | None]
UNTAXED: Final = 10
CHEERFUL: Final = 60
GLOOMY: Final = 40
CROWDED: Final = 20
"""So many events wait and none is added: a gate that nobody attends must not flood the town."""

_NEXT_WEATHER: Final = {
    "sunny": (("sunny", "cloudy", "rain"), (5, 3, 1)),
    "cloudy": (("sunny", "cloudy", "rain", "storm"), (3, 3, 3, 1)),
    "rain": (("sunny", "cloudy", "rain", "storm"), (1, 4, 3, 1)),
    "storm": (("cloudy", "rain"), (1, 2)),
}
_WARMTH: Final = {"sunny": 19, "cloudy": 14, "rain": 11, "storm": 8}


def happen(
    town: Town,
    key: str,
    kind: EventType,
    title: str,
    text: str,
    effects: Iterable[dict[str, Any]],
    *,
    affected: Iterable[Actor] = (),
    place: str = "square",
    scope: EventScope = EventScope.LOCAL,
    **rest: Any,
) -> Event:
    """Return an event of the town."""
    values: dict[str, Any] = {
        "id": rest.pop("event_id", None) or town.context.new_id(key),
        "created_at": town.now,
        "type": kind,
        "title": title,
        "description": text,
        "affected_actors": [person.id for person in affected],
        "effects": list(effects),
        "location": {"place": place},
        "scope": scope,
        "source": "simple_town",
        "requires_approval": town.config.marks("events"),
    }
    return Event(**values, **rest)


def events(town: Town) -> list[Event]:
    """Return what happens in this cycle."""
    if len(town.context.events) >= CROWDED:
        return []
    found = [_ROUTINE[town.part](town, town.context.rng("routine"))]
    rng = town.context.rng("incident")
    if rng.chance(town.config.event_rate) and town.people:
        incident = rng.choice(_INCIDENTS)(town, rng)
        found += [incident] if incident is not None else []
    return found


# -- the hours --------------------------------------------------------------------------------


def morning(town: Town, rng: Rng) -> Event:
    """The mayor tells how the town stands, and the day's weather comes."""
    mood = sum(have(person, "mood") for person in town.people) // max(1, len(town.people))
    feeling = "cheerful" if mood > CHEERFUL else "calm" if mood > GLOOMY else "gloomy"
    held = town.left
    text = (
        f"{held['bread']} loaves on the shelves, {held['treasury']} coins in the treasury,"
        f" and a {feeling} town."
    )
    return happen(
        town,
        "briefing",
        EventType.POLITICAL,
        f"Morning briefing, day {town.day}",
        text,
        turn_weather(town, rng),
        affected=town.people,
        place="town_hall",
    )


def afternoon(town: Town, rng: Rng) -> Event:
    """A festival if it is due, else the weather turns."""
    if town.is_festival():
        cheer = [add("attributes.mood", 15, of(person)) for person in town.people]
        return happen(
            town,
            "festival",
            EventType.SOCIAL,
            f"Festival on the square, day {town.day}",
            "Lanterns, fiddles and far too much cake.",
            cheer,
            affected=town.people,
            scope=EventScope.GLOBAL,
        )
    effects = turn_weather(town, rng)
    title = f"The afternoon turns {_ADJECTIVES[effects[0]['value']]}"
    text = f"{effects[1]['value']} degrees at the market clock."
    return happen(town, "weather", EventType.ENVIRONMENTAL, title, text, effects, place="market")


_ADJECTIVES: Final = {"sunny": "sunny", "cloudy": "grey", "rain": "wet", "storm": "stormy"}


def evening(town: Town, _: Rng) -> Event:
    """The town collects its tax from those who have more than they need."""
    dues = [
        (person, (have(person, "coins") - UNTAXED) * town.config.tax_percent // 100)
        for person in town.people
        if have(person, "coins") > UNTAXED
    ]
    owed = [(person, due) for person, due in dues if due > 0]
    total = sum(due for _, due in owed)
    effects = [add("attributes.coins", -due, of(person)) for person, due in owed]
    if total:
        effects.append(add("treasury", total, "world"))
    return happen(
        town,
        "tax",
        EventType.ECONOMIC,
        f"The tax box goes round: {total} coins",
        f"{len(owed)} people pay {town.config.tax_percent} % of what is above {UNTAXED}.",
        effects,
        affected=[person for person, _ in owed],
        place="town_hall",
    )


def night(town: Town, rng: Rng) -> Event:
    """Who has a coin has supper, as far as the bread goes, and things wear out a little."""
    title = rng.choice(("The lamps go out", "An owl calls", "Fog on the river", "A clear sky"))
    baker = town.find("baker")
    able = [who for who in town.people if who is baker or have(who, "coins") > 0]
    fed = able[: town.left["bread"]] if baker else []
    hungry = [who for who in town.people if who not in fed]
    effects = [add("bread", -len(fed), "world")]
    effects += [add(store, -rng.integer(*wear), "world") for store, wear in _WEAR.items()]
    effects += [add("attributes.mood", -4, of(person)) for person in hungry]
    if baker:
        guests = [who for who in fed if who is not baker]
        effects += [add("attributes.coins", -1, of(person)) for person in guests]
        effects.append(add("attributes.coins", len(guests), of(baker)))
    text = f"{len(hungry)} go to bed hungry." if hungry else "Everybody had supper."
    return happen(town, "night", EventType.ENVIRONMENTAL, title, text, effects, affected=hungry)


_WEAR: Final = {"grain": (0, 2), "knowledge": (1, 4), "tidiness": (2, 6)}
"""What is lost in a night: to mice, forgetting and the wind."""


_ROUTINE: Final[dict[str, Callable[[Town, Rng], Event]]] = {
    "morning": morning,
    "afternoon": afternoon,
    "evening": evening,
    "night": night,
}


def turn_weather(town: Town, rng: Rng) -> list[dict[str, Any]]:
    """Return the operations that bring the next weather."""
    kinds, weights = _NEXT_WEATHER.get(town.weather, _NEXT_WEATHER["cloudy"])
    kind = rng.weighted(kinds, weights)
    before = number(town.context.state.environment.get("temperature"), 14)
    warmth = clamp((before + _WARMTH[kind]) // 2 + rng.integer(-2, 2), -10, 35)
    return [
        {"op": "set", "target": "environment", "path": "weather", "value": kind},
        {"op": "set", "target": "environment", "path": "temperature", "value": warmth},
    ]


# -- the unforeseen ---------------------------------------------------------------------------


def fever(town: Town, rng: Rng) -> Event:
    """Somebody falls ill."""
    person = rng.choice(town.people)
    effects = [add("attributes.health", -rng.integer(25, 45), of(person))]
    title = f"{person.name} has a fever"
    return happen(
        town, "fever", EventType.SOCIAL, title, "The doctor is sent for.", effects,
        affected=[person], place="clinic",
    )  # fmt: skip


def quarrel(town: Town, rng: Rng) -> Event | None:
    """Two people fall out."""
    if len(town.people) < 2:  # noqa: PLR2004 - it takes two
        return None
    one, other = rng.sample(town.people, 2)
    effects = [
        add(f"relationships.{other.id}", -12, of(one)),
        add(f"relationships.{one.id}", -12, of(other)),
        add("attributes.mood", -6, of(one)),
        add("attributes.mood", -6, of(other)),
    ]
    title = f"{one.name} and {other.name} quarrel"
    text = f"About {rng.choice(('a fence', 'a borrowed ladder', 'a debt', 'a song at night'))}."
    affected = [one, other]
    return happen(town, "quarrel", EventType.SOCIAL, title, text, effects, affected=affected)


def drawing(town: Town, rng: Rng) -> Event:
    """A small joy."""
    person = rng.choice(town.people)
    title = f"A child's drawing for {person.name}"
    effects = [add("attributes.mood", 10, of(person))]
    text = "It shows a horse, or perhaps a dog."
    return happen(town, "joy", EventType.SOCIAL, title, text, effects, affected=[person])


def burst_pipe(town: Town, rng: Rng) -> Event:
    """Work for the caretaker."""
    effects = [add("tidiness", -rng.integer(8, 16), "world")]
    text = "Mind the puddle."
    return happen(town, "pipe", EventType.SYSTEM, "A water pipe bursts", text, effects)


def travelling_trader(town: Town, rng: Rng) -> Event:
    """Goods from afar."""
    crates = rng.integer(3, 7)
    effects = [add("goods", crates, "world")]
    title = f"A travelling trader leaves {crates} crates"
    text = "In exchange for a bed and a story."
    scope = EventScope.REGIONAL
    return happen(
        town, "trader", EventType.ECONOMIC, title, text, effects, place="market", scope=scope
    )


def good_harvest(town: Town, rng: Rng) -> Event:
    """Grain for the baker."""
    effects = [add("grain", rng.integer(4, 9), "world")]
    text = "The barn door hardly closes."
    title = "A field ripens early"
    return happen(town, "harvest", EventType.ENVIRONMENTAL, title, text, effects, place="farm")


def letter(town: Town, rng: Rng) -> Event:
    """News from the county."""
    effects = [add("knowledge", rng.integer(1, 3), "world")]
    title = "A letter from the county"
    text = "The teacher reads it out twice."
    scope = EventScope.REGIONAL
    return happen(
        town, "letter", EventType.POLITICAL, title, text, effects, place="school", scope=scope
    )


_INCIDENTS: Final[tuple[Incident, ...]] = (
    burst_pipe,
    drawing,
    fever,
    good_harvest,
    letter,
    quarrel,
    travelling_trader,
)

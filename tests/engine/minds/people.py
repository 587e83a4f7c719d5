"""A context with a few people in it, made by hand."""

from __future__ import annotations

from scrai.engine import ScenarioContext
from scrai.models import Actor, Event, EventScope, EventStatus, SimulationState


def person(key: str, place: str = "square", **fields: object) -> Actor:
    return Actor(
        id=key,
        name=key.title(),
        attributes={"coins": 10, "mood": 0.5, "role": "baker", "awake": True, "bag": {"nuts": 3}},
        location={"place": place},
        relationships={"ben": 4} if key != "ben" else {},
        **fields,
    )


def square(*actors: Actor, events: tuple[Event, ...] = ()) -> ScenarioContext:
    state = SimulationState(
        id="sim",
        name="sim",
        world_state={"bread": 12, "places": {"square": "", "mill": ""}, "open": True},
        environment={"weather": "rain", "temperature": 11.5},
    )
    return ScenarioContext(state, actors or (person("ada"), person("ben", "mill")), events)


def event(key: str, scope: EventScope = EventScope.LOCAL, **fields: object) -> Event:
    return Event(id=key, title=key.title(), scope=scope, status=EventStatus.CONFIRMED, **fields)

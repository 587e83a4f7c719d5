"""Every finder of the contract: for entities of no simulation, waiting ones and stored ones."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import Data
from scrai.models import (
    Action,
    ActionPriority,
    ActionStatus,
    ActionType,
    Actor,
    ActorType,
    Event,
    EventStatus,
    EventType,
)

ACTORS = [
    Actor(id="ann", name="Ann", type=ActorType.PLAYER, location={"place": "inn", "level": 1}),
    Actor(id="bob", name="Bob", location={"place": "mill", "level": True}, affiliations=["guild"]),
    Actor(id="cat", name="Cat", active=False, location={"spot": {"x": 1, "y": -0.0}}),
    Actor(id="dan", name="Bob", type=ActorType.ENTITY, affiliations=["watch", "guild"]),
]
EVENTS = [
    Event(id="fair", title="Fair", type=EventType.SOCIAL, affected_actors=["ann", "bob"]),
    Event(id="fire", title="Fire", status=EventStatus.CONFIRMED, affected_actors=["ann"]),
    Event(id="flood", title="Flood", requires_approval=True),
    Event(id="frost", title="Frost", requires_approval=True, approved_by="eve"),
    Event(id="fun", title="Fun", status=EventStatus.CANCELLED, requires_approval=True),
]
ACTIONS = [
    Action(id="beg", actor_id="ann", priority=ActionPriority.LOW, requires_approval=True),
    Action(id="buy", actor_id="bob", type=ActionType.ECONOMIC, status=ActionStatus.APPROVED),
    Action(id="dig", actor_id="ann", status=ActionStatus.EXECUTING),
    Action(id="eat", actor_id="ann", status=ActionStatus.COMPLETED, priority=ActionPriority.HIGH),
    Action(id="fly", actor_id="cat", status=ActionStatus.CANCELLED, requires_approval=True),
]

CASES: list[tuple[str, str, tuple[Any, ...], list[str]]] = [
    ("actors", "find_by_type", (ActorType.NPC,), ["bob", "cat"]),
    ("actors", "find_by_type", (ActorType.ORGANIZATION,), []),
    ("actors", "find_active", (), ["ann", "bob", "dan"]),
    ("actors", "find_in_location", ("place", "inn"), ["ann"]),
    ("actors", "find_in_location", ("level", 1), ["ann"]),
    ("actors", "find_in_location", ("level", 1.0), ["ann"]),
    ("actors", "find_in_location", ("level", True), ["bob"]),
    ("actors", "find_in_location", ("level", "1"), []),
    ("actors", "find_in_location", ("place", None), []),
    ("actors", "find_in_location", ("spot.y", 0), ["cat"]),
    ("actors", "find_in_location", ("spot", {"y": 0.0, "x": 1.0}), ["cat"]),
    ("actors", "find_in_location", ("spot", {"y": 0.0}), []),
    ("actors", "find_by_affiliation", ("guild",), ["bob", "dan"]),
    ("actors", "find_by_affiliation", ("gu",), []),
    ("actors", "list_all", (), ["ann", "bob", "cat", "dan"]),
    ("actors", "list_all", (2,), ["ann", "bob"]),
    ("actors", "list_all", (0,), []),
    ("events", "find_by_status", (EventStatus.PENDING,), ["fair", "flood", "frost"]),
    ("events", "find_by_type", (EventType.SOCIAL,), ["fair"]),
    ("events", "find_pending_approval", (), ["flood"]),
    ("events", "find_by_actor", ("ann",), ["fair", "fire"]),
    ("events", "find_by_actor", ("nobody",), []),
    ("events", "list_all", (), ["fair", "fire", "flood", "frost", "fun"]),
    ("actions", "find_by_actor", ("ann",), ["beg", "dig", "eat"]),
    ("actions", "find_by_status", (ActionStatus.COMPLETED,), ["eat"]),
    ("actions", "find_by_type", (ActionType.ECONOMIC,), ["buy"]),
    ("actions", "find_by_priority", (ActionPriority.NORMAL,), ["buy", "dig", "fly"]),
    ("actions", "find_pending_approval", (), ["beg"]),
    ("actions", "find_pending_execution", (), ["buy"]),
    ("actions", "find_active", (), ["buy", "dig"]),
]


async def fill(data: Data) -> None:
    for actor in ACTORS:
        await data.actors.create(actor)
    for event in EVENTS:
        await data.events.create(event)
    for action in ACTIONS:
        await data.actions.create(action)


async def check(data: Data, **scope: str) -> None:
    for name, method, arguments, wanted in CASES:
        found = await getattr(getattr(data, name), method)(*arguments, **scope)
        assert [each.id for each in found] == wanted, (method, arguments)
        if method == "list_all" and arguments == ():
            assert await getattr(data, name).count(**scope) == len(wanted)
    bob = await data.actors.find_by_name("Bob", **scope)
    assert bob is not None
    assert bob.id == "bob"
    assert await data.actors.find_by_name("bob", **scope) is None


async def test_of_no_simulation(data: Data) -> None:
    await fill(data)
    await check(data)


async def test_of_a_simulation_waiting_and_stored(data: Data) -> None:
    town = await data.found("town")
    await fill(town)
    await check(town)
    await check(data, simulation_id="town")
    notes = await town.digest()
    assert len(notes) == len([*ACTORS, *EVENTS, *ACTIONS])
    assert not [note for note in notes if "refused" in note]
    await check(town)
    await check(data, simulation_id="town")


async def test_simulations_share_nothing(data: Data) -> None:
    town, port = await data.found("town"), await data.found("port")
    await fill(town)
    await town.digest()
    await port.actors.create(Actor(id="ann", name="Ann of the port", type=ActorType.NPC))
    await data.actors.create(Actor(id="ann", name="Ann of nowhere", location={"place": "inn"}))
    await check(town)
    await port.digest()
    await check(town)
    assert [actor.name for actor in await port.actors.list_all()] == ["Ann of the port"]
    assert await port.actors.find_in_location("place", "inn") == []


async def test_without_a_simulation_all_that_is_stored_is_found(data: Data) -> None:
    town = await data.found("town")
    await fill(town)
    await town.digest()
    await fill(data)
    everywhere = await data.actions.find_by_actor("ann")
    keys = {(action.simulation_id, action.id) for action in everywhere}
    assert keys == {(owner, key) for owner in (None, "town") for key in ("beg", "dig", "eat")}
    there = await data.actions.find_by_actor("town~ann")
    assert {action.simulation_id for action in there} == {"town"}
    assert len(await data.events.find_by_actor("town~ann")) == 2
    assert len(await data.actors.list_all()) == 2 * len(ACTORS)
    assert len(await data.actors.find_by_type(ActorType.NPC)) == 4
    assert await data.actors.count() == 2 * len(ACTORS)


async def test_recent_events_of_a_simulation_are_those_of_its_own_time(data: Data) -> None:
    town = await data.found("town", epoch="2000-01-02T00:00:00Z")
    times = {"new": "2000-01-01T23:00:00Z", "old": "2000-01-01T00:00:00Z", "past": "1999-01-01"}
    for key, moment in times.items():
        await town.events.create(Event(id=key, title=key, created_at=moment))
    await town.events.create(Event(id="undated", title="x"))
    for _ in range(2):
        assert [event.id for event in await town.events.find_recent()] == ["undated", "new", "old"]
        found = await data.events.find_recent(hours=2, simulation_id="town")
        assert [event.id for event in found] == ["undated", "new"]
        assert await data.events.find_recent(10**6) == []
        await town.digest()
    assert await data.of("nowhere").events.find_recent() == []


@pytest.mark.parametrize("count", [1, 3])
async def test_pages_are_joined(data: Data, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrai.data._search.PAGE", 2)
    town = await data.found("town")
    for number in range(0, 9, 2):
        await town.actors.create(Actor(id=f"a{number}", name="x", type=ActorType.NPC))
    await town.digest()
    for number in range(1, 10, 2):
        await town.actors.create(Actor(id=f"a{number}", name="x", type=ActorType.NPC))
    await town.actors.update("a4", {"type": "player"})
    await town.actors.delete("a6")
    wanted = [f"a{number}" for number in (0, 1, 2, 3, 5, 7, 8, 9)]
    found = await town.actors.find_by_type(ActorType.NPC)
    assert [actor.id for actor in found] == wanted
    query = {"type": "npc", "attributes": {}}
    assert [actor.id for actor in await town.actors.query(query, count)] == wanted[:count]
    assert [actor.id async for actor in town.actors.stream(query)] == wanted
    assert await town.actors.count(query) == len(wanted)
    assert await town.actors.count({"type": "npc"}) == len(wanted)
    assert await town.actors.count() == 9

"""Entities of no simulation: written at once, validated whole, under compare-and-set."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from conftest import Data
from scrai import _wall
from scrai.data import RepositoryError
from scrai.errors import AlreadyExistsError, IllegalTransitionError, InvalidInputError
from scrai.models import (
    Action,
    ActionStatus,
    Actor,
    ActorType,
    Event,
    EventStatus,
    format_time,
)

LONG_AGO = "2001-02-03T04:05:06.000000Z"


def john(**fields: object) -> Actor:
    return Actor(id="actor1", name="John", type=ActorType.PLAYER, **fields)  # type: ignore[arg-type]


async def test_create_read_update_delete(data: Data) -> None:
    actors = data.actors
    assert await actors.get("actor1") is None
    assert await actors.exists("actor1") is False
    assert await actors.create(john(attributes={"mood": 1})) == "actor1"
    found = await actors.get("actor1")
    assert found is not None
    assert (found.name, found.attributes, found.simulation_id) == ("John", {"mood": 1}, None)
    assert await actors.update("actor1", {"name": "John Doe"}) is True
    again = await actors.get("actor1")
    assert again is not None
    assert (again.name, again.attributes) == ("John Doe", {"mood": 1})
    assert await actors.exists("actor1") is True
    assert await actors.delete("actor1") is True
    assert await actors.delete("actor1") is False
    assert await actors.get("actor1") is None


async def test_the_clock_stamps_what_nobody_dated(data: Data) -> None:
    before = _wall.now()
    await data.actors.create(john())
    await data.actors.create(Actor(id="old", name="Old", created_at=LONG_AGO))
    found, old = await data.actors.get_many(["actor1", "old"])
    assert found is not None
    assert old is not None
    assert before <= found.created_at <= _wall.now()
    assert found.updated_at == found.created_at
    assert format_time(old.created_at) == LONG_AGO
    await data.actors.update("old", {"name": "Older"})
    older = await data.actors.get("old")
    assert older is not None
    assert format_time(older.created_at) == LONG_AGO
    assert older.updated_at > old.updated_at


async def test_creating_changes_nothing_of_the_callers(data: Data) -> None:
    event = Event(id="e", title="Rain")
    dump = event.model_dump()
    await data.events.create(event)
    event.title = "Snow"
    stored = await data.events.get("e")
    assert stored is not None
    assert stored.title == "Rain"
    stored.title = "Hail"
    again = await data.events.get("e")
    assert again is not None
    assert again.title == "Rain"
    assert event.model_dump() == dump | {"title": "Snow"}


async def test_a_second_of_the_same_id_is_refused(data: Data) -> None:
    await data.actors.create(john())
    with pytest.raises(RepositoryError, match="create Actor actor1: it exists already") as caught:
        await data.actors.create(john(attributes={"mood": 2}))
    error = caught.value
    assert (error.operation, error.entity_type, error.entity_id) == ("create", "Actor", "actor1")
    assert isinstance(error.__cause__, AlreadyExistsError)
    found = await data.actors.get("actor1")
    assert found is not None
    assert found.attributes == {}


@pytest.mark.parametrize(
    ("updates", "said", "hint"),
    [
        ({"nmae": "x"}, "has no field 'nmae'", "did you mean name?"),
        ({"name": 7}, "name: input should be a valid string", None),
        ({"type": "npcc"}, "did you mean npc?", None),
        ({"id": "other"}, "id cannot be changed", None),
        ({"simulation_id": "town"}, "simulation_id cannot be changed", None),
        ({"created_at": LONG_AGO}, "created_at cannot be changed", None),
        ({"attributes": {"x": float("nan")}}, "nan", None),
        ({"attributes": {"x": [[1]]}}, "array directly in an array", None),
        (["name"], "updates are a list", None),
    ],
)
async def test_refused_updates_change_nothing(
    data: Data, updates: dict[str, object], said: str, hint: str | None
) -> None:
    await data.actors.create(john())
    before = await data.actors.get("actor1")
    with pytest.raises(RepositoryError) as caught:
        await data.actors.update("actor1", updates)
    assert said in str(caught.value)
    assert hint is None or caught.value.hint == hint
    assert await data.actors.get("actor1") == before


async def test_what_is_fixed_may_be_repeated(data: Data) -> None:
    await data.actors.create(john())
    found = await data.actors.get("actor1")
    assert found is not None
    assert await data.actors.update("actor1", found.model_dump() | {"name": "Jo"}) is True
    assert (await data.actors.get("actor1")).name == "Jo"  # type: ignore[union-attr]


async def test_update_of_nothing(data: Data) -> None:
    assert await data.actors.update("nobody", {"name": "x"}) is False
    assert await data.actors.change("nobody", lambda actor: actor) is None


async def test_a_status_makes_one_legal_move(data: Data) -> None:
    actions = data.actions
    await actions.create(Action(id="a", actor_id="actor1"))
    for status in ("completed", "executing"):
        with pytest.raises(RepositoryError, match="cannot go from pending") as caught:
            await actions.update("a", {"status": status})
        assert isinstance(caught.value.__cause__, IllegalTransitionError)
    for status in ("approved", "executing", ActionStatus.COMPLETED):
        assert await actions.update("a", {"status": status}) is True
    with pytest.raises(RepositoryError, match="completed is final"):
        await actions.update("a", {"status": "pending"})
    assert await actions.update("a", {"status": "completed", "outcome": {"ok": True}}) is True


async def test_a_function_changes_under_compare_and_set(data: Data) -> None:
    await data.actors.create(john(attributes={"n": 0}))

    def add(actor: Actor) -> None:
        actor.attributes["n"] += 1

    await asyncio.gather(*(data.actors.change("actor1", add) for _ in range(100)))
    found = await data.actors.get("actor1")
    assert found is not None
    assert found.attributes == {"n": 100}


async def test_a_function_may_return_another_or_take_several_moves(data: Data) -> None:
    await data.events.create(Event(id="e", title="Rain"))

    def settle(event: Event) -> Event:
        event.confirm(by="ada")
        event.resolve()
        return event.model_copy(update={"title": "Snow"})

    made = await data.events.change("e", settle)
    assert made is not None
    assert (made.title, made.status, made.approved_by) == ("Snow", EventStatus.RESOLVED, "ada")
    assert await data.events.get("e") == made


@pytest.mark.parametrize("name", ["id", "simulation_id", "created_at"])
async def test_a_function_cannot_change_what_is_fixed(data: Data, name: str) -> None:
    await data.actors.create(john())
    values = {"id": "b", "simulation_id": "town", "created_at": LONG_AGO}

    def change(actor: Actor) -> Actor:
        return actor.model_copy(update={name: values[name]})

    with pytest.raises(RepositoryError, match=f"{name} cannot be changed"):
        await data.actors.change("actor1", change)


async def test_a_functions_bad_edits_are_refused(data: Data) -> None:
    await data.events.create(Event(id="e", title="Rain"))

    def spoil(event: Event) -> None:
        event.parameters["x"] = {1, 2}

    def jump(event: Event) -> Event:
        return Event(**event.model_dump() | {"status": "cancelled"}).model_copy()

    with pytest.raises(RepositoryError, match="set is no JSON value"):
        await data.events.change("e", spoil)
    await data.events.change("e", jump)

    def back(event: Event) -> Event:
        return Event(**event.model_dump() | {"status": "pending"})

    with pytest.raises(RepositoryError, match="cancelled cannot become pending"):
        await data.events.change("e", back)


async def test_of_several_deleting_one_is_told_so(data: Data) -> None:
    await data.actors.create(john())
    told = await asyncio.gather(*(data.actors.delete("actor1") for _ in range(8)))
    assert sorted(told) == [False] * 7 + [True]


async def test_deleting_wins_against_changes(data: Data) -> None:
    await data.actors.create(john(attributes={"n": 0}))

    def add(actor: Actor) -> None:
        actor.attributes["n"] += 1

    done = await asyncio.gather(
        data.actors.delete("actor1"), *(data.actors.change("actor1", add) for _ in range(5))
    )
    assert done[0] is True
    assert await data.actors.exists("actor1") is False


async def test_many_at_once_in_the_order_asked(data: Data) -> None:
    for name in "abc":
        await data.actors.create(Actor(id=name, name=name))
    found = await data.actors.get_many(["c", "x", "a", "c"])
    assert [actor and actor.id for actor in found] == ["c", None, "a", "c"]
    assert await data.actors.get_many([]) == []


HOSTILE = ["", ".", "..", "a/b", "__x__", "\0", "x" * 701, "\ud800", "~", "a~", "~b", "a~b~c"]
HOSTILE += [None, 7]  # type: ignore[list-item]


@pytest.mark.parametrize("bad", HOSTILE)
async def test_hostile_ids_are_refused_by_every_method(data: Data, bad: str) -> None:
    calls = [
        data.actors.get(bad),
        data.actors.exists(bad),
        data.actors.update(bad, {"name": "x"}),
        data.actors.delete(bad),
        data.actors.change(bad, lambda actor: actor),
        data.actors.get_many([bad]),
        data.events.list_all(simulation_id=bad or "/"),
        data.simulations.get(bad),
    ]
    for call in calls:
        with pytest.raises(RepositoryError) as caught:
            await call
        assert caught.value.exit_code == 2
        assert isinstance(caught.value.__cause__, InvalidInputError)


async def test_unicode_ids_and_names(data: Data) -> None:
    name = "Ünïcødé 東京 🌧"
    assert await data.actors.create(Actor(id=name, name=name)) == name
    found = await data.actors.find_by_name(name)
    assert found is not None
    assert found.id == name


async def test_finished_ones_stay_and_recent_ones_are_found(data: Data) -> None:
    now = _wall.now()
    for hours in (1, 30, 60):
        moment = now - timedelta(hours=hours)
        await data.events.create(Event(id=f"e{hours}", title="x", created_at=moment))
    for hours, wanted in ((24, ["e1"]), (48, ["e1", "e30"]), (10**9, ["e1", "e30", "e60"])):
        assert [event.id for event in await data.events.find_recent(hours)] == wanted
    for bad in (-1, float("nan"), "24", True):
        with pytest.raises(RepositoryError, match="not a number of hours"):
            await data.events.find_recent(bad)  # type: ignore[arg-type]

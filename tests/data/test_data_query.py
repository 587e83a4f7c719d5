"""`query`: any field of the model, typed equality, the same on every store."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import Data
from scrai.data import RepositoryError
from scrai.errors import InvalidInputError
from scrai.models import Action, ActionStatus, Actor, ActorType, Event

ACTORS = [
    Actor(
        id="a",
        name="Ann",
        type=ActorType.PLAYER,
        attributes={"coins": 1, "tags": ["x", "y"], "deep": {"er": {"est": None}}, "a.b": 5},
        location={"place": "inn", "long": "x" * 5000},
        visibility=["guild"],
        metadata={"on": True},
    ),
    Actor(
        id="b",
        name="Bob",
        attributes={"coins": 1.0, "tags": [], "deep": {"er": {}}},
        location={"place": "inn", "room": 2},
        affiliations=["guild", "watch"],
        metadata={"on": 1},
    ),
    Actor(id="c", name="Cat", attributes={"coins": True}, active=False, affiliations=["guild"]),
]

CASES: list[tuple[dict[str, Any], str]] = [
    ({}, "abc"),
    ({"id": "b"}, "b"),
    ({"name": "Ann"}, "a"),
    ({"name": 7}, ""),
    ({"name": ["Ann"]}, ""),
    ({"name": "\ud800"}, ""),
    ({"name": "x" * 2000}, ""),
    ({"type": "player"}, "a"),
    ({"type": ActorType.NPC, "active": True}, "b"),
    ({"type": "nonsense"}, ""),
    ({"active": True}, "ab"),
    ({"active": 1}, ""),
    ({"attributes.coins": 1}, "ab"),
    ({"attributes.coins": True}, "c"),
    ({"attributes.coins": "1"}, ""),
    ({"attributes.coins": 10**30}, ""),
    ({"attributes.coins": float("nan")}, ""),
    ({"attributes.deep.er.est": None}, "a"),
    ({"attributes.deep.er": {}}, "b"),
    ({"attributes.a.b": 5}, "a"),
    ({"attributes.nothing": None}, ""),
    ({"attributes.tags": ["x", "y"]}, "a"),
    ({"attributes.tags": ("x", "y")}, "a"),
    ({"attributes.tags": []}, "b"),
    ({"attributes.tags": "x"}, ""),
    ({"attributes": {"coins": 1}}, "c"[:0]),
    ({"attributes": {"coins": True}}, "c"),
    ({"metadata.on": True}, "a"),
    ({"metadata.on": 1.0}, "b"),
    ({"metadata": {}}, "c"),
    ({"location.place": "inn"}, "ab"),
    ({"location.place": "inn", "location.room": 2.0}, "b"),
    ({"location.long": "x" * 5000}, "a"),
    ({"location.long": "x" * 4999}, ""),
    ({"location.place.deeper": "inn"}, ""),
    ({"location": {}}, "c"),
    ({"affiliations": "guild"}, "bc"),
    ({"affiliations": ["guild"]}, "c"),
    ({"affiliations": "guild", "location.place": "inn"}, "b"),
    ({"visibility": "guild"}, "a"),
    ({"visibility": []}, "bc"),
    ({"simulation_id": "town"}, "abc"),
    ({"simulation_id": None}, ""),
    ({"simulation_id": "port"}, ""),
    ({"name.first": "Ann"}, ""),
]


async def test_every_case_waiting_and_stored(data: Data) -> None:
    town = await data.found("town")
    await data.found("port")
    for actor in ACTORS:
        await town.actors.create(actor)
    for _ in range(2):
        for filters, wanted in CASES:
            found = await town.actors.query(filters)
            assert "".join(actor.id for actor in found) == wanted, filters
            assert await town.actors.count(filters) == len(wanted), filters
            for limit in (0, 1, 2):
                some = await town.actors.query(filters, limit)
                assert "".join(actor.id for actor in some) == wanted[:limit], (filters, limit)
        await town.digest()


async def test_outside_of_a_simulation(data: Data) -> None:
    town = await data.found("town")
    for actor in ACTORS:
        await data.actors.create(actor)
        await town.actors.create(actor)
    await town.digest()

    async def found(**filters: Any) -> list[tuple[str | None, str]]:
        return [(x.simulation_id, x.id) for x in await data.actors.query(filters)]

    assert await found(name="Ann") == [(None, "a"), ("town", "a")]
    assert await found(name="Ann", simulation_id=None) == [(None, "a")]
    assert await found(name="Ann", simulation_id="town") == [("town", "a")]
    assert await found(name="Ann", simulation_id=7) == []
    assert await found(**{"affiliations": "guild", "metadata.on": 1}) == [
        (None, "b"),
        ("town", "b"),
    ]
    assert len(await data.actors.query({"simulation_id": None, "attributes.coins": 1})) == 2
    assert len(await data.actors.query({"attributes.coins": 1}, simulation_id="town")) == 2


async def test_filters_that_name_a_simulation_look_into_its_inbox(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(ACTORS[0])
    assert len(await data.actors.query({"simulation_id": "town", "name": "Ann"})) == 1
    assert await data.actors.query({"name": "Ann"}) == []


async def test_a_question_that_would_read_everything_is_refused(data: Data) -> None:
    for filters in ({}, {"metadata.on": True}, {"active": True, "metadata.on": True}):
        for ask in (data.actors.query, data.actors.count):
            with pytest.raises(RepositoryError, match="would read all of actors") as caught:
                await ask(filters)
            assert "simulation_id=" in str(caught.value.hint)
            assert "location.<field>, name" in str(caught.value.hint)
            assert isinstance(caught.value.__cause__, InvalidInputError)
            assert caught.value.operation == ask.__name__
    assert await data.actors.query({"active": True}) == []


@pytest.mark.parametrize(
    ("filters", "hint"),
    [
        ({"nmae": 1}, "did you mean name?"),
        ({"atributes.coins": 1}, "did you mean attributes?"),
        ({"": 1}, "it has id, "),
        ({"colour": "red"}, "it has id, "),
    ],
)
async def test_unknown_fields_name_near_ones(
    data: Data, filters: dict[str, Any], hint: str
) -> None:
    with pytest.raises(RepositoryError, match="Actor has no field") as caught:
        await data.actors.query(filters)
    assert str(caught.value.hint).startswith(hint)


@pytest.mark.parametrize("limit", [-1, True, 1.0, "1"])
async def test_bad_limits_are_refused(data: Data, limit: Any) -> None:
    for ask in (data.actors.list_all(limit), data.actors.query({"name": "x"}, limit)):
        with pytest.raises(RepositoryError, match="is not a number of entities"):
            await ask
    with pytest.raises(RepositoryError, match="is not a number of entities"):
        await data.simulations.list_all(limit)


@pytest.mark.parametrize("filters", [None, "name", [("name", "x")], {"name": {1}}])
async def test_bad_filters_are_refused(data: Data, filters: Any) -> None:
    for ask in (data.actors.query(filters), data.simulations.query(filters)):
        with pytest.raises(RepositoryError):
            await ask


async def test_times_compare_in_any_form(data: Data) -> None:
    moment = "2030-01-02T03:04:05+02:00"
    await data.events.create(Event(id="e", title="x", scheduled_for=moment))
    await data.actions.create(Action(id="a", actor_id="x", status=ActionStatus.APPROVED))
    for same in (moment, "2030-01-02T01:04:05Z", "2030-01-02T01:04:05.000000"):
        assert [x.id for x in await data.events.query({"scheduled_for": same})] == ["e"]
    stored = await data.events.get("e")
    assert stored is not None
    assert await data.events.query({"scheduled_for": stored.scheduled_for}) == [stored]
    assert await data.events.query({"scheduled_for": "soon"}) == []
    assert [x.id for x in await data.actions.query({"scheduled_for": None, "actor_id": "x"})] == [
        "a"
    ]
    assert [x.id for x in await data.events.query({"created_at": stored.created_at})] == ["e"]


async def test_lists_of_names_and_of_models(data: Data) -> None:
    effect = {"op": "set", "target": "world", "path": "rain", "value": 1}
    event = Event(id="e", title="x", affected_actors=["a", "b"], effects=[effect])  # type: ignore[list-item]
    await data.events.create(event)
    assert [x.id for x in await data.events.query({"affected_actors": "b"})] == ["e"]
    assert await data.events.query({"affected_actors": "\ud800"}) == []
    assert len(await data.events.query({"title": "x", "affected_actors": "a"})) == 1
    assert len(await data.events.query({"type": "system", "affected_actors": ["a", "b"]})) == 1
    assert len(await data.events.query({"type": "system", "affected_actors": ["b", "a"]})) == 0
    assert len(await data.events.query({"type": "system", "effects": [effect]})) == 1


async def test_filters_are_not_changed(data: Data) -> None:
    filters = {"name": "x", "attributes": {"a": (1, 2)}}
    await data.actors.query(filters)
    assert filters == {"name": "x", "attributes": {"a": (1, 2)}}

"""Repositories that bring their own store."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scrai.data import (
    ActionRepository,
    ActorRepository,
    EventRepository,
    InMemoryActionRepository,
    InMemoryActorRepository,
    InMemoryEventRepository,
    InMemorySimulationRepository,
    RepositoryError,
    SimulationRepository,
    SqliteActionRepository,
    SqliteActorRepository,
    SqliteEventRepository,
    SqliteSimulationRepository,
)
from scrai.errors import StoreReadOnlyError
from scrai.models import Action, Actor, Event, SimulationState
from scrai.store import DocumentStore, MemorySpace, MemoryStore


async def test_in_memory_without_ceremony() -> None:
    actors = InMemoryActorRepository()
    await actors.create(Actor(id="a", name="A"))
    assert await actors.exists("a")
    assert not await InMemoryActorRepository().exists("a")


async def test_repositories_share_a_space() -> None:
    space = MemorySpace()
    simulations = InMemorySimulationRepository(space)
    await simulations.create(SimulationState(id="town", name="Town"))
    actors = InMemoryActorRepository(space, simulation_id="town")
    await actors.create(Actor(id="ann", name="Ann"))
    actions = InMemoryActionRepository(space, simulation_id="town")
    await actions.create(Action(id="dig", actor_id="ann"))
    events = InMemoryEventRepository(space)
    await events.create(Event(id="rain", title="Rain"))
    found = await simulations.get("town")
    assert found is not None
    assert (found.active_actor_ids, found.pending_action_ids) == (["ann"], ["dig"])
    assert len(await EventRepository(actors.store).list_all()) == 1


async def test_in_a_file_that_lasts(tmp_path: Path) -> None:
    path = tmp_path / "town.db"
    async with SqliteSimulationRepository(path) as simulations:
        await simulations.create(SimulationState(id="town", name="Town"))
    async with SqliteActorRepository(path, simulation_id="town") as actors:
        await actors.create(Actor(id="ann", name="Ann"))
    async with SqliteActionRepository(str(path), simulation_id="town") as actions:
        await actions.create(Action(id="dig", actor_id="ann"))
    events = SqliteEventRepository(path)
    await events.create(Event(id="rain", title="Rain"))
    await events.close()
    assert await events.exists("rain")  # opened again by its use
    await events.close()
    async with SqliteActionRepository(path, simulation_id="town") as actions:
        assert [action.id for action in await actions.find_by_actor("ann")] == ["dig"]


async def test_many_first_uses_at_once(tmp_path: Path) -> None:
    async with SqliteActorRepository(tmp_path / "x.db") as actors:
        await asyncio.gather(*(actors.create(Actor(id=f"a{n}", name="x")) for n in range(20)))
        assert await actors.count() == 20


async def test_a_place_that_cannot_be_opened(tmp_path: Path) -> None:
    actors = SqliteActorRepository(tmp_path / "no" / "folder" / "x.db")
    for call in (actors.open, actors.list_all):
        with pytest.raises(RepositoryError) as caught:
            await call()
        assert isinstance(caught.value.__cause__, StoreReadOnlyError)
        assert caught.value.hint


async def test_a_store_that_was_given_stays_open() -> None:
    store = MemoryStore()
    await store.open()
    async with ActorRepository(store) as actors:
        await actors.create(Actor(id="a", name="A"))
    assert await actors.exists("a")


@pytest.mark.parametrize(
    ("made", "base"),
    [
        (InMemoryActorRepository(), ActorRepository),
        (InMemoryEventRepository(), EventRepository),
        (InMemoryActionRepository(), ActionRepository),
        (InMemorySimulationRepository(), SimulationRepository),
        (SqliteActorRepository("x.db"), ActorRepository),
        (SqliteEventRepository("x.db"), EventRepository),
        (SqliteActionRepository("x.db"), ActionRepository),
        (SqliteSimulationRepository("x.db"), SimulationRepository),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
async def test_what_they_are(made: object, base: type) -> None:
    assert isinstance(made, base)
    assert isinstance(made.store, DocumentStore)  # type: ignore[attr-defined]
    assert made.store.capabilities.queries  # type: ignore[attr-defined]
    assert made.store.name in {"memory", "sqlite"}  # type: ignore[attr-defined]


async def test_bad_scopes_are_refused() -> None:
    with pytest.raises(RepositoryError, match="simulation id 'a~b' cannot be used"):
        ActorRepository(MemoryStore(), "a~b")
    with pytest.raises(RepositoryError, match="simulation id is a int"):
        SimulationRepository(MemoryStore(), 7)  # type: ignore[arg-type]


async def test_everything_passes_through_to_the_store() -> None:
    simulations = InMemorySimulationRepository()
    await simulations.create(SimulationState(id="town", name="Town"))
    below = await simulations.store.subcollections("simulations", "town")
    assert below == [f"simulations/town/{name}" for name in ("money", "parts", "steps")]

"""What questions cost: no finder reads more than it returns, however much else there is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from conftest import BACKENDS, Data, make_store
from counting import CountingStore
from scrai.data import ACTIONS, ACTORS, EVENTS, columns_of, document_id
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
    SimulationStatus,
    to_stored,
)
from scrai.store import Write, create

OTHERS = 1500
"""Documents of each kind and simulation that no question asks for; 9,000 in all."""

few_others = pytest.mark.parametrize("full", [60], indirect=True)


def document(kind: str, owner: str | None, entity: Any) -> Write:
    value = to_stored(entity)
    value.pop("simulation_id", None)
    entity.simulation_id = owner
    return create(kind, document_id(owner, entity.id), value, columns_of(entity))


def noise(owner: str, others: int) -> list[Write]:
    """Entities that differ from the wanted ones in everything that is asked for."""
    writes = []
    for number in range(others):
        key = f"n{number:05d}"
        actor = Actor(
            id=key, name=key, active=False, location={"place": "far"}, affiliations=["none"]
        )
        event = Event(id=key, title=key, status="resolved", created_at="1000-01-01T00:00:00Z")
        action = Action(id=key, actor_id=key, status="completed", priority="low", type="custom")
        writes += [
            document(ACTORS, owner, actor),
            document(EVENTS, owner, event),
            document(ACTIONS, owner, action),
        ]
    return writes


def wanted(owner: str | None) -> list[Write]:
    writes = []
    for key in ("w1", "w2"):
        gated = {"requires_approval": True}
        actor = Actor(
            id=key, name="Ann", type="player", location={"place": "inn"}, affiliations=["guild"]
        )
        event = Event(id=key, title=key, type="social", affected_actors=["w1"], **gated)  # type: ignore[arg-type]
        action = Action(id=key, actor_id="w1", type="combat", priority="urgent", **gated)  # type: ignore[arg-type]
        ready = Action(id=f"r{key}", actor_id="x", status="approved", priority="low")
        writes += [
            document(ACTORS, owner, actor),
            document(EVENTS, owner, event),
            document(ACTIONS, owner, action),
            document(ACTIONS, owner, ready),
        ]
    return writes


@pytest.fixture(params=BACKENDS, scope="module")
def backend(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
async def full(backend: str, request: pytest.FixtureRequest) -> AsyncIterator[Data]:
    """A store with two simulations full of others, and what is wanted in one of them."""
    inner = make_store(backend, request)
    await inner.open()
    data = Data(CountingStore(inner))
    for key in ("town", "port"):
        await data.found(key)
    others = getattr(request, "param", OTHERS)
    writes = [*noise("town", others), *noise("port", others), *wanted("town"), *wanted(None)]
    for start in range(0, len(writes), 450):
        await inner.commit(writes[start : start + 450])
    yield data
    await inner.close()


FINDERS: list[tuple[str, str, tuple[Any, ...], list[str]]] = [
    ("actors", "find_by_type", (ActorType.PLAYER,), ["w1", "w2"]),
    ("actors", "find_by_name", ("Ann",), ["w1"]),
    ("actors", "find_active", (), ["w1", "w2"]),
    ("actors", "find_in_location", ("place", "inn"), ["w1", "w2"]),
    ("actors", "find_by_affiliation", ("guild",), ["w1", "w2"]),
    ("actors", "query", ({"name": "Ann", "attributes.x": 1},), []),
    ("actors", "get", ("w1",), ["w1"]),
    ("actors", "exists", ("w1",), []),
    ("events", "find_by_status", (EventStatus.PENDING,), ["w1", "w2"]),
    ("events", "find_by_type", (EventType.SOCIAL,), ["w1", "w2"]),
    ("events", "find_pending_approval", (), ["w1", "w2"]),
    ("events", "find_by_actor", ("w1",), ["w1", "w2"]),
    ("events", "find_recent", (24,), ["w2", "w1"]),
    ("actions", "find_by_actor", ("w1",), ["w1", "w2"]),
    ("actions", "find_by_status", (ActionStatus.PENDING,), ["w1", "w2"]),
    ("actions", "find_by_type", (ActionType.COMBAT,), ["w1", "w2"]),
    ("actions", "find_by_priority", (ActionPriority.URGENT,), ["w1", "w2"]),
    ("actions", "find_pending_approval", (), ["w1", "w2"]),
    ("actions", "find_pending_execution", (), ["rw1", "rw2"]),
    ("actions", "find_active", (), ["rw1", "rw2"]),
    ("actions", "query", ({"actor_id": "w1"}, 1), ["w1"]),
    ("actions", "list_all", (3,), ["n00000", "n00001", "n00002"]),
]


def ids(found: Any) -> list[str]:
    if isinstance(found, bool) or found is None:
        return []
    return [each.id for each in found] if isinstance(found, list) else [found.id]


async def test_no_finder_reads_more_than_it_returns(full: Data) -> None:
    store = full.store
    assert isinstance(store, CountingStore)
    await scoped_finders(full.of("town"), store)
    await unscoped_finders(full, store)
    await counts(full, store)
    await pages(full.of("town"), store)


async def scoped_finders(town: Data, store: CountingStore) -> None:
    for name, method, arguments, expected in FINDERS:
        store.forget()
        found = await getattr(getattr(town, name), method)(*arguments)
        assert ids(found) == expected, (method, arguments)
        extra = 2 if method in {"query", "exists"} else method == "find_recent"
        assert store.read <= len(expected) + extra, (method, store.read)
        assert store.calls <= 3, (method, store.queries)


async def unscoped_finders(data: Data, store: CountingStore) -> None:
    for name, method, arguments, expected in FINDERS:
        if method == "list_all":
            continue
        store.forget()
        found = ids(await getattr(getattr(data, name), method)(*arguments))
        assert set(found) == set(expected), (method, arguments)
        assert store.read <= len(found) + 4 * (method in {"query", "exists"}), (method, store.read)
        assert store.calls <= 2


async def counts(data: Data, store: CountingStore) -> None:
    store.forget()
    assert await data.of("town").actors.count() == OTHERS + 2
    assert await data.of("town").events.count({"status": "pending"}) == 2
    assert await data.actors.count({"simulation_id": None}) == 2
    assert await data.simulations.count({"status": "created"}) == 2
    assert store.read == 0


async def pages(town: Data, store: CountingStore) -> None:
    """What Python must check is read page by page, and no further than needed."""
    store.forget()
    found = await town.actors.query({"attributes": {}}, 3)
    assert ids(found) == ["n00000", "n00001", "n00002"]
    assert store.read == 500


@few_others
async def test_waiting_commands_cost_themselves_and_what_they_are_about(full: Data) -> None:
    store = full.store
    assert isinstance(store, CountingStore)
    town = full.of("town")
    for number in range(5):
        await town.actors.update(f"n0000{number}", {"name": "Ann"})
    store.forget()
    found = await town.actors.query({"name": "Ann"})
    assert len(found) == 7
    assert store.read == 5 + 1 + 5 + 2  # commands, head, what they are about, what is stored
    store.forget()
    assert (await town.actors.find_by_name("Ann")) is not None
    assert store.read <= 5 + 1 + 5 + 2
    store.forget()
    assert (await town.actors.get("n00007")) is not None
    assert store.read == 1


@few_others
async def test_creating_reads_the_same_however_many_wait(full: Data) -> None:
    store = full.store
    assert isinstance(store, CountingStore)
    town = full.of("town")
    costs = []
    for number in range(20):
        store.forget()
        await town.actions.create(Action(id=f"new{number}", actor_id="w1"))
        costs.append((store.read, store.calls))
    assert len(set(costs)) == 1, costs
    assert costs[0][0] == 2  # the head, and the actor it refers to


@few_others
async def test_listing_simulations_reads_heads_parts_and_ids(full: Data) -> None:
    store = full.store
    assert isinstance(store, CountingStore)
    for number in range(60):
        await full.found(f"s{number:02d}")
    store.forget()
    found = await full.simulations.find_by_status(SimulationStatus.CREATED)
    assert len(found) == 62
    assert store.read == 62 * (1 + 4 + 1)  # the head is looked at again
    store.forget()
    assert len(await full.simulations.list_all(3)) == 3
    assert store.read == 3 * 6
    store.forget()
    assert await full.simulations.find_by_name("Nothing") is None
    assert store.read == 0
    store.forget()
    assert await full.simulations.query({"status": "created", "seed": 5}) == []
    assert store.read == 62  # heads alone can tell

"""Reading ahead: what a repository shows before the step is what is stored after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import Data
from counting import CountingStore
from scrai import _wall
from scrai.data import RepositoryError, inbox_write, submit
from scrai.engine import PhaseEngine
from scrai.errors import (
    AlreadyExistsError,
    CommandRefusedError,
    IllegalTransitionError,
    ReferenceMissingError,
    SimulationEndedError,
    SimulationMissingError,
)
from scrai.models import (
    Action,
    ActionStatus,
    Actor,
    Command,
    CommandKind,
    Event,
    EventStatus,
    to_stored,
)
from scrai.store import MemoryStore


async def view(town: Data) -> dict[str, Any]:
    """Everything that readers of a simulation see."""
    state = await town.simulations.get("town")
    assert state is not None
    lists = state.model_dump(
        include={"active_actor_ids", "pending_event_ids", "pending_action_ids"}
    )
    shown: dict[str, Any] = {
        "state": lists,
        "name": state.name,
        "status": state.status,
        "researcher": state.researcher_mode,
        "approval": [x.id for x in await town.actions.find_pending_approval()],
        "active": [x.id for x in await town.actors.find_active()],
    }
    for name in ("actors", "events", "actions"):
        repository = getattr(town, name)
        entities = await repository.list_all()
        shown[name] = [to_stored(entity) for entity in entities]
        shown[f"{name} counted"] = await repository.count()
        ids = [entity.id for entity in entities]
        assert await repository.get_many(ids) == entities
        assert [await repository.get(key) for key in ids] == entities
    return shown


async def test_everything_at_once(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann", location={"place": "inn"}))
    await town.actors.create(Actor(id="old", name="Old"))
    await town.events.create(Event(id="fair", title="Fair", requires_approval=True))
    await town.actions.create(Action(id="dig", actor_id="ann"))
    await town.actions.create(Action(id="eat", actor_id="ann"))
    await town.digest()

    await town.actors.create(Actor(id="bob", name="Bob"))
    await town.actors.update("bob", {"name": "Robert", "active": False})
    await town.actors.update("ann", {"location": {"place": "mill"}})
    await town.actors.delete("old")
    await town.events.update("fair", {"status": "confirmed", "title": "Great fair"})
    await town.actions.delete("dig")
    await town.actions.create(Action(id="fly", actor_id="bob", requires_approval=True))
    await town.simulations.update("town", {"name": "City", "researcher_mode": True})
    await town.events.create(Event(id="fog", title="Fog"))
    before = await view(town)
    assert [x["id"] for x in before["actors"]] == ["ann", "bob"]
    assert [x["name"] for x in before["actors"]] == ["Ann", "Robert"]
    assert before["state"]["active_actor_ids"] == ["ann"]
    assert before["state"]["pending_event_ids"] == ["fog"]
    assert before["state"]["pending_action_ids"] == ["eat", "fly"]
    assert before["name"] == "City"
    assert [x.id for x in await town.actors.find_in_location("place", "mill")] == ["ann"]
    assert await town.actors.find_in_location("place", "inn") == []
    assert [x.id for x in await town.events.find_pending_approval()] == ["fog"]
    assert [x.id for x in await town.actions.find_by_status(ActionStatus.CANCELLED)] == ["dig"]

    assert not [note for note in await town.digest() if "refused" in note]
    assert await view(town) == before


def random_names() -> st.SearchStrategy[str]:
    return st.sampled_from("abc")


wishes = st.one_of(
    st.tuples(st.just("actor"), random_names(), st.sampled_from(["x", "y"])),
    st.tuples(st.just("action"), random_names(), random_names(), st.booleans()),
    st.tuples(st.just("event"), random_names(), st.sampled_from(["pending", "confirmed"])),
    st.tuples(st.just("rename"), random_names(), st.sampled_from(["x", "y"])),
    st.tuples(st.just("active"), random_names(), st.booleans()),
    st.tuples(st.just("status"), random_names(), st.sampled_from(list(ActionStatus))),
    st.tuples(st.just("event status"), random_names(), st.sampled_from(list(EventStatus))),
    st.tuples(st.just("delete"), st.sampled_from(["actors", "events", "actions"]), random_names()),
    st.tuples(st.just("settings"), st.booleans()),
    st.tuples(st.just("digest")),
)


async def wish(town: Data, what: str, *values: Any) -> None:
    """Ask for something; nobody says that it can be had."""
    await WISHES[what](town, *values)


def new_action(town: Data, key: str, actor: str, gated: bool) -> Any:
    return town.actions.create(Action(id=key, actor_id=actor, requires_approval=gated))


def new_event(town: Data, key: str, status: str) -> Any:
    return town.events.create(Event(id=key, title="x", status=status))


WISHES: dict[str, Any] = {
    "actor": lambda town, key, name: town.actors.create(Actor(id=key, name=name)),
    "action": new_action,
    "event": new_event,
    "rename": lambda town, key, name: town.actors.update(key, {"name": name}),
    "active": lambda town, key, active: town.actors.update(key, {"active": active}),
    "status": lambda town, key, status: town.actions.update(key, {"status": status}),
    "event status": lambda town, key, status: town.events.update(key, {"status": status}),
    "delete": lambda town, kind, key: getattr(town, kind).delete(key),
    "settings": lambda town, on: town.simulations.update("town", {"researcher_mode": on}),
    "digest": lambda town: town.digest(),
}


@settings(deadline=None, max_examples=60)
@given(st.lists(wishes, max_size=20))
def test_any_series_of_writes_looks_the_same_before_and_after(series: list[Any]) -> None:
    async def run() -> None:
        store = MemoryStore()
        await store.open()
        town = await Data(store).found("town")
        for each in series:
            try:
                await wish(town, *each)
            except RepositoryError:
                continue
        before = await view(town)
        notes = await town.digest()
        assert not [note for note in notes if "refused" in note]
        assert await view(town) == before

    asyncio.run(run())


async def test_decisions_are_seen_too(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    for key in ("dig", "eat", "fly"):
        await town.actions.create(Action(id=key, actor_id="ann", requires_approval=True))
    await town.digest()
    for key, decision in (("dig", "approve"), ("eat", "reject"), ("fly", "escalate")):
        payload = {"decision": decision, "gate": "approval"}
        command = Command(
            id=f"decide~{key}~approval",
            kind=CommandKind.DECIDE,
            collection="actions",
            entity_id=key,
            payload=payload,
            by="eve",
        )
        await submit(town.store, "town", command)
    before = await view(town)
    assert before["approval"] == ["fly"]
    assert [x.id for x in await town.actions.find_pending_execution()] == ["dig"]
    assert [x.approved_by for x in await town.actions.list_all()] == ["eve", None, None]
    await town.digest()
    assert await view(town) == before


async def send(town: Data, kind: CommandKind, key: str | None, **payload: Any) -> None:
    """Put a command into the inbox behind the repositories' back."""
    command = Command(id=_wall.nonce(4), kind=kind, entity_id=key, payload=payload)
    await town.store.commit([inbox_write("town", command)])


async def test_what_the_step_will_refuse_is_not_shown(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.events.create(Event(id="fair", title="Fair", status="resolved"))
    await town.actions.create(Action(id="dig", actor_id="ann"))
    await town.digest()
    before = await view(town)
    await send(town, CommandKind.INJECT_ACTOR, "ann", id="ann", name="Second Ann")
    await send(town, CommandKind.INJECT_EVENT, "fair", id="fair", title="Second fair")
    await send(town, CommandKind.INJECT_EVENT, "fog", id="frost", title="Another name")
    await send(town, CommandKind.UPDATE_ACTOR, "ann", name=7)
    await send(town, CommandKind.UPDATE_ACTOR, "nobody", name="x")
    await send(town, CommandKind.REMOVE_ACTOR, "ann")
    await send(town, CommandKind.CANCEL_EVENT, "fair")
    await send(town, CommandKind.UPDATE_EVENT, "fair", title="x")
    await send(town, CommandKind.CONFIGURE, None, name="x", max_phases="many")
    await send(town, CommandKind.CONFIGURE, None, name="x", researcher_mode="maybe")
    await send(town, CommandKind.CONFIGURE, None, metadata=7)
    await send(town, CommandKind.CONFIGURE, None, mediation="hold")
    await send(town, CommandKind.RESUME, None)
    assert await view(town) == before
    notes = await town.digest()
    assert notes
    assert all(note.startswith("refused") for note in notes), notes
    assert await inbox(town) == []
    assert await view(town) == before


async def test_a_command_for_a_step_that_is_over_is_not_shown(memory: MemoryStore) -> None:
    town = await Data(memory).found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.digest()
    for step, name in ((0, "Late"), (1, "In time")):
        command = Command(
            id=name,
            kind=CommandKind.UPDATE_ACTOR,
            entity_id="ann",
            payload={"name": name},
            expected_step=step,
        )
        await submit(memory, "town", command)
    found = await town.actors.get("ann")
    assert found is not None
    assert found.name == "In time"
    assert any("Late" in note for note in await town.digest())
    assert await town.actors.get("ann") == found


async def test_waiting_commands_apply_in_the_order_of_their_times(memory: MemoryStore) -> None:
    town = await Data(memory).found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.digest()
    for number, key in enumerate(("c", "a", "b")):
        command = Command(
            id=key,
            kind=CommandKind.UPDATE_ACTOR,
            entity_id="ann",
            payload={"name": key},
            submitted_at=f"2030-01-01T00:00:0{number}Z",
        )
        await submit(memory, "town", command)
    for _ in range(2):
        found = await town.actors.get("ann")
        assert found is not None
        assert found.name == "b"
        assert (await town.actors.list_all())[0].name == "b"
        await town.digest()


async def test_what_will_never_be_applied_is_not_shown(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.simulations.update("town", {"status": "completed"})
    await town.digest()
    before = await view(town)
    await send(town, CommandKind.INJECT_ACTOR, "bob", id="bob", name="Bob")
    await send(town, CommandKind.UPDATE_ACTOR, "ann", name="x")
    assert await view(town) == before
    assert await town.actors.get("bob") is None


async def test_changed_actors_bear_the_time_of_the_step(data: Data) -> None:
    town = await data.found("town", cycle_seconds=60)
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.actors.create(Actor(id="bob", name="Bob"))
    engine = PhaseEngine(data.store)
    await engine.run_cycle("town")
    await engine.run_cycle("town")
    await town.actors.update("ann", {"name": "Anna"})
    await send(town, CommandKind.UPDATE_ACTOR, "bob", name=7)
    for _ in range(2):
        ann, bob = await town.actors.get_many(["ann", "bob"])
        assert ann is not None
        assert bob is not None
        assert (ann.updated_at - ann.created_at).total_seconds() == 120
        assert bob.updated_at == bob.created_at
        await town.digest()


class Interfering(CountingStore):
    """Lets the engine apply the commands just before one certain read."""

    moment = -1

    async def _maybe(self) -> None:
        if self.calls == self.moment:
            self.calls += 1
            await PhaseEngine(self.inner).apply_commands("town")

    async def get(self, collection: str, id: str) -> Any:  # noqa: A002
        await self._maybe()
        return await super().get(collection, id)

    async def get_many(self, collection: str, ids: Any) -> Any:
        await self._maybe()
        return await super().get_many(collection, ids)

    async def query(self, query: Any) -> Any:
        await self._maybe()
        return await super().query(query)


LOOKS: list[Any] = [
    lambda town: town.actors.get("bob"),
    lambda town: town.actors.find_by_name("Bob"),
    lambda town: town.actors.list_all(),
    lambda town: town.actors.get_many(["bob", "ann"]),
    lambda town: town.actors.query({"attributes.coins": 5}),
    lambda town: town.simulations.get("town"),
]


@pytest.mark.parametrize("look", range(len(LOOKS)))
@pytest.mark.parametrize("moment", range(8))
async def test_a_step_between_any_two_reads_hides_nothing(
    memory: MemoryStore, look: int, moment: int
) -> None:
    town = await Data(memory).found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.digest()
    await town.actors.create(Actor(id="bob", name="Bob", attributes={"coins": 5}))
    await town.simulations.update("town", {"name": "City"})
    store = Interfering(memory)
    store.moment = moment
    found = await LOOKS[look](town_of(store))
    if look == len(LOOKS) - 1:
        assert (found.name, found.active_actor_ids) == ("City", ["ann", "bob"])
    elif isinstance(found, list):
        assert "bob" in [actor.id for actor in found]
    else:
        assert found.attributes == {"coins": 5}


def town_of(store: CountingStore) -> Data:
    return Data(store, "town")


async def test_simulated_time_and_marks_are_those_that_the_step_gives(data: Data) -> None:
    town = await data.found("town", epoch="1900-01-01T00:00:00Z", researcher_mode=True)
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.events.create(Event(id="fair", title="x", created_at="1800-01-01T00:00:00Z"))
    await town.events.create(Event(id="duel", title="x", source="player"))
    for _ in range(2):
        ann, fair = await town.actors.get("ann"), await town.events.get("fair")
        duel = await town.events.get("duel")
        assert ann is not None
        assert fair is not None
        assert duel is not None
        assert (ann.created_at.year, ann.simulation_id) == (1900, "town")
        assert (fair.created_at.year, fair.requires_approval) == (1800, True)
        assert duel.requires_approval is False
        await town.digest()


async def test_keys_of_scoped_and_unscoped_repositories(data: Data) -> None:
    town = await data.found("town")
    assert await data.actors.create(Actor(id="ann", name="Ann", simulation_id="town")) == "town~ann"
    assert await town.actors.create(Actor(id="bob", name="Bob")) == "bob"
    for _ in range(2):
        for found in (
            await data.actors.get("town~ann"),
            await data.actors.get("ann", simulation_id="town"),
            await town.actors.get("ann"),
            await town.actors.get("ann", simulation_id="town"),
        ):
            assert found is not None
            assert (found.id, found.simulation_id) == ("ann", "town")
        assert await data.actors.get("ann") is None
        many = await data.actors.get_many(["town~bob", "bob", "town~ann"])
        assert [x and x.id for x in many] == ["bob", None, "ann"]
        assert await data.actors.exists("town~bob")
        assert not await data.actors.exists("port~bob")
        await town.digest()
    assert await data.actors.update("town~ann", {"name": "Anna"})
    assert await data.actors.delete("bob", simulation_id="town")
    assert [x.name for x in await town.actors.list_all()] == ["Anna"]
    with pytest.raises(RepositoryError, match="no local id"):
        await town.actors.get("town~ann")
    with pytest.raises(RepositoryError, match="is of simulation town, not port"):
        await town.actors.get("ann", simulation_id="port")
    with pytest.raises(RepositoryError, match="belongs to simulation port"):
        await town.actors.create(Actor(id="x", name="x", simulation_id="port"))


@pytest.mark.parametrize("ending", ["missing", "completed", "deleting"])
async def test_no_writes_to_what_takes_none(data: Data, ending: str) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.digest()
    cause: type[Exception] = SimulationEndedError
    if ending == "missing":
        town, cause = data.of("nowhere"), SimulationMissingError
    elif ending == "completed":
        await town.simulations.update("town", {"status": "completed"})
        await town.digest()
    else:
        await mark_deleting(town)
    for call in (
        town.actors.create(Actor(id="bob", name="Bob")),
        town.actors.update("ann", {"name": "x"}),
        town.actors.delete("ann"),
    ):
        with pytest.raises(RepositoryError) as caught:
            await call
        assert isinstance(caught.value.__cause__, cause)
    if ending != "missing":
        assert [x.name for x in await town.actors.list_all()] == ["Ann"]
    else:
        assert await town.actors.list_all() == []
        assert await town.actors.get("ann") is None


async def mark_deleting(town: Data) -> None:
    """Do what the first step of a deletion does."""
    from dataclasses import replace

    from scrai.data import read_head
    from scrai.store import update

    document = await town.store.get("simulations", "town")
    assert document is not None
    head = replace(read_head(document), deleting=True)
    await town.store.commit([update("simulations", "town", head.value(), head.columns())])


async def test_refusals_before_anything_is_sent(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.actions.create(Action(id="dig", actor_id="ann"))
    await town.events.create(Event(id="fair", title="Fair", status="resolved"))
    cases: list[tuple[Any, type[Exception], str]] = [
        (
            lambda: town.actors.create(Actor(id="ann", name="x")),
            AlreadyExistsError,
            "exists already",
        ),
        (
            lambda: town.events.create(Event(id="fair", title="x")),
            AlreadyExistsError,
            "exists already",
        ),
        (
            lambda: town.actions.create(Action(id="a", actor_id="anne")),
            ReferenceMissingError,
            "there is no actor anne (did you mean ann?)",
        ),
        (
            lambda: town.events.create(Event(id="e", title="x", trigger_action_id="no")),
            ReferenceMissingError,
            "there is no action no",
        ),
        (
            lambda: town.actions.update("dig", {"target_actor_ids": ["ann", "bob"]}),
            ReferenceMissingError,
            "target_actor_ids[1]: there is no actor bob",
        ),
        (lambda: town.actors.delete("ann"), CommandRefusedError, "still needed by dig"),
        (lambda: town.events.update("fair", {"title": "x"}), CommandRefusedError, "it is resolved"),
        (lambda: town.events.delete("fair"), CommandRefusedError, "it is resolved"),
        (
            lambda: town.actions.update("dig", {"status": "completed"}),
            IllegalTransitionError,
            "cannot go from pending to completed",
        ),
    ]
    waiting = len(await inbox(town))
    for call, cause, said in cases:
        with pytest.raises(RepositoryError) as caught:
            await call()
        assert isinstance(caught.value.__cause__, cause)
        assert said in str(caught.value)
    assert await town.actors.update("nobody", {"name": "x"}) is False
    assert await town.actors.delete("nobody") is False
    assert await town.actors.update("ann", {"name": "Ann"}) is True
    assert len(await inbox(town)) == waiting
    with pytest.raises(RepositoryError, match="in its steps only"):
        await data.actors.change("town~ann", lambda actor: actor)


async def inbox(town: Data) -> list[Any]:
    from scrai.data import waiting

    return await waiting(town.store, "town")


async def test_true_is_not_one_when_changes_are_looked_for(memory: MemoryStore) -> None:
    town = await Data(memory).found("town")
    await town.actors.create(Actor(id="ann", name="Ann", attributes={"x": 1}))
    await town.digest()
    await town.actors.update("ann", {"attributes": {"x": True}})
    assert len(await inbox(town)) == 1
    for _ in range(2):
        found = await town.actors.get("ann")
        assert found is not None
        assert found.attributes["x"] is True
        await town.digest()


async def test_an_actor_can_go_when_its_actions_are_cancelled_before(data: Data) -> None:
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    await town.actions.create(Action(id="dig", actor_id="ann"))
    await town.digest()
    assert await town.actions.delete("dig")
    assert await town.actors.delete("ann")
    assert await town.actors.list_all() == []
    assert not [note for note in await town.digest() if "refused" in note]
    assert await town.actors.list_all() == []
    found = await town.actions.get("dig")
    assert found is not None
    assert found.status is ActionStatus.CANCELLED


async def test_more_commands_wait_than_a_step_takes(memory: MemoryStore) -> None:
    town = await Data(memory).found("town")
    for number in range(1203):
        await town.actors.create(Actor(id=f"a{number:04d}", name="x"))
    assert await town.actors.count() == 1203
    found = await town.actors.list_all()
    assert [actor.id for actor in found] == [f"a{number:04d}" for number in range(1203)]
    while await town.digest():
        assert len(await town.actors.list_all()) == 1203


async def test_commands_of_one_tick_apply_in_the_order_sent(
    memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = _wall.now()
    monkeypatch.setattr(_wall, "now", lambda: moment)
    town = await Data(memory).found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    for number in range(20):
        await town.actors.update("ann", {"name": f"Ann {number}"})
    for _ in range(2):
        found = await town.actors.get("ann")
        assert found is not None
        assert found.name == "Ann 19"
        await town.digest()


async def test_a_running_simulation_takes_what_repositories_wrote(data: Data) -> None:
    town = await data.found("town", max_phases=2)
    await town.actors.create(Actor(id="ann", name="Ann", attributes={"coins": 1}))
    earn = {"op": "add", "target": "self", "path": "attributes.coins", "value": 2}
    await town.actions.create(Action(id="dig", actor_id="ann", parameters={"effects": [earn]}))
    engine = PhaseEngine(data.store)
    await engine.run_cycle("town")
    done = await town.actions.get("dig")
    ann = await town.actors.get("ann")
    assert done is not None
    assert ann is not None
    assert (done.status, ann.attributes) == (ActionStatus.COMPLETED, {"coins": 3})
    assert await town.actions.find_active() == []
    assert [x.id for x in await town.actions.list_all()] == ["dig"]

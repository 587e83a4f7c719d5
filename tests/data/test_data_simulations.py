"""The repository of simulations."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import Data
from scrai import _wall
from scrai.data import RepositoryError
from scrai.engine import BranchOptions, NoScenario, PhaseEngine
from scrai.errors import (
    AlreadyExistsError,
    CommandRefusedError,
    IllegalTransitionError,
    InvalidInputError,
    ModelError,
    PhaseEngineError,
    SimulationEndedError,
)
from scrai.models import Actor, Event, SimulationPhase, SimulationState, SimulationStatus
from scrai.store import MemoryStore


def state(key: str, **fields: Any) -> SimulationState:
    return SimulationState(**{"id": key, "name": key.title(), **fields})


async def test_a_new_simulation_comes_back_whole(data: Data) -> None:
    parts = {
        "configuration": {"size": 3},
        "world_state": {"rain": 1.5},
        "environment": {"deep": {"er": [1, 2]}},
        "metadata": {"note": "x"},
    }
    new = state("town", description="A town", seed=7, max_phases=3, scenario_module="x", **parts)
    assert await data.simulations.create(new) == "town"
    found = await data.simulations.get("town")
    assert found is not None
    given = new.model_dump(exclude={"revision", "created_at", "updated_at"})
    assert found.model_dump(exclude={"revision", "created_at", "updated_at"}) == given
    assert found.revision
    assert await data.simulations.exists("town")
    assert await data.simulations.get("port") is None
    assert not await data.simulations.exists("port")
    assert await PhaseEngine(data.store).get("town") == found


async def test_a_second_of_the_same_id_is_refused(data: Data) -> None:
    await data.simulations.create(state("town"))
    with pytest.raises(RepositoryError, match="create SimulationState town: it exists") as caught:
        await data.simulations.create(state("town", name="Other"))
    assert isinstance(caught.value.__cause__, AlreadyExistsError)
    found = await data.simulations.get("town")
    assert found is not None
    assert found.name == "Town"


@pytest.mark.parametrize(
    "bad",
    [
        {"status": "running"},
        {"current_phase": "snapshot"},
        {"phase_number": 3},
        {"name": "x" * 401},
        {"description": "x" * 2001},
        {"metadata": {"x": [[1]]}},
        {"world_state": {"x": "x" * 2**20}},
    ],
)
async def test_only_new_and_small_simulations_are_created(data: Data, bad: dict[str, Any]) -> None:
    with pytest.raises(RepositoryError):
        await data.simulations.create(state("town", **bad))
    assert not await data.simulations.exists("town")
    assert await data.simulations.list_all() == []


async def test_get_says_what_the_engine_says(data: Data) -> None:
    town = await data.found("town")
    for key in "abc":
        await town.actors.create(Actor(id=key, name=key, active=key != "b"))
        await town.events.create(Event(id=key, title=key))
    engine = PhaseEngine(data.store)
    async for result in engine.run("town", cycles=2):
        found = await data.simulations.get("town")
        assert found == result.simulation
        assert found is not None
        if found.step == 1:
            assert found.active_actor_ids == ["a", "c"]
            assert found.pending_event_ids == ["a", "b", "c"]
        assert found.metadata["phase_log"]


async def test_settings_become_commands(data: Data) -> None:
    await data.simulations.create(state("town", metadata={"note": "x"}))
    shown = await data.simulations.list_all()
    updates = {
        "name": "City",
        "description": "Large",
        "max_phases": 5,
        "auto_approve_events": True,
        "auto_approve_actions": True,
        "researcher_mode": True,
        "metadata": {**shown[0].metadata, "more": [1], "phase_log": ["never"]},
    }
    assert await data.simulations.update("town", updates) is True
    for _ in range(2):
        found = await data.simulations.get("town")
        assert found is not None
        for name in updates.keys() - {"metadata"}:
            assert getattr(found, name) == updates[name]
        assert found.metadata == {"note": "x", "more": [1]}
        await data.of("town").digest()
    assert (await data.simulations.list_all())[0].name == "City"


async def test_status_becomes_a_command(data: Data) -> None:
    await data.simulations.create(state("town"))
    engine = PhaseEngine(data.store)
    await engine.step("town")
    for status in ("paused", SimulationStatus.RUNNING, "running", "paused", "completed"):
        assert await data.simulations.update("town", {"status": status}) is True
        for _ in range(2):
            found = await data.simulations.get("town")
            assert found is not None
            assert found.status == status
            ended = found.current_phase is SimulationPhase.COMPLETED
            assert ended is (status == "completed")
            await engine.apply_commands("town")
    with pytest.raises(RepositoryError) as caught:
        await data.simulations.update("town", {"name": "x"})
    assert isinstance(caught.value.__cause__, SimulationEndedError)


async def test_an_error_is_left_by_trying_again(data: Data) -> None:
    from scrai.data import Head, read_head
    from scrai.store import update

    await data.simulations.create(state("town"))
    document = await data.store.get("simulations", "town")
    assert document is not None
    head: Head = read_head(document)
    head.status, head.last_error = "error", "it broke"
    await data.store.commit([update("simulations", "town", head.value(), head.columns())])
    assert await data.simulations.update("town", {"status": "running"}) is True
    found = await data.simulations.get("town")
    assert found is not None
    assert (found.status, found.last_error) == (SimulationStatus.RUNNING, None)


@pytest.mark.parametrize(
    ("updates", "cause", "said"),
    [
        ({"nmae": "x"}, InvalidInputError, "has no field 'nmae'"),
        ({"seed": 1, "world_state": {}}, InvalidInputError, "seed, world_state cannot be changed"),
        ({"current_phase": "snapshot"}, InvalidInputError, "current_phase cannot be changed"),
        ({"status": "paused"}, IllegalTransitionError, "from created to paused"),
        ({"status": "running"}, IllegalTransitionError, "from created to running"),
        ({"status": "asleep"}, InvalidInputError, "'asleep' is not one of created, running"),
        ({"max_phases": "many"}, CommandRefusedError, "max_phases: input should be a valid int"),
        ({"max_phases": 0}, CommandRefusedError, "max_phases: input should be greater than or"),
        ({"name": "x" * 401}, CommandRefusedError, "401 bytes, over 400"),
        ({"name": 7}, CommandRefusedError, "name: input should be a valid string"),
        ({"metadata": 7}, CommandRefusedError, "metadata is not an object"),
        ({"metadata": {"x": {1}}}, InvalidInputError, "set is no JSON value"),
        ({"name": "y", "status": "paused"}, IllegalTransitionError, "created to paused"),
        ("name", InvalidInputError, "updates are a str"),
    ],
)
async def test_refused_updates_send_nothing(
    memory: MemoryStore, updates: Any, cause: type[Exception], said: str
) -> None:
    data = Data(memory)
    await data.simulations.create(state("town"))
    before = await data.simulations.get("town")
    with pytest.raises(RepositoryError) as caught:
        await data.simulations.update("town", updates)
    assert said in str(caught.value)
    assert isinstance(caught.value.__cause__, cause)
    assert await data.simulations.get("town") == before
    assert await data.of("town").digest() == []


async def test_updating_or_deleting_nothing(data: Data) -> None:
    assert await data.simulations.update("town", {"name": "x"}) is False
    assert await data.simulations.delete("town") is False


async def test_deletion_takes_all_of_one_and_nothing_of_the_other(data: Data) -> None:
    for key in ("town", "port"):
        other = await data.found(key)
        await other.actors.create(Actor(id="ann", name="Ann"))
        await PhaseEngine(data.store).run_cycle(key)
        await other.actors.create(Actor(id="bob", name="Bob"))
    await data.actors.create(Actor(id="ann", name="Ann"))
    before = await data.simulations.get("port")
    assert await data.simulations.delete("town") is True
    assert await data.simulations.get("town") is None
    assert await data.of("town").actors.list_all() == []
    assert await data.store.subcollections("simulations", "town") == []
    assert await data.simulations.get("port") == before
    assert [x.id for x in await data.of("port").actors.list_all()] == ["ann", "bob"]
    assert await data.actors.exists("ann")


async def test_branches_forbid_deletion_unless_told_otherwise(data: Data) -> None:
    await data.simulations.create(state("town"))
    engine = PhaseEngine(data.store)
    await engine.run_cycle("town")
    for child in ("one", "two"):
        await engine.branch("town", 3, child, BranchOptions())
    with pytest.raises(RepositoryError, match="has branches: one, two") as caught:
        await data.simulations.delete("town")
    assert isinstance(caught.value.__cause__, PhaseEngineError)
    found = await data.simulations.query({"parent.simulation_id": "town"})
    assert [x.id for x in found] == ["one", "two"]
    assert await data.simulations.delete("town", detach=True) is True
    one = await data.simulations.get("one")
    assert one is not None
    assert one.parent is None
    await engine.branch("one", 3, "three", BranchOptions())
    assert await data.simulations.delete("one", with_branches=True) is True
    assert [x.id for x in await data.simulations.list_all()] == ["two"]


class Anything:
    """Finds a scenario under every name: one that does nothing."""

    def hooks(self, key: str) -> NoScenario:
        return NoScenario()


async def shelf(data: Data) -> None:
    """Five simulations, one made after the other."""
    for number, key in enumerate(("ape", "bee", "cat", "dog", "elk")):
        scenario = "zoo" if number % 2 else "farm"
        await data.simulations.create(
            state(key, name="Cow" if number else "Ape", scenario_module=scenario, seed=number)
        )
    engine = PhaseEngine(data.store, Anything())
    await engine.step("bee")
    await engine.step("dog")
    await data.simulations.update("elk", {"status": "completed"})
    await engine.apply_commands("elk")


async def test_finders(data: Data) -> None:
    await shelf(data)
    repository = data.simulations
    cases: list[tuple[Any, tuple[Any, ...], str]] = [
        (repository.list_all, (), "elk dog cat bee ape"),
        (repository.list_all, (2,), "elk dog"),
        (repository.list_all, (0,), ""),
        (repository.find_by_status, (SimulationStatus.CREATED,), "cat ape"),
        (repository.find_running, (), "dog bee"),
        (repository.find_completed, (), "elk"),
        (repository.find_by_scenario, ("farm",), "elk cat ape"),
        (repository.query, ({"name": "Cow"},), "bee cat dog elk"),
        (repository.query, ({"name": "Cow"}, 2), "bee cat"),
        (repository.query, ({"status": "running", "scenario_module": "zoo"},), "dog bee"),
        (repository.query, ({"status": "running", "seed": 1},), "bee"),
        (repository.query, ({"status": "running", "seed": 1.0},), "bee"),
        (repository.query, ({"status": "running", "seed": True},), ""),
        (repository.query, ({"name": "Cow", "metadata.x": 1},), ""),
        (repository.query, ({"name": "Cow", "metadata": {}},), ""),
        (repository.query, ({"id": "bee"},), "bee"),
        (repository.query, ({"id": "bee", "seed": 2},), ""),
        (repository.query, ({"name": ["Cow"]},), ""),
    ]
    for method, arguments, wanted in cases:
        found = await method(*arguments)
        assert " ".join(each.id for each in found) == wanted, (method, arguments)
    by_name = await repository.find_by_name("Cow")
    assert by_name is not None
    assert by_name.id == "bee"
    assert await repository.find_by_name("cow") is None
    assert await repository.count() == 5
    assert await repository.count({"status": "created"}) == 2
    assert await repository.count({"status": "running", "seed": 1}) == 1
    assert [x.id async for x in repository.stream()] == ["elk", "dog", "cat", "bee", "ape"]
    many = await repository.get_many(["dog", "cow", "ape"])
    assert [x and x.id for x in many] == ["dog", None, "ape"]


async def test_one_simulation_only(data: Data) -> None:
    await shelf(data)
    from scrai.data import SimulationRepository

    alone = SimulationRepository(data.store, "bee")
    for scope, repository in (({}, alone), ({"simulation_id": "bee"}, data.simulations)):
        assert [x.id for x in await repository.list_all(**scope)] == ["bee"]
        assert [x.id for x in await repository.find_running(**scope)] == ["bee"]
        assert await repository.find_completed(**scope) == []
        assert await repository.find_by_scenario("farm", **scope) == []
        assert await repository.find_by_name("Ape", **scope) is None
        assert [x.id for x in await repository.query({"seed": 1}, **scope)] == ["bee"]
        assert await repository.count(**scope) == 1
        assert await repository.get("dog", **scope) is None
        assert not await repository.exists("dog", **scope)
        assert await repository.update("dog", {"name": "x"}, **scope) is False
        assert await repository.delete("dog", **scope) is False
    with pytest.raises(RepositoryError, match="is of simulation bee, not new"):
        await alone.create(state("new"))


async def test_a_question_that_would_read_everything_is_refused(data: Data) -> None:
    for filters in ({}, {"seed": 1}):
        with pytest.raises(RepositoryError, match="would read all simulations") as caught:
            await data.simulations.query(filters)
        assert "simulation_id=" in str(caught.value.hint)
        assert "scenario_module" in str(caught.value.hint)


async def test_listings_are_bounded_and_say_how_many(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scrai.data._state.LISTED", 2)
    monkeypatch.setattr("scrai.data._simulation_search.PAGE", 2)
    for key in ("ape", "bee", "cat"):
        town = await data.found(key)
        for name in "abc":
            await town.actors.create(Actor(id=name, name=name))
        await town.events.create(Event(id="e", title="x", status="cancelled"))
        await town.digest()
    for found in await data.simulations.list_all():
        assert found.active_actor_ids == ["a", "b"]
        counts = {"actors": 3, "events": 0, "actions": 0, "retired": 1}
        assert found.metadata["entity_counts"] == counts
    whole = await data.simulations.get("ape")
    assert whole is not None
    assert whole.active_actor_ids == ["a", "b", "c"]
    assert "entity_counts" not in whole.metadata


async def test_what_is_half_deleted_is_shown_and_can_be_deleted(data: Data) -> None:
    from scrai.store import delete
    from test_data_overlay import mark_deleting

    town = await data.found("town")
    await mark_deleting(town)
    await data.store.commit([delete("simulations/town/parts", "world_state")])
    assert [x.id for x in await data.simulations.list_all()] == ["town"]
    assert await data.simulations.get("town") is not None
    assert await data.simulations.delete("town") is True


async def test_a_lost_part_is_an_error_that_names_it(data: Data) -> None:
    from scrai.errors import StoreCorruptError
    from scrai.store import delete

    await data.found("town")
    await data.store.commit([delete("simulations/town/parts", "world_state")])
    with pytest.raises(RepositoryError, match="simulations/town: the part world_state") as caught:
        await data.simulations.get("town")
    assert isinstance(caught.value.__cause__, StoreCorruptError)


async def test_states_are_consistent_while_the_head_moves(memory: MemoryStore) -> None:
    """Whoever reads while steps are committed sees one step, not a mixture."""

    class Restless(MemoryStore):
        """Lets the engine step once between any two reads of a state."""

        steps = 3

        async def get_many(self, collection: str, ids: Any) -> Any:
            found = await super().get_many(collection, ids)
            if collection.endswith("/parts") and Restless.steps:
                Restless.steps -= 1
                await PhaseEngine(memory).step("town")
            return found

    town = await Data(memory).found("town")
    await town.events.create(Event(id="fair", title="x"))
    reader = Restless(memory.space)
    await reader.open()
    found = await Data(reader).simulations.get("town")
    assert Restless.steps == 0
    assert found is not None
    assert found == (await PhaseEngine(memory).get("town"))
    assert found.step == 3
    Restless.steps = 2
    listed = await Data(reader).simulations.list_all()
    assert listed[0].step == 5


async def test_the_clock_stamps_what_nobody_dated(data: Data) -> None:
    new = state("town")
    before = _wall.now()
    await data.simulations.create(new)
    await data.simulations.create(state("port", created_at="2001-01-01T00:00:00Z"))
    found = await data.simulations.get("town")
    assert found is not None
    assert before <= found.created_at <= _wall.now()
    listed = await data.simulations.list_all()
    assert [x.id for x in listed] == ["town", "port"]
    assert listed[1].created_at.year == 2001


async def test_the_longest_epoch_does_not_break_a_listing(memory: MemoryStore) -> None:
    data = Data(memory)
    await data.simulations.create(state("town", epoch="9999-12-31T00:00:00Z", cycle_seconds=1e12))
    engine = PhaseEngine(memory)
    await engine.run_cycle("town")
    with pytest.raises(RepositoryError, match="after the year 9999") as caught:
        await data.of("town").events.find_recent()
    assert isinstance(caught.value.__cause__, ModelError)
    assert len(await data.simulations.list_all()) == 1

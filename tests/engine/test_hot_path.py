"""What makes steps cheap must not make them careless."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from scrai.engine import PhaseEngineConfig, ScenarioContext, diff
from scrai.engine._draft import Table
from scrai.engine._patch import patch_to
from scrai.errors import InvalidInputError, PhaseExecutionError
from scrai.models import Action, Actor, SimulationPhase, SimulationStatus, format_time
from scrai.store import MemoryStore
from test_pieces import exact, objects
from village import Village, engine, hashes, run, state

SLOW = settings(suppress_health_check=[HealthCheck.too_slow])


def canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


@SLOW
@given(objects, objects)
def test_the_quick_patch_is_the_exact_one(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    found = patch_to(before, copy.deepcopy(new), canonical(new))
    if found is None:  # only what Python takes for equal may be too much for it
        assert canonical(old) != canonical(new)
        assert diff(old, new)
    else:
        assert exact(found) == exact(diff(old, new))
        assert exact(before) == exact(new)
        empty(before)
        assert exact(found) == exact(diff(old, new))  # they share nothing


def empty(value: Any) -> None:
    """Take everything out of an object, at every level."""
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            empty(item)
    value.clear()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": {"x": 1}}, {"a": {"x": True}}),
        ({"a": {"x": 1}}, {"a": {"x": 1.0}}),
        ({"a": [0.0]}, {"a": [-0.0]}),
        ({"a": [1]}, {"a": [True, 2]}),
        ({"a": 1, "b": {"deep": [False]}}, {"a": 2, "b": {"deep": [0]}}),
    ],
)
def test_the_quick_patch_never_misses_a_type(old: dict[str, Any], new: dict[str, Any]) -> None:
    found = patch_to(copy.deepcopy(old), new, canonical(new))
    assert found is None or exact(found) == exact(diff(old, new))
    assert diff(old, new)


class Meddler(Village):
    """Does something to one villager that it asks for by id, in World Update."""

    phases = frozenset({SimulationPhase.WORLD_UPDATE})

    def __init__(self, deed: Callable[[Any, Actor], None]) -> None:
        super().__init__(3)
        self.deed = deed

    def seed(self, context: Any) -> None:
        super().seed(context)
        context.actor("v1").attributes["bag"] = {"coins": [1], "keys": {"home": 1}}

    def before_phase(self, context: Any) -> None:
        self.deed(context, context.actor("v1"))


def bag(value: Any) -> Callable[[Any, Actor], None]:
    def deed(_: Any, actor: Actor) -> None:
        actor.attributes["bag"]["keys"]["home"] = value

    return deed


def put(field: str, value: Any) -> Callable[[Any, Actor], None]:
    def deed(_: Any, actor: Actor) -> None:
        actor.__dict__[field] = value  # beneath the validation of assignments

    return deed


@pytest.mark.parametrize(
    "deed",
    [
        bag(float("nan")),
        bag({1, 2}),
        bag({"__x__": 1}),
        bag([[1]]),
        bag(2**63),
        bag(object()),
        put("active", "maybe"),
        put("attributes", [1]),
        put("affiliations", [1]),
        put("name", None),
        put("type", "dragon"),
        put("created_at", "yesterday"),
        put("invented", 1),
    ],
)
async def test_what_a_hook_spoils_beneath_validation_is_refused(
    store: MemoryStore, deed: Callable[[Any, Actor], None]
) -> None:
    target = engine(store, Meddler(deed))
    await target.create(state())
    for _ in range(4):
        await target.step("sim")
    before = await store.get("actors", "sim~v1")
    with pytest.raises(PhaseExecutionError):
        await target.step("sim")
    after = await store.get("actors", "sim~v1")
    assert before is not None
    assert after is not None
    assert (before.revision, before.payload) == (after.revision, after.payload)


async def test_a_change_of_type_alone_is_a_change(store: MemoryStore) -> None:
    target = engine(store, Meddler(bag(True)))
    await target.create(state())
    await run(target, 1)
    entry = await target.journal.entry("sim", 5)
    assert entry["patches"]["actors/v1"]["set"]["/attributes/bag/keys/home"] is True
    assert (await target.journal.state_at("sim", 6)).entities["actors"]["v1"]["attributes"]["bag"][
        "keys"
    ] == {"home": True}


class Namesake(Village):
    """Keeps what is called like the stamp of an actor, and looks like it, among its attributes."""

    def _cycle(self, context: Any) -> None:
        super()._cycle(context)
        for actor in context.actors:
            actor.attributes["updated_at"] = format_time(actor.updated_at)


async def test_only_the_stamp_of_an_actor_is_stamped(store: MemoryStore) -> None:
    target = engine(store, Namesake())
    await target.create(state())
    await run(target, 2)
    found = (await target.journal.state_at("sim", (await target.inspect("sim")).head.step)).entities
    actor = found["actors"]["v0"]
    assert actor["attributes"]["updated_at"] == "2000-01-01T00:00:00.000000Z"
    assert actor["updated_at"] == "2000-01-01T01:00:00.000000Z"


class Haggling(Village):
    """Writes whole numbers where fractions are kept, once, and then only looks on."""

    phases = frozenset({SimulationPhase.EVENT_GENERATION, SimulationPhase.ACTION_COLLECTION})

    def _cycle(self, context: Any) -> None:
        if context.phase is SimulationPhase.EVENT_GENERATION:
            later = context.now + timedelta(days=1)
            context.extend(
                actions=[Action(id=context.new_id("buy"), actor_id="v0", scheduled_for=later)]
            )
        for action in context.actions:
            if not action.metadata:
                action.metadata["seen"] = context.phase.value
            elif not action.resource_costs:
                action.resource_costs["coins"] = 3


async def test_what_is_coerced_when_loaded_is_no_change(store: MemoryStore) -> None:
    """A worker that goes on and one that begins anew in each phase tell the same changes."""
    going, anew = engine(store, Haggling()), state("anew")
    await going.create(state())
    await going.create(anew)
    for _ in range(16):
        await going.step("sim")
        await engine(store, Haggling()).step("anew")
    assert await hashes(going) == await hashes(going, "anew")
    kept = (await going.inspect("sim")).rows["actions"].values()
    assert any(b'"coins":3}' in row.payload.data for row in kept)
    assert not any(b'"coins":3.0}' in row.payload.data for row in kept)


@pytest.mark.parametrize(
    ("deed", "message"),
    [
        (put("id", "v2"), "two actors have the id 'v2'"),
        (lambda context, _: context.extend(actors=[Actor(id="v2", name="x")]), "exists already"),
        (lambda context, _: context.actors.append(Actor(id="v2", name="x")), "two actors"),
    ],
)
async def test_ids_stay_distinct_however_few_are_looked_at(
    store: MemoryStore, deed: Callable[[Any, Actor], None], message: str
) -> None:
    target = engine(store, Meddler(deed))
    await target.create(state())
    for _ in range(4):
        await target.step("sim")
    with pytest.raises(PhaseExecutionError, match=message):
        await target.step("sim")


async def test_a_new_id_is_another_actor(store: MemoryStore) -> None:
    class Renaming(Meddler):
        def _actions(self, context: Any) -> list[Any]:
            return []

    target = engine(store, Renaming(put("id", "w1")))
    await target.create(state())
    for _ in range(5):
        await target.step("sim")
    assert sorted((await target.journal.state_at("sim", 5)).entities["actors"]) == [
        "v0",
        "v2",
        "w1",
    ]


async def test_only_those_asked_for_are_built(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    draft = (await target.inspect("sim")).draft()
    assert not draft.actors.touched
    assert draft.actors.find("v1") is draft.actors.find("v1")
    assert draft.actors.find("nobody") is None
    assert draft.actors.has("v2")
    draft.actors.add(Actor(id="a0", name="Earlier in the alphabet"))
    with pytest.raises(InvalidInputError):
        draft.actors.add(Actor(id="v3", name="taken"))
    assert [item.id for item in draft.actors.working()] == ["v1", "a0"]
    assert not draft.actors.loaded
    found = draft.actors.find("v1")
    assert [item.id for item in draft.actors.items] == ["v0", "v1", "v2", "v3", "a0"]
    assert draft.actors.items[1] is found
    assert draft.actors.working() is draft.actors.items


async def test_who_is_active_shows_without_looking_at_the_actor(store: MemoryStore) -> None:
    target = engine(store, Meddler(lambda _, actor: actor.deactivate()))
    await target.create(state())
    await run(target, 1)
    draft = (await target.inspect("sim")).draft()
    context = ScenarioContext(draft.state, draft=draft)

    def active() -> list[str]:
        return [key for key in ("v0", "v1", "v2", "v9") if context.is_active(key)]

    assert active() == ["v0", "v2"]
    assert not draft.actors.touched
    context.actor("v0").deactivate()
    context.actor("v1").activate()
    context.extend(actors=[Actor(id="v9", name="New")])
    assert active() == ["v1", "v2", "v9"]
    draft.actors.remove(context.actor("v2"))
    assert active() == ["v1", "v9"]


def test_an_empty_table_has_nothing() -> None:
    table = Table[Actor]("actors", "sim", {})
    assert table.items == []
    assert not table.has("x")


async def test_looking_at_one_or_all_gives_the_same_hashes(store: MemoryStore) -> None:
    class Looking(Village):
        phases = frozenset(SimulationPhase) - {
            SimulationPhase.PAUSED,
            SimulationPhase.COMPLETED,
        }

        def before_phase(self, context: Any) -> None:
            if context.phase is SimulationPhase.EVENT_GENERATION:
                self._cycle(context)
            assert all(map(len, map(str, (context.actors, context.actions, context.events))))

    one, all_ = engine(store), engine(store, Looking())
    await one.create(state())
    await all_.create(state("other"))
    await run(one, 3)
    await run(all_, 3, "other")
    assert await hashes(one) == await hashes(all_, "other")


async def test_a_run_lets_others_have_their_turn(store: MemoryStore) -> None:
    """Memory never waits, yet whoever else is on the loop gets on, and can end the run."""
    target = engine(store)
    await target.create(state())
    turns: list[int] = []

    async def count() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    results = await target.run_cycle("sim")
    assert len(turns) >= len(results)
    counting.cancel()

    async def for_ever() -> None:
        async for _ in target.run("sim"):
            pass

    running = asyncio.create_task(for_ever())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)
    found = await target.get("sim")
    assert found.status is SimulationStatus.RUNNING
    assert (await target.inspect("sim")).head.lease is None


async def test_a_phase_that_fails_at_once_can_be_interrupted(store: MemoryStore) -> None:
    class Failing(Village):
        def seed(self, context: Any) -> None:
            raise RuntimeError("no")

    target = engine(store, Failing(), PhaseEngineConfig(max_consecutive_failures=10**9))
    await target.create(state())

    async def for_ever() -> None:
        async for _ in target.run("sim"):
            pass

    running = asyncio.create_task(for_ever())
    for _ in range(5):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 10)

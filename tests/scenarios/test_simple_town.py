"""The town: what it is seeded with, how it lives, and that it stays within bounds."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from _runs import KEY, Run, engine_of, run, service_of
from scrai.models import (
    Action,
    ActionStatus,
    ActionType,
    Actor,
    ActorType,
    Event,
    EventType,
    SimulationState,
    load_bytes,
)
from scrai.scenarios import ScenarioContext, SimpleTownScenario, create_default_scenario_service
from scrai.store import Query, Where

CYCLES = 300
SEVEN = [
    "actor-baker",
    "actor-caretaker",
    "actor-doctor",
    "actor-farmer",
    "actor-mayor",
    "actor-merchant",
    "actor-teacher",
]


@pytest.fixture(scope="module")
def lived() -> Iterator[Run]:
    """A town that has lived for 300 cycles."""
    with asyncio.Runner() as runner:
        yield runner.run(run(SimpleTownScenario(), CYCLES))


def stored(found: Run, kind: str, cls: type) -> list[Any]:
    """Return all entities of a kind that a run has left in its store."""
    query = Query(kind, (Where("simulation_id", "==", "sim"),))
    with asyncio.Runner() as runner:
        documents = runner.run(found.engine.store.query(query))
    return [load_bytes(cls, document.payload.data) for document in documents]


# -- the opening ------------------------------------------------------------------------------


def test_the_town_is_seeded_as_the_contract_says() -> None:
    context = ScenarioContext(SimulationState(id="s", name="s", scenario_module="simple_town"))
    create_default_scenario_service().seed_scenario(context)
    assert [actor.id for actor in context.actors] == SEVEN
    assert {actor.type for actor in context.actors} == {ActorType.NPC}
    assert len(context.events) == 4
    assert len(context.actions) == 7
    assert {action.actor_id for action in context.actions} == set(SEVEN)
    assert not any(item.requires_approval for item in [*context.events, *context.actions])
    times = {event.id: event.scheduled_for for event in context.events}
    assert times["event-morning-briefing"] is None
    assert sum(time is not None and time > context.now for time in times.values()) == 3


async def test_the_first_cycles_tell_the_opening() -> None:
    found = await run(SimpleTownScenario(), 7)
    seeding = found.results[1]
    assert sorted(seeding.generated_event_ids) == [
        "event-evening-songs",
        "event-first-storm",
        "event-market-day",
        "event-morning-briefing",
    ]
    assert len(seeding.generated_action_ids) == 7
    assert "seeded 7 actors, 4 events, 7 actions" in seeding.notes
    assert found.state.world_state["briefed"] is True
    updates = [note for note in found.notes if note.endswith("resolved")]
    assert updates[0].endswith("1 event resolved")
    assert found.state.environment["weather"] == "storm"  # the last of the four, in cycle 7
    assert not [id_ for id_ in found.state.pending_event_ids if id_.startswith("event-")]


# -- its life ---------------------------------------------------------------------------------


def test_everybody_acts_in_every_cycle(lived: Run) -> None:
    for result in lived.results:
        if result.executed_phase.value == "event_generation":
            assert len(result.generated_action_ids) == 7
            assert 1 <= len(result.generated_event_ids) <= 4
    events = sum(len(result.generated_event_ids) for result in lived.results)
    assert 1.2 <= events / CYCLES <= 1.8


def test_people_do_many_things(lived: Run) -> None:
    actions: list[Action] = stored(lived, "actions", Action)
    assert len(actions) == 7 * CYCLES
    assert {action.type for action in actions} == set(ActionType) - {ActionType.COMBAT}
    for actor in SEVEN:
        mine = [action for action in actions if action.actor_id == actor]
        kinds = Counter(action.id.partition("-")[0] for action in mine)
        assert len(kinds) >= 6, (actor, kinds)
        assert max(kinds.values()) < CYCLES / 2, (actor, kinds)
        places = {tuple((action.target_location or {}).values()) for action in mine}
        assert len(places) >= 6
    failed = [action for action in actions if action.status is ActionStatus.FAILED]
    assert 0.02 < len(failed) / len(actions) < 0.2
    assert {action.outcome["reason"] for action in failed} >= {"did not succeed"}
    assert all(action.status is not ActionStatus.CANCELLED for action in actions)
    for feature in ("prerequisites", "resource_costs", "target_actor_ids", "target_location"):
        assert any(getattr(action, feature) for action in actions), feature
    assert {action.priority.value for action in actions} >= {"normal", "high"}


def test_much_happens(lived: Run) -> None:
    events: list[Event] = stored(lived, "events", Event)
    assert {event.type for event in events} == set(EventType) - {
        EventType.NPC_ACTION,
        EventType.PLAYER_ACTION,
    }
    assert len({event.title for event in events}) > 60
    assert not [event for event in events if event.status.value == "cancelled"]
    assert not [note for note in lived.notes if "effects not applied" in note]


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("mood", 25, 90),
        ("energy", 15, 95),
        ("health", 60, 100),
        ("trust", 5, 80),
        ("treasury", 0, 150),
        ("bread", 0, 60),
        ("grain", 0, 60),
        ("goods", 0, 60),
        ("knowledge", 0, 100),
        ("tidiness", 0, 100),
    ],
)
def test_its_numbers_move_but_stay_in_bounds(
    lived: Run, metric: str, low: float, high: float
) -> None:
    values = lived.metric(metric)
    assert len(values) == CYCLES
    assert low <= min(values)
    assert max(values) <= high
    for part in (values[: CYCLES // 2], values[CYCLES // 2 :]):
        assert len(set(part)) >= 8, part


def test_no_coin_is_lost_or_made(lived: Run) -> None:
    assert set(lived.metric("coins")) == {203}


def test_nobody_is_out_of_bounds(lived: Run) -> None:
    with asyncio.Runner() as runner:
        actors = runner.run(lived.actors())
    assert list(actors) == SEVEN
    for actor in actors.values():
        assert set(actor.attributes) == {
            *("coins", "energy", "health", "home", "mood", "role", "work")
        }
        assert all(0 <= actor.attributes[name] <= 100 for name in ("energy", "health", "mood"))
        assert actor.attributes["coins"] >= 0
        assert set(actor.relationships) == set(SEVEN) - {actor.id}
        assert all(-100 <= trust <= 100 for trust in actor.relationships.values())
        assert set(actor.location) == {"place"}


def test_nothing_grows(lived: Run) -> None:
    steps = [result.step for result in lived.results]
    with asyncio.Runner() as runner:
        documents = runner.run(
            lived.engine.store.get_many("simulations/sim/steps", [f"{n:010d}" for n in steps])
        )
        head = runner.run(lived.engine.store.get("simulations", "sim"))
    sizes = [len(document.payload.data) for document in documents if document]
    assert len(sizes) == len(steps)
    assert max(sizes) < 25_000
    half = len(sizes) // 2
    assert sum(sizes[half:]) < 1.1 * sum(sizes[:half])
    assert head is not None
    assert len(head.payload.data) < 8192
    assert lived.state.pending_event_ids == []
    assert lived.state.pending_action_ids == []


def test_it_is_worth_reading(lived: Run) -> None:
    day = [note for result in lived.results if result.cycle == 5 for note in result.notes]
    assert day[0].startswith("Day 2, morning: ")
    assert any(note.startswith("Morning briefing, day 2. ") for note in day)
    told = [note for note in lived.notes if note.endswith((".", "did not succeed"))]
    assert len(set(told)) > CYCLES
    assert max(len(note) for note in lived.notes) < 200


# -- reproducible, apart from one another -----------------------------------------------------


async def test_a_seed_gives_one_history() -> None:
    one, two = await run(SimpleTownScenario(), 12), await run(SimpleTownScenario(), 12)
    other = await run(SimpleTownScenario(), 12, seed=2)
    assert one.hashes == two.hashes
    assert one.hashes[-1] != other.hashes[-1]


async def test_two_towns_in_one_store_share_nothing() -> None:
    service = service_of(SimpleTownScenario())
    engine = await engine_of(service)
    for name in ("one", "two"):
        await engine.create(service.new_simulation(KEY, name, seed=1))
    hashes: dict[str, list[str]] = {"one": [], "two": []}
    for _ in range(5):
        for name in ("one", "two"):
            hashes[name] += [result.hash for result in await engine.run_cycle(name)]
    alone = await run(SimpleTownScenario(), 5)
    assert hashes["one"] == hashes["two"] == alone.hashes
    await engine.delete("one")
    again = Run(engine, [result async for result in engine.run("two", cycles=2)])
    assert again.hashes == (await run(SimpleTownScenario(), 7)).hashes[-10:]
    assert isinstance((await again.actors("two"))["actor-mayor"], Actor)

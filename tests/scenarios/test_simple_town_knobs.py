"""The town's knobs, each of which does what it says, and what people may do to a town."""

from __future__ import annotations

from typing import Any

import pytest

from _runs import KEY, Run, engine_of, run, service_of
from scrai.engine import PhaseEngine, StepOutcome
from scrai.errors import InvalidInputError
from scrai.models import Command, CommandKind, SimulationStatus
from scrai.scenarios import SimpleTownScenario


async def town(cycles: int = 24, **configuration: Any) -> Run:
    return await run(SimpleTownScenario(), cycles, **configuration)


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


# -- the knobs --------------------------------------------------------------------------------


async def test_mood_drift_lifts_or_lowers_everybody() -> None:
    moods = [mean((await town(mood_drift=drift)).metric("mood")) for drift in (-4, 0, 4)]
    assert moods[0] + 10 < moods[1] < moods[2] - 10


async def test_event_rate_is_the_chance_of_something_unforeseen() -> None:
    def made(found: Run) -> list[int]:
        cycles = [r for r in found.results if r.executed_phase.value == "event_generation"]
        return [len(result.generated_event_ids) for result in cycles][1:]

    assert set(made(await town(event_rate=0))) == {1}
    assert set(made(await town(event_rate=1))) <= {1, 2}
    assert mean(made(await town(event_rate=1))) > 1.9
    assert 1.2 < mean(made(await town(60, event_rate=0.5))) < 1.8


@pytest.mark.parametrize(("every", "days"), [(2, [2, 4, 6]), (5, [5]), (0, [])])
async def test_festivals_come_as_often_as_told(every: int, days: list[int]) -> None:
    found = await town(24, festival_every=every)
    told = [note for note in found.notes if note.startswith("Festival on the square")]
    assert told == [
        f"Festival on the square, day {day}. {told[0].partition('. ')[2]}" for day in days
    ]


async def test_taxes_fill_the_treasury() -> None:
    treasuries = [(await town(48, tax_percent=tax)).metric("treasury") for tax in (0, 50)]
    assert mean(treasuries[0][24:]) < 10
    assert mean(treasuries[1][24:]) > 30


@pytest.mark.parametrize(
    ("approvals", "collection", "phase"),
    [
        ("events", "events", "action_collection"),
        ("actions", "actions", "action_resolution"),
        ("all", "events", "action_collection"),
    ],
)
async def test_approvals_hold_what_is_marked(approvals: str, collection: str, phase: str) -> None:
    found = await town(None, approvals=approvals)  # type: ignore[arg-type]
    assert found.last.outcome is StepOutcome.AWAITING_APPROVAL
    assert found.last.executed_phase.value == phase
    kinds = {gate.kind for gate in found.last.awaiting}
    assert kinds == {collection}
    assert len(found.last.awaiting) == (1 if collection == "events" else 7)


async def test_without_approvals_nothing_holds() -> None:
    found = await town(4)
    assert all(result.outcome is StepOutcome.COMMITTED for result in found.results)


async def test_a_gate_that_nobody_attends_does_not_flood_the_town() -> None:
    service = service_of(SimpleTownScenario())
    engine = await engine_of(service)
    passing = {"mediation": {"events": "pass", "actions": "pass"}}
    state = service.new_simulation(
        KEY, "sim", configuration={"approvals": "all", "event_rate": 1}, metadata=passing
    )
    await engine.create(state)
    async for result in engine.run("sim", cycles=30):
        last = result
    assert last.cycle == 30
    assert len(last.simulation.pending_action_ids) == 7
    assert len(last.simulation.pending_event_ids) <= 21


async def test_approved_towns_live_like_others() -> None:
    """The marks alone change nothing once everything is approved."""
    service = service_of(SimpleTownScenario())
    engine = await engine_of(service)
    state = service.new_simulation(
        KEY,
        "sim",
        seed=1,
        configuration={"approvals": "all"},
        auto_approve_events=True,
        auto_approve_actions=True,
    )
    await engine.create(state)
    metrics = [r.metrics async for r in engine.run("sim", cycles=8) if r.metrics]
    plain = await town(8)
    assert metrics == [result.metrics for result in plain.results if result.metrics]


@pytest.mark.parametrize(
    ("key", "value"),
    [("mood_drift", 11), ("event_rate", -0.1), ("festival_every", -1), ("approvals", "some")],
)
async def test_values_that_make_no_sense_are_refused(key: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"^simple_town: {key}: "):
        await town(1, **{key: value})


# -- what people may do to it -----------------------------------------------------------------


async def commanded(engine: PhaseEngine, *commands: Command) -> None:
    for command in commands:
        await engine.submit("sim", command)


async def begun(cycles: int) -> PhaseEngine:
    service = service_of(SimpleTownScenario())
    engine = await engine_of(service)
    await engine.create(service.new_simulation(KEY, "sim", seed=1))
    async for _ in engine.run("sim", cycles=cycles):
        pass
    return engine


async def lives_on(engine: PhaseEngine, cycles: int = 8) -> Run:
    found = Run(engine, [result async for result in engine.run("sim", cycles=cycles)])
    assert not [note for note in found.notes if note.startswith("refused")]
    assert len(found.metric("mood")) == cycles
    return found


@pytest.mark.parametrize("role", ["mayor", "doctor", "baker", "farmer", "merchant"])
async def test_the_town_lives_on_without_any_of_them(role: str) -> None:
    engine = await begun(4)
    gone = f"actor-{role}"
    await commanded(engine, Command(id="c", kind=CommandKind.REMOVE_ACTOR, entity_id=gone))
    found = await lives_on(engine)
    assert gone not in await found.actors()
    assert not [note for note in found.notes if "effects not applied" in note]
    generated = [len(r.generated_action_ids) for r in found.results if r.generated_action_ids]
    assert set(generated) == {6}


async def test_newcomers_join_and_players_are_left_alone() -> None:
    engine = await begun(2)
    people = [
        {"id": "actor-new", "name": "Ann New", "type": "npc"},
        {"id": "actor-me", "name": "Me", "type": "player"},
    ]
    await commanded(
        engine,
        *(
            Command(
                id=f"add-{person['id']}",
                kind=CommandKind.INJECT_ACTOR,
                entity_id=person["id"],
                payload=person,
            )
            for person in people
        ),
    )
    found = await lives_on(engine, 24)
    actors = await found.actors()
    assert actors["actor-new"].attributes["energy"] > 0
    assert actors["actor-new"].location
    assert actors["actor-me"].attributes == {}
    assert set(found.metric("coins")) == {203}


async def test_nonsense_in_the_numbers_is_put_right() -> None:
    engine = await begun(2)
    nonsense = {"energy": "very", "mood": None, "health": 9e9, "coins": True, "role": 7, "home": 3}
    await commanded(
        engine,
        Command(
            id="c",
            kind=CommandKind.UPDATE_ACTOR,
            entity_id="actor-teacher",
            payload={"attributes": nonsense, "relationships": {"actor-mayor": "an old friend"}},
        ),
    )
    found = await lives_on(engine)
    teacher = (await found.actors())["actor-teacher"]
    assert all(0 <= teacher.attributes[name] <= 100 for name in ("energy", "mood", "health"))
    assert teacher.relationships["actor-mayor"] == "an old friend"


async def test_an_empty_town_is_over() -> None:
    engine = await begun(1)
    draft = (await engine.inspect("sim")).draft()
    await commanded(
        engine,
        *(
            Command(id=f"c-{actor.id}", kind=CommandKind.REMOVE_ACTOR, entity_id=actor.id)
            for actor in draft.actors.items
        ),
    )
    results = [result async for result in engine.run("sim")]
    assert results[-1].simulation.status is SimulationStatus.COMPLETED
    assert "ended: nobody lives here any more" in results[-1].notes

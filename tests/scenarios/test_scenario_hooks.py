"""The hooks of a scenario: when they are called, sync and async, and what they may do."""

from __future__ import annotations

from typing import Any

import pytest

from _runs import Recorder, run
from scrai.engine import BasePhaseHandler, PhaseContext
from scrai.errors import PhaseExecutionError
from scrai.models import Actor, SimulationPhase, SimulationStatus
from scrai.scenarios import Scenario, ScenarioContext


async def test_hooks_are_called_in_order_and_seed_once() -> None:
    scenario = Recorder()
    await run(scenario, 2)
    assert scenario.calls == [
        "1:initialize:before",
        "1:initialize:prepare",
        "1:initialize:after",
        "1:event_generation:seed",  # instead of before_phase
        "1:event_generation:after",
        "1:action_collection:before",
        "1:action_collection:after",
        "1:action_resolution:before",
        "1:action_resolution:after",
        "1:world_update:before",
        "1:world_update:after",
        "1:snapshot:before",
        "1:snapshot:snapshot",
        "1:snapshot:finished",
        "1:snapshot:after",
        "1:snapshot:metrics",
        "2:event_generation:before",
        "2:event_generation:after",
        "2:action_collection:before",
        "2:action_collection:after",
        "2:action_resolution:before",
        "2:action_resolution:after",
        "2:world_update:before",
        "2:world_update:after",
        "2:snapshot:before",
        "2:snapshot:snapshot",
        "2:snapshot:finished",
        "2:snapshot:after",
        "2:snapshot:metrics",
    ]


async def test_by_default_phase_hooks_fire_at_event_generation_alone() -> None:
    class Plain(Recorder):
        phases = Scenario.phases

    scenario = Plain()
    await run(scenario, 2)
    phased = [call for call in scenario.calls if call.endswith(("before", "after"))]
    assert phased == [
        "1:event_generation:after",
        "2:event_generation:before",
        "2:event_generation:after",
    ]


async def test_the_metadata_say_that_it_is_seeded() -> None:
    found = await run(Recorder(), 1)
    seeded = [bool(result.simulation.metadata.get("seeded")) for result in found.results]
    assert seeded == [False, True, True, True, True, True]
    assert found.results[1].notes[0] == "seeded 1 actor, 0 events, 0 actions"


async def test_async_hooks_do_the_same_as_plain_ones() -> None:
    class Waiting(Recorder):
        async def prepare(self, context: ScenarioContext) -> None:
            super().prepare(context)

        async def seed(self, context: ScenarioContext) -> None:
            super().seed(context)

        async def before_phase(self, context: ScenarioContext) -> None:
            super().before_phase(context)

        async def after_phase(self, context: ScenarioContext) -> None:
            super().after_phase(context)

        async def on_snapshot(self, context: ScenarioContext) -> None:
            super().on_snapshot(context)

        async def metrics(self, context: ScenarioContext) -> Any:
            return super().metrics(context)

        async def finished(self, context: ScenarioContext) -> Any:
            return super().finished(context)

    plain, waiting = Recorder(), Waiting()
    one, other = await run(plain, 2), await run(waiting, 2)
    assert waiting.calls == plain.calls
    assert other.hashes == one.hashes
    assert other.metric("actors") == [1, 1]


async def test_a_scenario_says_when_it_is_over() -> None:
    class Short(Recorder):
        def finished(self, context: ScenarioContext) -> str | None:
            return "enough" if context.cycle == 3 else None

    found = await run(Short(), None)
    assert found.last.cycle == 3
    assert found.state.status is SimulationStatus.COMPLETED
    assert "ended: enough" in found.last.notes


async def test_handlers_of_a_scenario_run_after_the_engine_s_own() -> None:
    class Crier(BasePhaseHandler):
        phase = SimulationPhase.EVENT_GENERATION

        async def execute(self, context: PhaseContext) -> None:
            context.note("hear, hear")

    class Loud(Recorder):
        def handlers(self) -> dict[SimulationPhase, list[BasePhaseHandler]]:
            return {SimulationPhase.EVENT_GENERATION: [Crier()]}

    found = await run(Loud(), 1)
    assert found.results[1].notes == ["seeded 1 actor, 0 events, 0 actions", "hear, hear"]
    assert "hear, hear" not in [*found.results[0].notes, *found.results[2].notes]


async def test_a_hook_that_fails_changes_nothing() -> None:
    class Broken(Recorder):
        def after_phase(self, context: ScenarioContext) -> None:
            if context.phase is SimulationPhase.WORLD_UPDATE:
                context.actor("actor-one").name = "Changed"
                raise ValueError("no")

    with pytest.raises(PhaseExecutionError, match="world_update of cycle 1 failed: ValueError: no"):
        await run(Broken(), 1)


async def test_what_no_store_keeps_is_named_with_its_part() -> None:
    class Odd(Recorder):
        def seed(self, context: ScenarioContext) -> None:
            context.state.world_state["o"] = object()

    with pytest.raises(PhaseExecutionError, match=r"world_state\.o: object is not JSON"):
        await run(Odd(), 1)


async def test_two_simulations_of_one_scenario_share_nothing() -> None:
    class Counting(Recorder):
        def before_phase(self, context: ScenarioContext) -> None:
            actor = context.actor("actor-one") if context.actors else None
            if actor:
                actor.attributes["seen"] = [*actor.attributes.get("seen", []), context.state.id]

    scenario = Counting()
    one = await run(scenario, 2, simulation_id="one")
    other = await run(scenario, 2, simulation_id="two")
    assert (await one.actors("one"))["actor-one"].attributes["seen"][0] == "one"
    assert set((await other.actors("two"))["actor-one"].attributes["seen"]) == {"two"}


def test_a_context_can_be_made_by_hand() -> None:
    from scrai.models import SimulationState

    context = ScenarioContext(SimulationState(id="s", name="s"), actors=[Actor(id="a", name="A")])
    Recorder().seed(context)
    assert [actor.id for actor in context.actors] == ["a", "actor-one"]

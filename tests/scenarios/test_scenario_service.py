"""The service: selection, new simulations, and the calls of the contract."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from _runs import KEY, Recorder, run, service_of
from scrai.engine import PhaseEngine, ScenarioContext
from scrai.errors import InvalidInputError, ScenarioError
from scrai.models import EPOCH, SimulationPhase, SimulationState
from scrai.scenarios import ScenarioRegistry, ScenarioService, create_default_scenario_service
from scrai.store import MemoryStore


def context(key: str | None = KEY) -> ScenarioContext:
    state = SimulationState(id="s", name="s", scenario_module=key)
    return ScenarioContext(state, phase=SimulationPhase.EVENT_GENERATION)


def test_keys_are_selected_from_the_registry() -> None:
    scenario = Recorder()
    service = service_of(scenario)
    assert service.select(KEY) is service.hooks(KEY) is scenario
    with pytest.raises(ScenarioError) as caught:
        service.hooks("under-tset")
    assert caught.value.hint == f"did you mean {KEY}?"


@pytest.mark.parametrize(
    ("given", "what", "hint"),
    [
        (Recorder, "the class Recorder", "write '_runs:Recorder'"),
        (Recorder(), "an object of class Recorder", "write '_runs:Recorder'"),
        (Path("wells.py"), f"an object of class {type(Path()).__name__}", None),
        (type("Made", (Recorder,), {}), "the class Made", None),
    ],
)
def test_what_is_no_text_names_no_scenario(given: Any, what: str, hint: str | None) -> None:
    service = service_of(Recorder())
    with pytest.raises(ScenarioError, match="named by text") as caught:
        service.new_simulation(given, "s")
    assert caught.value.message.endswith(f"not by {what}")
    assert caught.value.hint == hint


def test_a_class_of_a_file_that_was_run_is_named_by_the_file(tmp_path: Path) -> None:
    path = tmp_path / "wells.py"
    path.write_text("from _runs import Recorder\n\nclass Wells(Recorder):\n    pass\n")
    service = service_of(Recorder())
    wells = type(service.select(f"{path}:Wells"))
    with pytest.raises(ScenarioError) as caught:
        service.select(wells)  # type: ignore[arg-type]
    assert caught.value.hint == f"write '{path}:Wells'"


def test_a_service_without_a_registry_is_empty_and_takes_scenarios() -> None:
    service = ScenarioService()
    assert len(service.registry) == 0
    service.registry.register("x", Recorder())
    assert service.select("x").name == "recorder"


def test_the_same_registry_may_be_changed_later() -> None:
    registry = ScenarioRegistry()
    service = ScenarioService(registry)
    registry.register("x", Recorder())
    service.hooks("x")
    registry.unregister("x")
    with pytest.raises(ScenarioError):
        service.hooks("x")


def test_plain_hooks_have_run_when_the_call_returns() -> None:
    scenario = Recorder()
    service = service_of(scenario)
    found = context()
    for call in ("seed_scenario", "before_phase", "after_phase", "on_snapshot"):
        getattr(service, call)(found)
    hooks = [line.rpartition(":")[2] for line in scenario.calls]
    assert hooks == ["seed", "before", "after", "snapshot"]
    assert [actor.id for actor in found.actors] == ["actor-one"]


async def test_hooks_may_be_awaited_plain_or_not() -> None:
    class Waiting(Recorder):
        async def before_phase(self, context: ScenarioContext) -> None:
            super().before_phase(context)

    scenario = Waiting()
    service = service_of(scenario)
    found = context()
    await service.seed_scenario(found)
    await service.before_phase(found)
    await service.after_phase(found)
    await service.on_snapshot(found)
    assert len(scenario.calls) == 4


def test_the_calls_take_a_context() -> None:
    for call in ("seed_scenario", "before_phase", "after_phase", "on_snapshot"):
        assert list(inspect.signature(getattr(ScenarioService, call)).parameters) == [
            "self",
            "context",
        ]


def test_a_context_without_a_scenario_is_one_line() -> None:
    with pytest.raises(ScenarioError, match=r"^simulation s has no scenario$"):
        ScenarioService().seed_scenario(context(None))


def test_a_new_simulation_takes_what_the_scenario_says() -> None:
    class Timed(Recorder):
        """Timed."""

        default_cycles = 12
        epoch = datetime(1800, 1, 1, tzinfo=UTC)
        cycle_seconds = 60.0

    state = service_of(Timed()).new_simulation(KEY, "s", seed=4, configuration={"a": 1})
    assert (state.name, state.description, state.scenario_module) == ("recorder", "Timed.", KEY)
    assert (state.max_phases, state.epoch, state.cycle_seconds) == (12, Timed.epoch, 60.0)
    assert (state.seed, state.configuration) == (4, {"a": 1})
    state = service_of(Timed()).new_simulation(KEY, "s", max_phases=3, epoch=EPOCH, name="mine")
    assert (state.max_phases, state.epoch, state.name) == (3, EPOCH, "mine")
    # A door passes what its user left out as None.
    assert service_of(Timed()).new_simulation(KEY, "s", max_phases=None).max_phases == 12


def test_a_configuration_that_does_not_fit_makes_no_simulation() -> None:
    service = create_default_scenario_service()
    with pytest.raises(InvalidInputError, match=r"did you mean event_rate\?"):
        service.new_simulation("simple_town", "s", configuration={"event_rat": 1})


async def test_the_engine_refuses_it_as_well() -> None:
    store = MemoryStore()
    await store.open()
    engine = PhaseEngine(store, create_default_scenario_service())
    bad: Any = {"event_rate": 7}
    state = SimulationState(id="s", name="s", scenario_module="simple_town", configuration=bad)
    with pytest.raises(InvalidInputError, match="event_rate"):
        await engine.create(state)
    with pytest.raises(ScenarioError, match="unknown scenario 'nowhere'"):
        await engine.create(state.model_copy(update={"scenario_module": "nowhere"}))
    assert await store.get("simulations", "s") is None


async def test_hooks_see_the_typed_configuration() -> None:
    from scrai.scenarios import SimpleTownScenario

    seen: list[Any] = []

    class Watched(SimpleTownScenario):
        def on_snapshot(self, context: ScenarioContext) -> None:
            seen.append(context.config)

    await run(Watched(), 1, festival_every=3)
    assert isinstance(seen[0], SimpleTownScenario.Config)
    assert seen[0].festival_every == 3

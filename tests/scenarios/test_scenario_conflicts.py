"""A conflict of a scenario's own making: it fails the phase like any other error of its code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from _runs import KEY, Recorder, engine_of, service_of
from scrai.engine import BasePhaseHandler, PhaseContext
from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    PhaseExecutionError,
    ScenarioError,
    ScraiError,
)
from scrai.models import SimulationPhase, SimulationStatus
from scrai.scenarios import ScenarioContext
from scrai.store import MemoryStore, create

HOOKS = {
    "prepare": "initialize",
    "seed": "event_generation",
    "before_phase": "initialize",
    "after_phase": "initialize",
    "on_snapshot": "snapshot",
    "metrics": "snapshot",
    "finished": "snapshot",
}


def failing(hook: str, error: Callable[[], Exception]) -> tuple[Recorder, list[str]]:
    """Return a scenario whose hook raises, and a list of the times that it did."""
    raised: list[str] = []

    def fail(self: Any, context: ScenarioContext) -> Any:
        raised.append(context.phase.value)
        raise error()

    fail.__code__ = fail.__code__.replace(co_name=hook)  # the name in a traceback
    return type("Failing", (Recorder,), {hook: fail})(), raised


@pytest.mark.parametrize("kind", [ConflictError, AlreadyExistsError, DocumentMissingError])
@pytest.mark.parametrize("hook", HOOKS)
async def test_it_is_tried_as_often_as_the_error_policy_says(
    hook: str, kind: type[ScraiError]
) -> None:
    scenario, raised = failing(hook, lambda: kind("it is taken", hint="take another"))
    service = service_of(scenario)
    engine = await engine_of(service)
    await engine.create(service.new_simulation(KEY, "sim"))
    with pytest.raises(PhaseExecutionError) as failure:
        async for _ in engine.run("sim", cycles=1):
            pass
    assert raised == [HOOKS[hook]] * engine.config.max_consecutive_failures
    message = failure.value.message
    expected = f"{HOOKS[hook]} of cycle 1 failed: {hook} raised {kind.__name__}: it is taken ("
    assert message.startswith(expected)
    assert message.endswith(")"), "file and line are named"
    assert failure.value.hint == "take another"
    assert isinstance(failure.value.__cause__, ScenarioError)
    assert isinstance(failure.value.__cause__.__cause__, kind)
    state = await engine.get("sim")
    assert (state.status, state.error_count) == (SimulationStatus.ERROR, 3)
    assert f"{hook} raised {kind.__name__}" in str(state.last_error)


async def test_a_handler_that_meets_a_conflict_in_a_store_of_its_own() -> None:
    store = MemoryStore()
    await store.open()
    calls: list[int] = []

    class Keeper(BasePhaseHandler):
        async def execute(self, context: PhaseContext) -> None:
            calls.append(context.cycle)
            await store.commit([create("budgets", "taken", {})])

    class Keeping(Recorder):
        def handlers(self) -> dict[SimulationPhase, list[BasePhaseHandler]]:
            return {SimulationPhase.WORLD_UPDATE: [Keeper()]}

    service = service_of(Keeping())
    engine = await engine_of(service)
    await engine.create(service.new_simulation(KEY, "sim"))
    await engine.run_cycle("sim")
    with pytest.raises(
        PhaseExecutionError, match="world_update of cycle 2 failed: execute raised AlreadyExists"
    ):
        await engine.run_cycle("sim")
    assert calls == [1, 2, 2, 2]

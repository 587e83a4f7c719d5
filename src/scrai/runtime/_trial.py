"""Trying a scenario out: in memory, from its configuration to a replay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from scrai.engine import PhaseEngine, PhaseEngineConfig, StepOutcome
from scrai.engine.minds import Prompts
from scrai.errors import ScraiError
from scrai.scenarios import ScenarioService
from scrai.store import MemoryStore

TRIAL: Final = "trial"


async def try_scenario(
    service: ScenarioService,
    scenario: str,
    *,
    configuration: Mapping[str, Any],
    cycles: int,
) -> dict[str, Any]:
    """Run a scenario for some cycles in memory and again from its record; say what is wrong.

    Nothing waits for approval in a trial, and nothing of it is kept.

    Raises:
        ScenarioError, InvalidInputError: it cannot be loaded, or the configuration does not fit.
    """
    found: dict[str, Any] = {
        "scenario": service.key_of(scenario),
        "name": service.select(scenario).name,
        "cycles": 0,
        "steps": 0,
        "hash": None,
        "metrics": {},
        "counts": {},
        "replayed": False,
        "problems": [],
    }
    Prompts.of(service.select(scenario).prompts())
    async with _Store() as store:
        engine = PhaseEngine(store, service, config=PhaseEngineConfig(max_consecutive_failures=1))
        state = service.new_simulation(
            scenario,
            TRIAL,
            configuration=configuration,
            max_phases=cycles,
            auto_approve_events=True,
            auto_approve_actions=True,
        )
        await engine.create(state)
        try:
            await _run(engine, found)
            await _replay(engine, found)
        except ScraiError as error:
            found["problems"].append(error.message)
    return found


class _Store(MemoryStore):
    """A memory store for one trial."""

    async def __aenter__(self) -> MemoryStore:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _run(engine: PhaseEngine, found: dict[str, Any]) -> None:
    async for result in engine.run(TRIAL):
        found["steps"], found["hash"] = result.step, result.hash
        found["cycles"] = result.simulation.phase_number
        found["metrics"] = result.metrics or found["metrics"]
        await asyncio.sleep(0)  # so that Ctrl-C acts
        if result.outcome is StepOutcome.AWAITING_APPROVAL:
            names = ", ".join(gate.entity_id for gate in result.awaiting)
            found["problems"].append(f"{names} waits for approval although nothing should")
    work = await engine.inspect(TRIAL)
    found["counts"] = dict(work.head.counts)
    if not work.rows["actors"] and "packed" not in work.parts["metadata"].payload.value():
        found["problems"].append("after the trial there is no actor: does seed add any?")


async def _replay(engine: PhaseEngine, found: dict[str, Any]) -> None:
    async for _ in engine.replay(TRIAL):
        pass
    found["replayed"] = True

"""Running scenarios in memory, for the tests of scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scrai.engine import PhaseEngine, PhaseResult
from scrai.models import Actor, SimulationPhase, SimulationState
from scrai.scenarios import Scenario, ScenarioContext, ScenarioRegistry, ScenarioService
from scrai.store import MemoryStore

KEY = "under-test"


@dataclass
class Run:
    """A finished run: what the engine said, and the state at its end."""

    engine: PhaseEngine
    results: list[PhaseResult] = field(default_factory=list)

    @property
    def last(self) -> PhaseResult:
        """The result of the last phase."""
        return self.results[-1]

    @property
    def state(self) -> SimulationState:
        """The state at the end."""
        return self.last.simulation

    @property
    def hashes(self) -> list[str]:
        """The hash after each phase."""
        return [result.hash for result in self.results]

    @property
    def notes(self) -> list[str]:
        """All notes, in order."""
        return [note for result in self.results for note in result.notes]

    def metric(self, name: str) -> list[float]:
        """Return what a metric was at the end of each cycle."""
        return [result.metrics[name] for result in self.results if result.metrics]

    async def actors(self, simulation_id: str = "sim") -> dict[str, Actor]:
        """Return the actors at the end, by id."""
        draft = (await self.engine.inspect(simulation_id)).draft()
        return {actor.id: actor for actor in draft.actors.items}


def service_of(scenario: Scenario) -> ScenarioService:
    """Return a service that knows one scenario, under `KEY`."""
    registry = ScenarioRegistry()
    registry.register(KEY, scenario)
    return ScenarioService(registry)


async def engine_of(service: ScenarioService) -> PhaseEngine:
    """Return an engine on a new memory store."""
    store = MemoryStore()
    await store.open()
    return PhaseEngine(store, service)


async def run(
    scenario: Scenario,
    cycles: int | None,
    *,
    seed: int = 1,
    simulation_id: str = "sim",
    **configuration: Any,
) -> Run:
    """Run a scenario for some cycles, or until it ends if None."""
    service = service_of(scenario)
    found = Run(await engine_of(service))
    await found.engine.create(
        service.new_simulation(KEY, simulation_id, seed=seed, configuration=configuration)
    )
    async for result in found.engine.run(simulation_id, cycles=cycles):
        found.results.append(result)
    return found


class Recorder(Scenario):
    """Notes which hook was called where."""

    name = "recorder"
    phases = frozenset(set(SimulationPhase) - {SimulationPhase.PAUSED, SimulationPhase.COMPLETED})

    def __init__(self) -> None:
        self.calls: list[str] = []

    def record(self, hook: str, context: ScenarioContext) -> None:
        """Remember one call."""
        self.calls.append(f"{context.cycle}:{context.phase.value}:{hook}")

    def prepare(self, context: ScenarioContext) -> None:
        self.record("prepare", context)

    def seed(self, context: ScenarioContext) -> None:
        self.record("seed", context)
        context.extend(actors=[Actor(id="actor-one", name="One")])

    def before_phase(self, context: ScenarioContext) -> None:
        self.record("before", context)

    def after_phase(self, context: ScenarioContext) -> None:
        self.record("after", context)

    def on_snapshot(self, context: ScenarioContext) -> None:
        self.record("snapshot", context)

    def metrics(self, context: ScenarioContext) -> dict[str, float]:
        self.record("metrics", context)
        return {"actors": len(context.actors)}

    def finished(self, context: ScenarioContext) -> str | None:
        self.record("finished", context)
        return None

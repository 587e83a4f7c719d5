"""A small scenario that uses everything the engine offers, for the engine's own tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scrai.engine import NoScenario, PhaseEngine, PhaseEngineConfig, ScenarioContext
from scrai.models import (
    Action,
    ActionType,
    Actor,
    ActorType,
    Event,
    Operation,
    SimulationPhase,
    SimulationState,
)
from scrai.store import DocumentStore


class Village(NoScenario):
    """Every cycle each villager draws a number, acts, and one event changes the weather."""

    phases = frozenset({SimulationPhase.EVENT_GENERATION})

    def __init__(self, villagers: int = 4, *, gated: str = "") -> None:
        self.villagers = villagers
        self.gated = gated
        self.fail_at: tuple[int, SimulationPhase] | None = None

    def seed(self, context: ScenarioContext) -> None:
        context.extend(
            actors=[
                Actor(
                    id=f"v{number}",
                    name=f"Villager {number}",
                    type=ActorType.NPC,
                    attributes={"coins": 10, "mood": 0.0, "log": 0},
                    location={"place": "square"},
                )
                for number in range(self.villagers)
            ]
        )
        context.state.world_state["rain"] = 0
        self._cycle(context)

    def before_phase(self, context: ScenarioContext) -> None:
        self._cycle(context)

    def _cycle(self, context: ScenarioContext) -> None:
        if self.fail_at == (context.cycle, context.phase):
            raise RuntimeError("the village is closed")
        for actor in context.actors:
            actor.attributes["mood"] = context.rng(actor.id).uniform(-1, 1)
        context.extend(events=[self._event(context)], actions=self._actions(context))

    def _event(self, context: ScenarioContext) -> Event:
        amount = context.rng("rain").integer(1, 6)
        return Event(
            id=context.new_id("rain"),
            title="Rain",
            requires_approval=self.gated in ("events", "all"),
            effects=[Operation(op="add", target="world", path="rain", value=amount)],
        )

    def _actions(self, context: ScenarioContext) -> list[Action]:
        return [
            Action(
                id=context.new_id("work"),
                actor_id=actor.id,
                type=ActionType.ECONOMIC,
                requires_approval=self.gated in ("actions", "all"),
                resource_costs={"coins": 1},
                success_probability=0.7,
                parameters={
                    "effects": [
                        {"op": "add", "target": "self", "path": "attributes.coins", "value": 2}
                    ]
                },
            )
            for actor in context.actors
        ]

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        return {"coins": sum(actor.attributes["coins"] for actor in context.actors)}


class Source:
    """A scenario source with one scenario."""

    def __init__(self, scenario: Any) -> None:
        self.scenario = scenario

    def hooks(self, key: str) -> Any:
        return self.scenario


def state(simulation_id: str = "sim", **fields: Any) -> SimulationState:
    return SimulationState(id=simulation_id, name="A village", scenario_module="village", **fields)


def engine(
    store: DocumentStore, scenario: Any = None, config: PhaseEngineConfig | None = None, **rest: Any
) -> PhaseEngine:
    return PhaseEngine(store, Source(scenario or Village()), config=config, **rest)


async def run(target: PhaseEngine, cycles: int, simulation_id: str = "sim") -> list[Any]:
    return [result async for result in target.run(simulation_id, cycles=cycles)]


async def hashes(target: PhaseEngine, simulation_id: str = "sim") -> list[tuple[int, str]]:
    return [(e["step"], e["hash"]) async for _, e in target.journal.history(simulation_id)]

"""Running small exchanges on the engine, for tests."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from scrai.engine import PhaseEngine, rows_of, unpack_columns
from scrai.scenarios import ScenarioRegistry, ScenarioService
from scrai.store import DocumentStore, MemoryStore
from scrai.worlds.exchange import ExchangeScenario

MARKET: dict[str, Any] = {
    "schema_version": 1,
    "name": "market",
    "N": 12,
    "agents": 14,
    "initial_inventories": {
        "A": {"uniform_int": [0, 30]},
        "B": {"uniform_int": [0, 30]},
        "M": 25,
    },
    "utilities": {
        "mix": [
            {"type": "linear", "weight": 0.4, "params": {"vA": 2.5, "vB": 1}},
            {"type": "linear", "weight": 0.3, "params": {"vA": 1, "vB": 2.2}},
            {"type": "ces", "weight": 0.3, "params": {"rho": -0.5, "wA": 1, "wB": 1.3}},
        ]
    },
    "resource_seed": {"density": 0.25, "amount": 4},
    "params": {
        "exchange_regime": "mixed",
        "vision_radius": 6,
        "trade_cooldown_ticks": 3,
        "resource_growth_rate": 1,
    },
    "telemetry": "trades",
}


def market(regime: str = "mixed", **changes: Any) -> dict[str, Any]:
    """A document of fourteen agents, with top-level keys replaced."""
    found = copy.deepcopy(MARKET)
    found["params"]["exchange_regime"] = regime
    params = changes.pop("params", {})
    found["params"] |= params
    return found | changes


def service() -> ScenarioService:
    """A service that knows the exchange alone, with nothing at hand."""
    registry = ScenarioRegistry()
    registry.register("exchange", ExchangeScenario())
    return ScenarioService(registry)


@asynccontextmanager
async def memory() -> AsyncIterator[MemoryStore]:
    """An open store."""
    store = MemoryStore()
    await store.open()
    yield store
    await store.close()


def engine_on(store: DocumentStore, **options: Any) -> PhaseEngine:
    """A worker that has not seen the store before."""
    return PhaseEngine(store, service(), **options)


async def create(
    store: DocumentStore, document: dict[str, Any], cycles: int, name: str = "run", seed: int = 3
) -> PhaseEngine:
    """Create a simulation and return its engine."""
    engine = engine_on(store)
    state = engine.scenario_service.new_simulation(
        "exchange", name, configuration=document, max_phases=cycles, seed=seed
    )
    await engine.create(state)
    return engine


async def lived(
    store: DocumentStore, document: dict[str, Any], cycles: int, name: str = "run", seed: int = 3
) -> PhaseEngine:
    """Create a simulation, run it to its end, and return its engine."""
    engine = await create(store, document, cycles, name, seed)
    async for _ in engine.run(name):
        pass
    return engine


async def hash_of(engine: PhaseEngine, name: str = "run") -> str:
    """The engine's hash."""
    return (await engine.journal.head(name)).hash


async def world_of(engine: PhaseEngine, name: str = "run") -> dict[str, Any]:
    """The world state."""
    return (await engine.get(name)).world_state


async def rows(engine: PhaseEngine, table: str, name: str = "run") -> list[dict[str, Any]]:
    """All rows of a recorded table."""
    found: list[dict[str, Any]] = []
    async for _, data in engine.tables(name, table):
        found.extend(rows_of(unpack_columns(data)))
    return found

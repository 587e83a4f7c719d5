"""The tables that a simulation's scenario recorded, or can give as of now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeAlias

from scrai.data import SIMULATIONS
from scrai.engine import (
    Column,
    PhaseEngine,
    ScenarioContext,
    Vault,
    pack_columns,
    rows_of,
    settle,
    unpack_columns,
)

Columns: TypeAlias = Mapping[str, Sequence[Any]]


async def recorded(engine: PhaseEngine, simulation_id: str, table: str) -> AsyncIterator[Columns]:
    """Yield the columns of each phase that recorded the table; else those it has as of now."""
    some = False
    async for _, data in engine.tables(simulation_id, table):
        some = True
        yield unpack_columns(data)
    if not some:
        found = await _latest(engine, simulation_id, table)
        if found is not None:
            yield unpack_columns(pack_columns(found))


async def context_of(engine: PhaseEngine, simulation_id: str) -> ScenarioContext | None:
    """Return a simulation as its scenario sees it, to be read; None without a scenario."""
    state = await engine.get(simulation_id)
    if not state.scenario_module or engine.scenario_service is None:
        return None
    hooks = engine.scenario_service.hooks(state.scenario_module)
    vault = Vault(engine.store, f"{SIMULATIONS}/{simulation_id}")
    return ScenarioContext(state, config=hooks.configure(state.configuration), vault=vault)


async def _latest(
    engine: PhaseEngine, simulation_id: str, table: str
) -> Mapping[str, Column] | None:
    context = await context_of(engine, simulation_id)
    if context is None or engine.scenario_service is None:
        return None
    hooks: Any = engine.scenario_service.hooks(context.state.scenario_module or "")
    if not hasattr(hooks, "latest"):
        return None
    found: Mapping[str, Column] | None = await settle(hooks.latest(context, table))
    return found


async def names_of(engine: PhaseEngine, simulation_id: str) -> list[str]:
    """Return the names of all recorded tables."""
    head = await engine.journal.head(simulation_id)
    found: set[str] = set()
    for segment in await engine.journal.line(simulation_id, head.step):
        async for entry in engine.journal.entries(segment):
            found |= entry.get("records", {}).keys()
    return sorted(found)


def plain_rows(columns: Columns) -> AsyncIterator[dict[str, Any]]:
    """Yield rows of plain values: what is not a number is None."""

    async def rows() -> AsyncIterator[dict[str, Any]]:
        for row in rows_of(columns):
            yield {name: None if value != value else value for name, value in row.items()}  # noqa: PLR0124

    return rows()

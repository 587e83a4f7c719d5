"""A run as the commands of this world look at it: its economy and what it recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from scrai.errors import InvalidInputError
from scrai.scenarios import Desk
from scrai.worlds.exchange._core import agents_now, unpack
from scrai.worlds.exchange._economy import Economy
from scrai.worlds.exchange._spec import ExchangeSpec
from scrai.worlds.exchange._tables import Columns, from_tables

POPULATION = "population"
_NEEDED = {"agents": "summary", "aggregates": "summary", "trades": "trades"}


@dataclass(frozen=True, slots=True)
class View:
    """A run and the tables that were asked for.

    Attributes:
        id: of the simulation.
        spec: the economy at its beginning.
        seed: what its world was drawn from.
        now: the agents as they stand.
        tables: what was recorded, by name.
    """

    id: str
    spec: ExchangeSpec
    seed: int
    now: Columns
    tables: Mapping[str, Columns]

    @property
    def title(self) -> str:
        """The run in a few words, for headings."""
        regime = self.spec.params.exchange_regime.replace("_", " ")
        agents, side = self.spec.agents, self.spec.N
        return (
            f"run {self.id}: {self.spec.name}, {regime}, {agents:,} agents, {side} x {side} cells"
        )

    @property
    def ticks(self) -> npt.NDArray[np.int64]:
        """The ticks at which the agents were recorded, ascending."""
        return np.unique(self.tables["agents"]["tick"])

    def agents_at(self, tick: int) -> Columns:
        """Return the agents as they were recorded at a tick, in id order."""
        agents = self.tables["agents"]
        rows = agents["tick"] == tick
        return {name: values[rows] for name, values in agents.items()}


async def view_of(desk: Desk, simulation_id: str, tables: Sequence[str]) -> View:
    """Return a view of a run.

    Raises:
        InvalidInputError: it is no run of the exchange, or did not record a table.
        SimulationMissingError: there is no such simulation.
    """
    engine = desk.engine
    state = await engine.get(simulation_id)
    first = state.world_state.get("seed")
    data = await engine.unpack(simulation_id, POPULATION)
    if state.scenario_module != "exchange" or first is None or data is None:
        why = "has not begun" if state.scenario_module == "exchange" else "is no exchange"
        raise InvalidInputError(f"simulation {simulation_id} {why}")
    spec = Economy.of(state.configuration).spec(first)
    found = {name: await _table(engine, simulation_id, name, spec) for name in tables}
    now = agents_now(unpack(spec, first, data))
    return View(simulation_id, spec, first, now, found)


async def _table(engine: Any, simulation_id: str, name: str, spec: ExchangeSpec) -> Columns:
    found = from_tables([data async for _, data in engine.tables(simulation_id, name)])
    if not found:
        raise InvalidInputError(
            f"run {simulation_id} has no {name}: its telemetry is {spec.telemetry!r}",
            hint=f"run it with --set telemetry={_NEEDED.get(name, 'full')}",
        )
    return found

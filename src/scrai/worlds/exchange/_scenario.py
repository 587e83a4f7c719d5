"""The exchange as a scenario: a population of packed agents, some ticks in every cycle."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from scrai.engine import Column
from scrai.errors import InvalidInputError, StoreCorruptError
from scrai.models import SimulationPhase
from scrai.scenarios import Command, Panel, Scenario, ScenarioContext
from scrai.worlds.exchange._core import (
    Records,
    State,
    agents_now,
    pack,
    run_ticks,
    set_up,
    unpack,
    world_hash,
)
from scrai.worlds.exchange._economy import Economy, changed_for_good
from scrai.worlds.exchange._live import Lives
from scrai.worlds.exchange._load import looks_like, read_document
from scrai.worlds.exchange._observe import (
    added,
    begun,
    conserved,
    frozen,
    held,
    measured,
    passed,
    watched,
    welfare,
)
from scrai.worlds.exchange._schema_json import exchange_json_schema
from scrai.worlds.exchange._summary import panel
from scrai.worlds.exchange._tables import to_table

POPULATION: Final = "population"
"""The name of the packed value that holds the agents and the stocks below their cap."""

TOTALS: Final = "exchange"
"""The key of `metadata` for totals; they are not hashed, as what they follow from is."""


class ExchangeScenario(Scenario):
    """A spatial economy: agents forage two goods, meet, and trade in small blocks."""

    name = "exchange"
    phases = frozenset({SimulationPhase.ACTION_RESOLUTION})
    shares_configuration = True
    default_cycles = 10
    commands: ClassVar[Mapping[str, Command]] = {
        name: Command(f"scrai.worlds.exchange._commands:{name}", told)
        for name, told in {
            "plot": "Draw a run: prices, welfare, map, Edgeworth box or animation.",
            "compare": "Compare runs: a table, and with --output a picture.",
            "walras": "Compare a run with the Walrasian equilibrium of what agents had.",
            "determinism": "Live a scenario twice, in different ways, and compare both worlds.",
        }.items()
    }

    def __init__(self) -> None:
        self._lives = Lives()

    # -- files and configuration -----------------------------------------------------------

    def recognises(self, path: Path, head: str) -> bool:
        """Say whether a text begins like a scenario of the exchange."""
        return looks_like(head)

    def read(self, path: Path) -> Mapping[str, Any]:
        """Return the document in a file; raises InvalidInputError with all that is wrong."""
        return read_document(path, self.default_cycles)

    def title(self, configuration: Mapping[str, Any]) -> str:
        """Return what the file calls its economy."""
        return str(configuration["name"])

    def configure(self, configuration: Mapping[str, Any]) -> Economy:
        """Return the economy of a document; raises InvalidInputError with all that is wrong."""
        return Economy.of(configuration)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a scenario document."""
        return exchange_json_schema()

    def check_change(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Refuse a branch with another beginning: it has its parent's."""
        changed = changed_for_good(before, after)
        if changed:
            raise InvalidInputError(
                f"exchange: a branch cannot change {', '.join(changed)}: it goes on from a world"
                " that began otherwise",
                hint="run the file anew with --set",
            )

    # -- the run ---------------------------------------------------------------------------

    def prepare(self, context: ScenarioContext) -> None:
        """Set the world up: grid, resources, agents."""
        seed = context.state.seed
        state = set_up(context.config.spec(seed), seed)
        context.state.world_state["seed"] = seed
        agents = agents_now(state)
        context.state.metadata[TOTALS] = begun(state, agents["utility"])
        self._settle(context, state, welfare(agents["utility"]))
        if state.spec.telemetry != "off":
            context.record("agents", to_table(agents))

    def seed(self, context: ScenarioContext) -> None:
        """Say who is there: agents are packed, not actors."""
        world = context.state.world_state
        context.note(f"{world['agents']:,} agents on {world['cells']:,} cells")

    async def after_phase(self, context: ScenarioContext) -> None:
        """Live the ticks of the cycle."""
        state = await self._world(context)
        before, spec = watched(state), state.spec
        observed = spec.telemetry if spec.telemetry != "off" else "summary"
        records = run_ticks(state, spec.ticks_per_cycle, observed)
        totals = added(context.state.metadata[TOTALS], records)
        totals["frozen"] = frozen(before, watched(state))
        totals["conserved"] = conserved(totals, state)
        context.note(passed(state.tick, context.state.metadata[TOTALS], totals))
        context.state.metadata[TOTALS] = totals
        total = welfare(last_utilities(records, spec.agents))
        if spec.telemetry != "off":
            for table, columns in records.tables.items():
                context.record(table, to_table(columns))
        del records  # packing needs the room
        self._settle(context, state, total)

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return the totals of the run so far."""
        world = context.state.world_state
        return measured(world["tick"], world["welfare"], context.state.metadata[TOTALS])

    def headline(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Return what one looks for first; the rest is in the summary and in `simulation show`."""
        trades = sum(count for name, count in metrics.items() if name.startswith("trades_"))
        first = {"tick": metrics["tick"], "trades": trades}
        return first | {name: metrics[name] for name in ("gains", "welfare")}

    def closing(self, metrics: Mapping[str, float]) -> Panel | None:
        """Return the summary of a run; None before its first cycle is complete."""
        return panel(metrics) if "tick" in metrics else None

    def notice(self) -> str | None:
        """Say that the first run of all waits for the compiler."""
        from scrai.worlds.exchange._core import must_compile

        return "compiling the numeric core, once: about 20 s" if must_compile() else None

    async def latest(self, context: ScenarioContext, table: str) -> Mapping[str, Column] | None:
        """Return the agents as they stand."""
        if table != "agents" or context.state.phase_number == 0:
            return None
        return to_table(agents_now(await self._world(context)))

    # -- state -----------------------------------------------------------------------------

    async def _world(self, context: ScenarioContext) -> State:
        """Return the world as it was packed, from memory if it is at hand."""
        config: Economy = context.config
        data = await context.unpack(POPULATION)
        if data is None:
            raise StoreCorruptError("the simulation has lost its population")
        first = context.state.world_state["seed"]
        state = self._lives.take((data, config.digest, first))
        if state is None:
            state = unpack(config.spec(first), first, data)
        # A branch may have a seed of its own: its draws are new, its world is not.
        state.seed = context.state.seed
        return state

    def _settle(self, context: ScenarioContext, state: State, total: float) -> None:
        """Pack the world and say in `world_state` where it stands."""
        data = pack(state)
        context.pack(POPULATION, data)
        world = context.state.world_state
        world |= {
            "tick": state.tick,
            "agents": state.spec.agents,
            "cells": state.spec.N**2,
            "held": held(state),
            "welfare": total,
            "world_hash": world_hash(state),
        }
        self._lives.keep((data, context.config.digest, world["seed"]), state)


def last_utilities(records: Records, agents: int) -> Any:
    """Return the utilities at the end of the recorded ticks."""
    return records.tables["agents"]["utility"][-agents:]

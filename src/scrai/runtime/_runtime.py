"""The composition root: from settings to services that every door shares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from scrai.engine import PhaseEngine, PhaseEngineConfig
from scrai.events import EventBus
from scrai.runtime._archive import export_simulation, import_simulation
from scrai.runtime._commands import Commands
from scrai.runtime._costs import read_costs
from scrai.runtime._entities import Entities
from scrai.runtime._models import Models
from scrai.runtime._reading import Reading
from scrai.runtime._recollection import Recollection
from scrai.runtime._review import Review
from scrai.runtime._settings import Settings
from scrai.runtime._simulations import Simulations
from scrai.runtime._stores import make_store
from scrai.runtime._tables import Tables
from scrai.runtime._travel import Travel
from scrai.scenarios import ScenarioService, create_default_scenario_service
from scrai.store import DocumentStore


class Runtime:
    """Everything that can be done with ScrAI, on one store and in one event loop.

    Make one with `Runtime.open(settings)`. Doors (the command line, an HTTP server, a notebook)
    are thin over it, so that the same operation gives the same result through each.

    Attributes:
        settings: what it was made from.
        store, engine, scenarios, models: the parts it is made of.
        simulations: create, step, steer and delete simulations.
        reading: look at them: summaries, lists, histories.
        travel: branch, restore, replay, diff and compare them.
        entities: list, show and change actors, events and actions.
        commands: the inbox beneath all changes from outside.
        recollection: what actors remember, searched as minds do.
        review: what waits for a decision, what it would change, what was decided.
        tables: actors, events, actions, steps, metrics and costs as rows.
    """

    def __init__(
        self,
        settings: Settings,
        store: DocumentStore,
        scenarios: ScenarioService,
        bus: EventBus | None = None,
    ) -> None:
        self.models = Models(settings.llm)
        self.settings = settings
        self.store = store
        self.scenarios = scenarios
        config = PhaseEngineConfig(
            lease_seconds=settings.lease_seconds,
            max_consecutive_failures=settings.max_consecutive_failures,
        )
        self.engine = PhaseEngine(store, scenarios, config=config, bus=bus, models=self.models)
        self.commands = Commands(self.engine)
        self.reading = Reading(self.engine)
        self.simulations = Simulations(
            self.engine, scenarios, self.reading, self.commands, self.models
        )
        self.travel = Travel(self.engine, self.reading)
        self.entities = Entities(store, self.reading, self.commands)
        self.review = Review(self.reading)
        self.recollection = Recollection(self.reading, self.entities, self.models)
        self.tables = Tables(store, self.reading)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings | None = None,
        *,
        store: DocumentStore | None = None,
        scenarios: ScenarioService | None = None,
        bus: EventBus | None = None,
    ) -> AsyncIterator[Runtime]:
        """Open the store that the settings describe, and close it at the end.

        Args:
            settings: default those that hold here, see `Settings.load`.
            store: an open store of the caller's own instead; it stays open.
            scenarios: default the built-in scenarios and the installed plug-ins.
            bus: gets a message for everything that happens.

        Raises:
            ConfigurationError, StoreError: one line and the remedy.
        """
        settings = settings or Settings.load()
        scenarios = scenarios or create_default_scenario_service()
        given, store = store is not None, store or make_store(settings)
        runtime = cls(settings, store, scenarios, bus)
        try:
            if not given:
                await store.open()
            yield runtime
        finally:
            await runtime.models.aclose()
            if not given:
                await store.close()

    async def costs(self, simulation_id: str) -> dict[str, Any]:
        """Return what a simulation's calls to models did cost; see `read_costs`."""
        await self.reading.head(simulation_id)
        return await read_costs(self.store, simulation_id)

    async def cassette(self, simulation_id: str) -> AsyncIterator[bytes]:
        """Yield the lines of a file from which `--llm replay:FILE` answers as was answered."""
        from scrai.engine.minds import minds_of
        from scrai.llm import export_cassette

        config = minds_of((await self.engine.get(simulation_id)).metadata)
        minds = config.shape() if config is not None else None
        async for line in export_cassette(self.store, simulation_id, minds):
            yield line

    def export_simulation(self, simulation_id: str) -> AsyncIterator[bytes]:
        """Yield the lines of a portable file that holds a whole simulation."""
        return export_simulation(self.store, self.reading, simulation_id)

    async def import_simulation(self, lines: Iterable[bytes]) -> str:
        """Bring an exported simulation into this store; return its id."""
        return await import_simulation(self.store, lines)

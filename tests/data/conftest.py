"""A store of every kind, and the four repositories on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scrai.data import ActionRepository, ActorRepository, EventRepository, SimulationRepository
from scrai.engine import PhaseEngine
from scrai.models import SimulationState
from scrai.store import DocumentStore, FirestoreStore, MemoryStore, SqliteStore

BACKENDS = ("memory", "sqlite", pytest.param("firestore", marks=pytest.mark.emulator))


def make_store(backend: str, request: pytest.FixtureRequest) -> DocumentStore:
    """Return a new store that is not open yet."""
    if backend == "memory":
        return MemoryStore()
    if backend == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path")
        return SqliteStore(folder / "test.db")
    host = request.getfixturevalue("emulator").host
    return FirestoreStore(request.getfixturevalue("project"), emulator_host=host)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[DocumentStore]:
    """Every test that takes it runs on every backend."""
    found = make_store(request.param, request)
    await found.open()
    yield found
    await found.close()


@pytest.fixture
async def memory() -> AsyncIterator[MemoryStore]:
    """For tests of what is the same on every backend."""
    found = MemoryStore()
    await found.open()
    yield found
    await found.close()


@dataclass
class Data:
    """The four repositories, of a simulation or of everything."""

    store: DocumentStore
    simulation_id: str | None = None

    def __post_init__(self) -> None:
        self.actors = ActorRepository(self.store, self.simulation_id)
        self.events = EventRepository(self.store, self.simulation_id)
        self.actions = ActionRepository(self.store, self.simulation_id)
        self.simulations = SimulationRepository(self.store)

    def of(self, simulation_id: str | None) -> Data:
        """Return the repositories of another simulation."""
        return Data(self.store, simulation_id)

    async def found(self, simulation_id: str, **fields: Any) -> Data:
        """Create a simulation and return its repositories."""
        state = SimulationState(id=simulation_id, name=simulation_id.title(), **fields)
        await self.simulations.create(state)
        return self.of(simulation_id)

    async def digest(self) -> list[str]:
        """Let the engine apply the waiting commands; return its notes."""
        assert self.simulation_id is not None
        result = await PhaseEngine(self.store).apply_commands(self.simulation_id)
        return [] if result is None else result.notes


@pytest.fixture
def data(store: DocumentStore) -> Data:
    """The unscoped repositories."""
    return Data(store)

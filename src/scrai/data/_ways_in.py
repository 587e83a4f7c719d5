"""Repositories that bring their own store: in memory, or in a sqlite file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from scrai.data._actions import ActionRepository
from scrai.data._actors import ActorRepository
from scrai.data._events import EventRepository
from scrai.data._repository import Repository
from scrai.data._simulations import SimulationRepository
from scrai.models import Action, Actor, Event, SimulationState
from scrai.store import (
    Capabilities,
    CommitResult,
    Document,
    DocumentStore,
    MemorySpace,
    MemoryStore,
    Query,
    SqliteStore,
    Write,
)

T = TypeVar("T")


class OpenedOnUse:
    """A store that is opened by its first use."""

    def __init__(self, inner: DocumentStore) -> None:
        self.inner = inner
        self._opening = asyncio.Lock()
        self._opened = False

    @property
    def name(self) -> str:
        """The name of the store within."""
        return self.inner.name

    @property
    def capabilities(self) -> Capabilities:
        """What the store within can do."""
        return self.inner.capabilities

    async def open(self) -> None:
        """Open the store; idempotent."""
        async with self._opening:
            if not self._opened:
                await self.inner.open()
                self._opened = True

    async def close(self) -> None:
        """Close the store; the next use opens it again."""
        async with self._opening:
            await self.inner.close()
            self._opened = False

    async def _ready(self) -> DocumentStore:
        if not self._opened:
            await self.open()
        return self.inner

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        """Return one document, or None."""
        return await (await self._ready()).get(collection, id)

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked, None where missing."""
        return await (await self._ready()).get_many(collection, ids)

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        return await (await self._ready()).query(query)

    async def count(self, query: Query) -> int:
        """Return how many documents match."""
        return await (await self._ready()).count(query)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none."""
        return await (await self._ready()).commit(writes)

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        """Return the paths of all collections below a document that hold documents."""
        return await (await self._ready()).subcollections(collection, id)


class _InMemory(Repository[T]):
    def __init__(
        self, space: MemorySpace | None = None, *, simulation_id: str | None = None
    ) -> None:
        super().__init__(OpenedOnUse(MemoryStore(space)), simulation_id)
        self._owns_store = True


class _InSqlite(Repository[T]):
    def __init__(self, path: str | Path, *, simulation_id: str | None = None) -> None:
        super().__init__(OpenedOnUse(SqliteStore(path)), simulation_id)
        self._owns_store = True


class InMemoryActorRepository(_InMemory[Actor], ActorRepository):
    """Keeps actors in memory. Repositories made on one `MemorySpace` see the same documents."""


class InMemoryEventRepository(_InMemory[Event], EventRepository):
    """Keeps events in memory. Repositories made on one `MemorySpace` see the same documents."""


class InMemoryActionRepository(_InMemory[Action], ActionRepository):
    """Keeps actions in memory. Repositories made on one `MemorySpace` see the same documents."""


class InMemorySimulationRepository(_InMemory[SimulationState], SimulationRepository):
    """Keeps simulations in memory. Repositories made on one `MemorySpace` see the same."""


class SqliteActorRepository(_InSqlite[Actor], ActorRepository):
    """Keeps actors in a sqlite file; `close` it, or use it in `async with`."""


class SqliteEventRepository(_InSqlite[Event], EventRepository):
    """Keeps events in a sqlite file; `close` it, or use it in `async with`."""


class SqliteActionRepository(_InSqlite[Action], ActionRepository):
    """Keeps actions in a sqlite file; `close` it, or use it in `async with`."""


class SqliteSimulationRepository(_InSqlite[SimulationState], SimulationRepository):
    """Keeps simulations in a sqlite file; `close` it, or use it in `async with`."""

"""What every repository can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from scrai.data._mapping import check_local_id
from scrai.data._reporting import reporting
from scrai.errors import InvalidInputError
from scrai.store import DocumentStore

T = TypeVar("T")

Updates: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[T], T | None]
"""Gets an entity; changes it in place, or returns another to take its place."""


class Repository(ABC, Generic[T]):
    """Keeps the entities of one model in a document store.

    A repository of one simulation (`simulation_id` given to it, or to a method) speaks that
    simulation's local ids. Any other takes and gives whole keys: `{simulation_id}~{id}`, or the
    plain id of an entity that belongs to no simulation.

    Args:
        store: an open document store; `FirestoreClient` is one.
        simulation_id: the simulation whose entities are meant; None for all there are.

    All methods raise RepositoryError; its `__cause__` is what failed.
    """

    entity_type: ClassVar[str]
    """The word for an entity in errors: the name of its model."""

    def __init__(self, store: DocumentStore, simulation_id: str | None = None) -> None:
        self.store = store
        self._owns_store = False
        with reporting("open", self.entity_type):
            self.simulation_id = self._checked(simulation_id)

    @staticmethod
    def _checked(simulation_id: str | None) -> str | None:
        if simulation_id is None:
            return None
        return check_id(simulation_id, "simulation id")

    def _scope(self, simulation_id: str | None) -> str | None:
        """Return the simulation that a call means."""
        given = self._checked(simulation_id)
        if self.simulation_id is None or given in (None, self.simulation_id):
            return given or self.simulation_id
        raise InvalidInputError(
            f"this repository is of simulation {self.simulation_id}, not {given}",
            hint="make another repository for it",
        )

    # -- the contract ---------------------------------------------------------------------

    @abstractmethod
    async def create(self, entity: T) -> str:
        """Store a new entity and return the key by which this repository knows it."""

    @abstractmethod
    async def get(self, entity_id: str, *, simulation_id: str | None = None) -> T | None:
        """Return an entity, or None."""

    @abstractmethod
    async def update(
        self, entity_id: str, updates: Updates, *, simulation_id: str | None = None
    ) -> bool:
        """Replace top-level fields of an entity; return whether there is one."""

    @abstractmethod
    async def delete(self, entity_id: str, *, simulation_id: str | None = None) -> bool:
        """Delete an entity; return whether there was one."""

    @abstractmethod
    async def list_all(
        self, limit: int | None = None, *, simulation_id: str | None = None
    ) -> list[T]:
        """Return all entities."""

    @abstractmethod
    async def query(
        self,
        filters: Mapping[str, Any],
        limit: int | None = None,
        *,
        simulation_id: str | None = None,
    ) -> list[T]:
        """Return the entities whose fields equal the given values.

        Any field of the model can be asked for; dots lead into maps (`location.place`). Values
        compare by type: `True` is not `1`, `1` is `1.0`, and what is missing is not null. Fields
        with an index are compared by the store, the others here, before the limit is applied.
        """

    @abstractmethod
    async def exists(self, entity_id: str, *, simulation_id: str | None = None) -> bool:
        """Return whether there is an entity of that key."""

    # -- beyond the contract --------------------------------------------------------------

    @abstractmethod
    async def get_many(
        self, entity_ids: Sequence[str], *, simulation_id: str | None = None
    ) -> list[T | None]:
        """Return entities in the order asked, None where there is none."""

    @abstractmethod
    def stream(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> AsyncGenerator[T, None]:
        """Yield all entities, or those that `query` would return, page by page."""

    @abstractmethod
    async def count(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> int:
        """Return how many entities there are, or how many `query` would return."""

    # -- the store behind it --------------------------------------------------------------

    async def open(self) -> None:
        """Open the store, if the repository made it itself."""
        if self._owns_store:
            with reporting("open", self.entity_type):
                await self.store.open()

    async def close(self) -> None:
        """Close the store, if the repository made it itself."""
        if self._owns_store:
            with reporting("close", self.entity_type):
                await self.store.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def check_id(value: Any, what: str = "id") -> str:
    """Return `value` if it may be a local id, else raise InvalidInputError."""
    if not isinstance(value, str):
        raise InvalidInputError(f"{what} is a {type(value).__name__}, not text")
    return check_local_id(value, what)


def check_limit(limit: Any) -> int | None:
    """Return `limit` if it is a number of entities or None, else raise InvalidInputError."""
    if limit is None or (type(limit) is int and limit >= 0):
        return limit
    raise InvalidInputError(
        f"limit {limit!r} is not a number of entities", hint="0, 1, ... or None"
    )

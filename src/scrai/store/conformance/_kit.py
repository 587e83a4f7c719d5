"""What the cases are written with: the factory's protocol, features, expectations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from scrai.errors import StoreError
from scrai.store._registry import CollectionSpec, declare, shape
from scrai.store._types import Document, DocumentStore, Query, Where

DOCS = "conformance"
PARTS = "conformance_parts"


class Feature(StrEnum):
    """What a case may need of a backend and its factory beyond a fresh store."""

    SECOND = "a second handle on the same data"
    REOPEN = "data that outlive the store"
    PROCESSES = "several processes on the same data"
    CLOCK = "a store clock that can be moved"
    SPOIL = "a way to spoil one stored document"
    OUTAGE = "a server that can be taken away"
    LOST_REPLY = "a reply that can be lost"
    HAZARDS = "damaged or forbidden places"
    EARLIER = "stored data of earlier versions"


@dataclass(frozen=True, slots=True)
class Opener:
    """How another process opens the same data.

    Attributes:
        target: `module:function`; the function returns a store that is not open yet.
        arguments: its keyword arguments, JSON.
    """

    target: str
    arguments: Mapping[str, Any]


@dataclass(slots=True)
class Hazard:
    """A place where a store cannot do its work.

    Attributes:
        name: e.g. "a newer schema".
        error: what opening the store and writing to it must raise, with a hint.
        make: returns a store at that place, not open.
        content: returns what is at that place, to see that it was left alone.
    """

    name: str
    error: type[StoreError]
    make: Callable[[], DocumentStore]
    content: Callable[[], bytes]


class StoreFactory(Protocol):
    """Makes the stores that the cases run on. One factory serves one case at a time.

    Only `fresh` and `cleanup` are needed; the rest belongs to a feature in `features`, and is
    not called without it.
    """

    @property
    def name(self) -> str:
        """The backend, for reports."""
        ...

    @property
    def features(self) -> frozenset[Feature]:
        """What the backend and this factory can do."""
        ...

    async def fresh(self) -> DocumentStore:
        """Return a new, open store on data of its own, empty."""
        ...

    async def cleanup(self) -> None:
        """Close every store that was made and remove its data."""
        ...

    async def second(self, store: DocumentStore) -> DocumentStore:
        """SECOND: return another open store on the same data."""
        ...

    async def reopen(self, store: DocumentStore) -> DocumentStore:
        """REOPEN: close a store and return a new open one on its data."""
        ...

    def opener(self, store: DocumentStore) -> Opener:
        """PROCESSES: say how another process opens the same data."""
        ...

    def move_clock(self, store: DocumentStore, seconds: float) -> None:
        """CLOCK: let the store's clock jump."""
        ...

    async def spoil(self, store: DocumentStore, collection: str, id: str) -> None:  # noqa: A002
        """SPOIL: overwrite a document's payload with garbage, behind the store's back."""
        ...

    async def outage(self, store: DocumentStore) -> None:
        """OUTAGE: take the server away."""
        ...

    async def recover(self, store: DocumentStore) -> None:
        """OUTAGE: bring the server back."""
        ...

    @property
    def bound(self) -> float:
        """OUTAGE: the seconds within which every operation must fail."""
        ...

    async def lose_reply(self, store: DocumentStore) -> None:
        """LOST_REPLY: let the next commit be applied and its reply be lost."""
        ...

    def hazards(self) -> list[Hazard]:
        """HAZARDS: return the places where this backend cannot work."""
        ...

    async def earlier(self) -> list[DocumentStore]:
        """EARLIER: return open stores on copies of stored data of every earlier version.

        Each holds what `conformance.write_fixture` writes.
        """
        ...


class ConformanceError(AssertionError):
    """A backend does not do what a store must do."""


CaseFunction: TypeAlias = Callable[["Kit"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One demand on a backend."""

    letter: str
    name: str
    run: CaseFunction
    needs: frozenset[Feature]


def case(*needs: Feature) -> Callable[[CaseFunction], CaseFunction]:
    """Mark a function as a case; its first docstring line is the demand."""

    def mark(function: CaseFunction) -> CaseFunction:
        function.__dict__["needs"] = frozenset(needs)
        return function

    return mark


def declare_collections() -> None:
    """Declare the collections of the suite, as any third party declares its own."""
    spec = CollectionSpec(
        DOCS,
        columns=frozenset(["n", "m", "text", "mixed", "flag", "owner", "kind"]),
        lists=frozenset({"tags"}),
        shared=frozenset({"owner", "kind"}),
    )
    orders = (
        "n", "-n", "text", "-text", "mixed", "-mixed", "n m", "-n -m", "n -m", "-n m",
    )  # fmt: skip
    shapes = [shape(DOCS, "", order) for order in orders]
    shapes += [shape(DOCS, "owner", order) for order in ("n", "-n", "text", "n -m")]
    shapes += [shape(DOCS, "owner kind", "n"), shape(DOCS, "tags", "n")]
    declare(spec, shapes)
    declare(CollectionSpec(PARTS, frozenset({"n", "m"})), [shape(PARTS, "", "n")])


@dataclass(slots=True)
class Refusal:
    """Filled in by `Kit.refuses`."""

    error: Any = None


@dataclass(slots=True)
class Kit:
    """What a case works with."""

    factory: StoreFactory
    _stores: list[DocumentStore] = field(default_factory=list)

    async def store(self) -> DocumentStore:
        """Return a fresh, open, empty store."""
        return await self.factory.fresh()

    def expect(self, condition: object, demand: str) -> None:
        """Demand that something holds."""
        if not condition:
            raise ConformanceError(demand)

    def equal(self, actual: object, wanted: object, demand: str) -> None:
        """Demand that two values are equal."""
        if actual != wanted:
            raise ConformanceError(
                f"{demand}\n  wanted: {wanted!r:.600}\n  got:    {actual!r:.600}"
            )

    @asynccontextmanager
    async def refuses(self, *kinds: type[StoreError], demand: str = "") -> AsyncIterator[Refusal]:
        """Demand that the block raises exactly one of these errors."""
        refusal = Refusal()
        try:
            yield refusal
        except StoreError as error:
            if type(error) not in kinds:
                names = " or ".join(kind.__name__ for kind in kinds)
                raise ConformanceError(
                    f"{demand}: wanted {names}, got {type(error).__name__}: {error}"
                ) from error
            self.expect(str(error), f"{demand}: the error says nothing")
            refusal.error = error
            return
        names = " or ".join(kind.__name__ for kind in kinds)
        raise ConformanceError(f"{demand}: nothing was refused; wanted {names}")

    async def read(self, store: DocumentStore, id: str, collection: str = DOCS) -> Document:  # noqa: A002
        """Return a document that must be there."""
        found = await store.get(collection, id)
        if found is None:
            raise ConformanceError(f"{collection}/{id} is not there")
        return found

    async def ids(self, store: DocumentStore, *where: Where, collection: str = DOCS) -> list[str]:
        """Return the ids that a family query finds, in its order."""
        return [each.id for each in await store.query(Query(collection, where))]


def content(document: Document) -> dict[str, Any]:
    """Return all of a document that does not depend on when it was written."""
    return {
        "path": f"{document.collection}/{document.id}",
        "columns": {name: document.columns[name] for name in sorted(document.columns)},
        "payload": document.payload.data,
        "data": document.data,
    }

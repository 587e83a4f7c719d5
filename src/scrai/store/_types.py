"""Documents, writes and queries: the vocabulary of every backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias, runtime_checkable

import orjson

from scrai.errors import StoreCorruptError

Scalar: TypeAlias = bool | int | float | str | None
"""What an indexed column holds. Times are stored as sortable strings (see `codec`)."""

Column: TypeAlias = Scalar | tuple[Scalar, ...] | list[Scalar]
"""A column: one scalar, or a list of them for `array-contains`."""


def decode(data: bytes) -> dict[str, Any]:
    """Return the object in canonical bytes; StoreCorruptError if there is none."""
    try:
        value = orjson.loads(data)
    except ValueError as error:
        raise StoreCorruptError(f"payload is not JSON: {error}") from error
    if type(value) is not dict:
        raise StoreCorruptError(f"payload is a {type(value).__name__}, not an object")
    return value


@dataclass(frozen=True, slots=True)
class Payload:
    """A checked JSON object in canonical bytes. Only the codec makes one."""

    data: bytes

    def value(self) -> dict[str, Any]:
        """Return a fresh, independent copy of the object."""
        return decode(self.data)


@dataclass(slots=True)
class Document:
    """A stored document as read: the reader's own copy.

    (Like `Write` not frozen, because a frozen one takes five times as long to make; treat it as
    if it were.)

    Attributes:
        collection: slash-separated path with an odd number of parts, e.g.
            `actors` or `simulations/town/steps`.
        id: the document's key within its collection.
        columns: the indexed fields, by name, in canonical form: times are text, integral
            floats integers, lists tuples.
        payload: the JSON object, canonical.
        data: opaque bytes beside the payload (chunks of blobs), or None.
        revision: opaque; changes with every real write, and only then: a write that changes
            nothing leaves it (and `updated_at`) as it is.
        created_at, updated_at: the store's own stamps.
        read_at: the store's clock when it served this read; `read_at - updated_at` is an age
            on one clock.
    """

    collection: str
    id: str
    columns: Mapping[str, Column]
    payload: Payload
    data: bytes | None
    revision: str
    created_at: datetime
    updated_at: datetime
    read_at: datetime

    @property
    def path(self) -> str:
        """The document's full path."""
        return f"{self.collection}/{self.id}"

    def value(self) -> dict[str, Any]:
        """Return a fresh, independent copy of the payload.

        Raises:
            StoreCorruptError: the stored bytes are no JSON object; names the document. A listing
                holds such a document too, so that the others still come.
        """
        try:
            return self.payload.value()
        except StoreCorruptError as error:
            raise StoreCorruptError(f"{self.path}: {error}") from error.__cause__


class WriteKind(StrEnum):
    """The four writes."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(slots=True)
class Write:
    """One write of a commit. Make them with `create`, `update`, `upsert` and `delete`."""

    kind: WriteKind
    collection: str
    id: str
    columns: Mapping[str, Column] = field(default_factory=dict)
    payload: Payload | Mapping[str, Any] = field(default_factory=dict)
    data: bytes | None = None
    expected: str | None = None

    @property
    def path(self) -> str:
        """The document's full path."""
        return f"{self.collection}/{self.id}"


def create(
    collection: str,
    id: str,  # noqa: A002 - the field's own name
    payload: Payload | Mapping[str, Any],
    columns: Mapping[str, Column] | None = None,
    *,
    data: bytes | None = None,
) -> Write:
    """A document that must not exist yet (else AlreadyExistsError)."""
    return Write(WriteKind.CREATE, collection, id, columns or {}, payload, data)


def update(
    collection: str,
    id: str,  # noqa: A002
    payload: Payload | Mapping[str, Any],
    columns: Mapping[str, Column] | None = None,
    *,
    data: bytes | None = None,
    expected: str | None = None,
) -> Write:
    """Replace a document that must exist (DocumentMissingError) at `expected` (ConflictError)."""
    return Write(WriteKind.UPDATE, collection, id, columns or {}, payload, data, expected)


def upsert(
    collection: str,
    id: str,  # noqa: A002
    payload: Payload | Mapping[str, Any],
    columns: Mapping[str, Column] | None = None,
    *,
    data: bytes | None = None,
) -> Write:
    """Replace a document wholly, or create it."""
    return Write(WriteKind.UPSERT, collection, id, columns or {}, payload, data)


def delete(collection: str, id: str, *, expected: str | None = None) -> Write:  # noqa: A002
    """Delete a document, if it is there; with `expected` it must be, at that revision."""
    return Write(WriteKind.DELETE, collection, id, expected=expected)


Op: TypeAlias = str
OPERATORS = frozenset(
    {"==", "!=", "<", "<=", ">", ">=", "in", "not-in", "array-contains", "array-contains-any"}
)


@dataclass(frozen=True, slots=True)
class Where:
    """One comparison of a column."""

    column: str
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Where | All | AnyOf


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key. The document id always breaks ties, in the direction of the last key."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question to one collection.

    Attributes:
        collection: the collection's path.
        where: conditions that all hold.
        order: sort keys; documents in which a key's column is absent are left out.
        limit: at most so many; 0 gives none, None all.
        after: the cursor of an earlier page (`cursor_of`), else None.
        columns_only: leave payload and data out (payload is then `{}`).
    """

    collection: str
    where: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    after: str | None = None
    columns_only: bool = False


@dataclass(frozen=True, slots=True)
class CommitResult:
    """The revisions after a commit, in the order of its writes (None for deletes).

    The revision of an upsert or update that changed nothing is the one that was there.
    """

    revisions: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend can do beyond plain reads and writes; the conformance suite asks."""

    durable: bool
    multi_process: bool
    preconditions: bool = True
    atomic_commit: bool = True
    queries: bool = True
    failure_injection: bool = False
    remote: bool = False
    """Reads cross a network: worth sending several at once."""


@runtime_checkable
class DocumentStore(Protocol):
    """What a backend is. Errors are those of `scrai.errors`, never a driver's."""

    @property
    def name(self) -> str:
        """A short word for messages: memory, sqlite, firestore."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this backend can do."""
        ...

    async def open(self) -> None:
        """Make ready; idempotent. Raises StoreError with the remedy."""
        ...

    async def close(self) -> None:
        """Release everything; idempotent."""
        ...

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        """Return one document, or None."""
        ...

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked, None where missing, in one round trip."""
        ...

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        ...

    async def count(self, query: Query) -> int:
        """Return how many match, as an int (order, limit and cursor do not matter)."""
        ...

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none; a document may be written once. No writes: no commit.

        Raises:
            AlreadyExistsError, ConflictError, DocumentMissingError: a write's condition does not
                hold; that of the first such write, in order.
            InvalidDocumentError: a write is refused by every store (and before any is applied).
        """
        ...

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        """Return the paths of all collections that hold documents below a document, sorted:
        at any depth, and whether or not the documents between exist.
        """
        ...

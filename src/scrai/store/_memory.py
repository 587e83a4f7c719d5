"""The memory store: everything a store must do, in one process, gone with the process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from scrai import _wall
from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    StoreClosedError,
)
from scrai.store._ids import check_id
from scrai.store._memory_index import Row, same_value
from scrai.store._memory_query import Collection, count_rows, select_rows
from scrai.store._plan import check_count, check_query
from scrai.store._prepare import Prepared, no_payload, prepare
from scrai.store._registry import spec_of
from scrai.store._types import (
    Capabilities,
    CommitResult,
    Document,
    Payload,
    Query,
    Write,
    WriteKind,
)

_UPSERT, _CREATE, _DELETE = WriteKind.UPSERT, WriteKind.CREATE, WriteKind.DELETE


class MemorySpace:
    """What memory stores keep. Stores made on one space see the same documents."""

    def __init__(self) -> None:
        self.collections: dict[str, Collection] = {}
        self.revision = 0


class MemoryStore:
    """A `DocumentStore` in memory.

    Args:
        space: documents to share with other stores of this process; fresh ones if None.
        clock: the store's clock, for tests.
    """

    name = "memory"
    capabilities = Capabilities(durable=False, multi_process=False)

    def __init__(
        self, space: MemorySpace | None = None, *, clock: Callable[[], datetime] = _wall.now
    ) -> None:
        self.space = space or MemorySpace()
        self._clock = clock
        self._opened = False

    async def open(self) -> None:
        """Make ready."""
        self._opened = True

    async def close(self) -> None:
        """Refuse further use. The space keeps its documents while somebody holds it."""
        self._opened = False

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        """Return one document, or None."""
        found = self._collection(collection)
        check_id(id)
        row = found.rows.get(id) if found else None
        return None if row is None else _document(collection, row, self._clock())

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked, None where missing."""
        found = self._collection(collection)
        for each in ids:
            check_id(each)
        if found is None:
            return [None] * len(ids)
        at = self._clock()
        rows = [found.rows.get(each) for each in ids]
        return [None if row is None else _document(collection, row, at) for row in rows]

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        self._check_open()
        plan = check_query(query)
        found = self.space.collections.get(plan.collection)
        if found is None or plan.nothing:
            return []
        at = self._clock()
        make = _bare_document if plan.columns_only else _document
        return [make(plan.collection, row, at) for row in select_rows(found, plan)]

    async def count(self, query: Query) -> int:
        """Return how many documents match."""
        self._check_open()
        plan = check_count(query)
        found = self.space.collections.get(plan.collection)
        return 0 if found is None or plan.nothing else count_rows(found, plan)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none."""
        self._check_open()
        ready = prepare(writes)
        now = self._clock()
        collections = self.space.collections
        present: list[Row | None] = []
        for write in ready:
            found = collections.get(write.collection)
            row = found.rows.get(write.id) if found else None
            _check_expectation(write, row, now)
            present.append(row)
        return CommitResult(
            tuple([self._apply(write, row, now) for write, row in zip(ready, present, strict=True)])
        )

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        """Return the paths of all collections below a document that hold documents, sorted."""
        self._collection(collection)
        check_id(id)
        below = f"{collection}/{id}/"
        return sorted(path for path in self.space.collections if path.startswith(below))

    def _check_open(self) -> None:
        if not self._opened:
            raise StoreClosedError("the memory store is not open", hint="await store.open() first")

    def _collection(self, collection: str) -> Collection | None:
        self._check_open()
        spec_of(collection)
        return self.space.collections.get(collection)

    def _apply(self, write: Prepared, old: Row | None, now: datetime) -> str | None:
        """Put one checked write into effect; cannot fail."""
        space = self.space
        found = space.collections.get(write.collection)
        if write.kind is _DELETE:
            if found is not None and old is not None:
                found.remove(old)
                if not found.rows:
                    del space.collections[write.collection]
            return None
        if found is None:
            found = space.collections[write.collection] = Collection()
        if old is not None and _same(write, old):
            return old.revision
        space.revision += 1
        created = now if old is None else old.created_at
        revision = str(space.revision)
        found.put(
            Row(write.id, write.columns, write.payload, write.data, revision, created, now),
            old,
        )
        return revision


def _check_expectation(write: Prepared, row: Row | None, now: datetime) -> None:
    kind = write.kind
    if row is None:
        if kind is WriteKind.UPDATE or (kind is _UPSERT and write.expected is not None):
            raise DocumentMissingError(f"{write.path} does not exist")
        if kind is _DELETE and write.expected is not None:
            raise ConflictError(f"{write.path} is gone")
        return
    if kind is _CREATE:
        raise AlreadyExistsError(
            f"{write.path} exists", winner=_document(write.collection, row, now)
        )
    if write.expected is not None and write.expected != row.revision:
        raise ConflictError(
            f"{write.path} is at revision {row.revision}, not {write.expected}",
            winner=_document(write.collection, row, now),
        )


def _same(write: Prepared, row: Row) -> bool:
    """Whether a write changes nothing; then the revision stays, as on Firestore."""
    return (
        write.payload == row.payload
        and write.data == row.data
        and write.columns == row.columns
        and all(map(same_value, write.columns.values(), map(row.columns.get, write.columns)))
    )


def _document(collection: str, row: Row, at: datetime) -> Document:
    return Document(
        collection,
        row.id,
        dict(row.columns),
        Payload(row.payload),
        row.data,
        row.revision,
        row.created_at,
        row.updated_at,
        at,
    )


def _bare_document(collection: str, row: Row, at: datetime) -> Document:
    return Document(
        collection,
        row.id,
        dict(row.columns),
        no_payload(),
        None,
        row.revision,
        row.created_at,
        row.updated_at,
        at,
    )

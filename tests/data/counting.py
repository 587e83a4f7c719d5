"""A store that counts what is read from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrai.store import CommitResult, Document, DocumentStore, Query, Write


class CountingStore:
    """Passes everything on and counts documents and round trips.

    Attributes:
        read: documents that were returned.
        calls: calls that read.
        queries: the questions asked.
    """

    def __init__(self, inner: DocumentStore) -> None:
        self.inner = inner
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.read = 0
        self.calls = 0
        self.queries: list[Query] = []

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def capabilities(self) -> Any:
        return self.inner.capabilities

    async def open(self) -> None:
        await self.inner.open()

    async def close(self) -> None:
        await self.inner.close()

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        self.calls += 1
        found = await self.inner.get(collection, id)
        self.read += found is not None
        return found

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        self.calls += 1
        found = await self.inner.get_many(collection, ids)
        self.read += sum(each is not None for each in found)
        return found

    async def query(self, query: Query) -> list[Document]:
        self.calls += 1
        self.queries.append(query)
        found = await self.inner.query(query)
        self.read += len(found)
        return found

    async def count(self, query: Query) -> int:
        self.calls += 1
        return await self.inner.count(query)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        return await self.inner.commit(writes)

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        self.calls += 1
        return await self.inner.subcollections(collection, id)

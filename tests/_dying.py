"""A memory store whose process dies: after so many commits nothing of it answers any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrai.store import CommitResult, Document, MemorySpace, MemoryStore, Query, Write


class DiedError(BaseException):
    """The process is gone. Nothing can be done about that, so it is no Exception."""


class DyingStore(MemoryStore):
    """Commits so many times, and then neither commits nor answers.

    Args:
        space: the documents, which outlive it.
        commits: how many commits still go through.
    """

    def __init__(self, space: MemorySpace, commits: int) -> None:
        super().__init__(space)
        self.left = commits
        self.died = False

    def _check(self) -> None:
        if self.died:
            raise DiedError

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        self._check()
        return await super().get(collection, id)

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        self._check()
        return await super().get_many(collection, ids)

    async def query(self, query: Query) -> list[Document]:
        self._check()
        return await super().query(query)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        self.died = self.died or not self.left
        self._check()
        self.left -= 1
        return await super().commit(writes)

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        self._check()
        return await super().subcollections(collection, id)


def documents(space: MemorySpace) -> dict[str, Any]:
    """Return everything that there is, with its revision, by path."""
    return {
        f"{path}/{key}": (row.revision, row.payload, row.columns, row.data)
        for path, collection in space.collections.items()
        for key, row in collection.rows.items()
    }

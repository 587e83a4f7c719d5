"""Finding entities: pages from the server, checked in Python, with what is coming woven in."""

from __future__ import annotations

import heapq
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scrai.data._conditions import Question
from scrai.data._documents import entities_of
from scrai.data._mapping import document_id, split_id
from scrai.data._overlay import Changes
from scrai.models import format_time
from scrai.store import Document, DocumentStore, Order, Query, Where, cursor_of

PAGE: Final = 500
NEWEST: Final = (Order("created_at", descending=True),)


@dataclass(slots=True)
class Search:
    """A question to one collection.

    Attributes:
        kind: the collection.
        owner: the simulation whose entities are meant; None for all documents.
        question: the conditions.
        changes: what waiting commands will change, by local id.
        order: () for ids, or `NEWEST`.
        limit: at most so many.
    """

    kind: str
    owner: str | None
    question: Question
    changes: Changes = field(default_factory=dict)
    order: tuple[Order, ...] = ()
    limit: int | None = None

    def query(self) -> Query:
        """Return the question to the server."""
        where = self.question.where
        if self.owner is not None:
            where = (Where("simulation_id", "==", self.owner), *where)
        return Query(self.kind, where, self.order)


async def find(store: DocumentStore, search: Search) -> list[Any]:
    """Return the entities that a search finds, in its order."""
    found: list[Any] = []
    if search.limit == 0:
        return found
    async with aclosing(run(store, search)) as entities:
        async for entity in entities:
            found.append(entity)
            if len(found) == search.limit:
                break
    return found


async def run(store: DocumentStore, search: Search) -> AsyncGenerator[Any, None]:
    """Yield the entities that a search finds, in its order; its limit is the caller's to keep."""
    question = search.question
    if question.never:
        return
    coming = _coming(search)
    async with aclosing(_pages(store, search)) as pages:
        async for page in pages:
            for document, entity in entities_of(search.kind, page):
                if split_id(document.id)[1] in search.changes:
                    continue
                if all(condition.check(entity) for condition in question.rest):
                    key = _key(search, entity)
                    while coming and coming[0][0] < key:
                        yield heapq.heappop(coming)[2]
                    yield entity
    while coming:
        yield heapq.heappop(coming)[2]


async def _pages(store: DocumentStore, search: Search) -> AsyncGenerator[list[Document], None]:
    size = _page_size(search)
    query = replace(search.query(), limit=size)
    while True:
        documents = await store.query(query)
        yield documents
        if len(documents) < size:
            return
        query = replace(query, after=cursor_of(query, documents[-1]))


def _page_size(search: Search) -> int:
    if search.limit is None or search.question.rest:
        return PAGE
    return min(PAGE, search.limit + len(search.changes))


def _coming(search: Search) -> list[tuple[_Key, int, Any]]:
    """Return the changed entities that meet the question, as a heap in the search's order."""
    wanted = (
        entity
        for entity in search.changes.values()
        if entity is not None and search.question.holds(entity)
    )
    heap = [(_key(search, entity), number, entity) for number, entity in enumerate(wanted)]
    heapq.heapify(heap)
    return heap


class _Key:
    """A place in the order of a search."""

    __slots__ = ("_descending", "_place")

    def __init__(self, place: tuple[str, ...], descending: bool) -> None:
        self._place = place
        self._descending = descending

    def __lt__(self, other: _Key) -> bool:
        if self._descending:
            return other._place < self._place
        return self._place < other._place


def _key(search: Search, entity: Any) -> _Key:
    place = (document_id(entity.simulation_id, entity.id),)
    if search.order:
        return _Key((format_time(entity.created_at), *place), True)
    return _Key(place, False)


async def count(store: DocumentStore, search: Search) -> int:
    """Return how many entities a search finds; the server counts what it can decide alone."""
    question = search.question
    if question.never:
        return 0
    if question.rest:
        total = 0
        async with aclosing(run(store, search)) as entities:
            async for _ in entities:
                total += 1
        return total
    total = await store.count(search.query())
    if not search.changes:
        return total
    keys = [document_id(search.owner, key) for key in search.changes]
    stored = [each for each in await store.get_many(search.kind, keys) if each is not None]
    total -= sum(question.holds(entity) for _, entity in entities_of(search.kind, stored))
    return total + len(_coming(search))

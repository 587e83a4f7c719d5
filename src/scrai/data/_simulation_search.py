"""Finding simulations: heads from the server, checked in Python, then completed."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Final

from scrai.data._conditions import COLUMNS, Condition, Question, conditions_of, divide
from scrai.data._head import PARTS, read_head
from scrai.data._mapping import SIMULATIONS
from scrai.data._repository import check_id
from scrai.data._search import NEWEST
from scrai.data._state import LISTS, bare_state, load_listing
from scrai.errors import InvalidInputError, StoreCorruptError
from scrai.models import SimulationState
from scrai.store import Document, DocumentStore, Order, Query, cursor_of

PAGE: Final = 50
"""Each head brings parts and lists with it."""

_BY_TIME: Final = frozenset({"status", "scenario"})
_DEEP: Final = frozenset({*PARTS, *(field for field, _ in LISTS.values())})
"""Fields that the head does not hold."""

_log = logging.getLogger("scrai.data")


@dataclass(frozen=True, slots=True)
class SimulationSearch:
    """A question about simulations.

    Attributes:
        question: the conditions.
        only: the id of the one simulation that is looked at; None for all.
        limit: at most so many.
    """

    question: Question
    only: str | None
    limit: int | None

    @property
    def order(self) -> tuple[Order, ...]:
        """The newest first, where an index gives it."""
        columns = {where.column for where in self.question.where}
        return NEWEST if columns <= _BY_TIME else ()

    def query(self) -> Query:
        """Return the question to the server."""
        return Query(SIMULATIONS, self.question.where, self.order)


def search_of(
    filters: Mapping[str, Any] | None, scope: str | None, limit: int | None
) -> SimulationSearch:
    """Return the search that filters mean; without any, all simulations.

    Raises:
        InvalidInputError: an unknown field, or no indexed one among them.
    """
    question = divide(conditions_of(SIMULATIONS, {} if filters is None else filters))
    named = (filters or {}).get("id")
    if scope is None and isinstance(named, str):
        scope = check_id(named, "simulation id")
    if scope is None and filters is not None and question.is_broad:
        raise InvalidInputError(
            f"to ask for {', '.join(filters) or 'nothing'} would read all simulations",
            hint=f"give simulation_id=, or add an indexed field: id, {', '.join(_INDEXED)}",
        )
    return SimulationSearch(question, scope, limit)


_INDEXED: Final = sorted(COLUMNS[SIMULATIONS])


async def run(
    store: DocumentStore, search: SimulationSearch
) -> AsyncGenerator[SimulationState, None]:
    """Yield the simulations that a search finds; its limit is the caller's to keep."""
    deep = [each for each in search.question.all if each.field in _DEEP]
    async with aclosing(_pages(store, search)) as pages:
        async for page in pages:
            for state in await load_listing(store, _plausible(search, page)):
                if _holds(deep, state):
                    yield state


async def total(store: DocumentStore, search: SimulationSearch) -> int:
    """Return how many simulations a search finds."""
    if search.only is None and not search.question.rest and not search.question.never:
        return await store.count(search.query())
    found = 0
    async with aclosing(run(store, search)) as states:
        async for _ in states:
            found += 1
    return found


def _plausible(search: SimulationSearch, page: Iterable[Document]) -> list[Document]:
    """Return the documents whose heads meet what heads can tell."""
    shallow = [each for each in search.question.all if each.field not in _DEEP]
    found = []
    for document in page:
        try:
            state = bare_state(document.id, read_head(document))
        except StoreCorruptError as error:
            _log.warning("left out of a listing: %s", error)
            continue
        if _holds(shallow, state):
            found.append(document)
    return found


def _holds(conditions: Iterable[Condition], state: SimulationState) -> bool:
    return all(condition.check(state) for condition in conditions)


async def _pages(
    store: DocumentStore, search: SimulationSearch
) -> AsyncGenerator[list[Document], None]:
    if search.question.never:
        return
    if search.only is not None:
        document = await store.get(SIMULATIONS, search.only)
        yield [] if document is None else [document]
        return
    size = PAGE
    if search.limit is not None and not search.question.rest:
        size = min(PAGE, search.limit)
    query = replace(search.query(), limit=size)
    while True:
        documents = await store.query(query)
        yield documents
        if len(documents) < size:
            return
        query = replace(query, after=cursor_of(query, documents[-1]))

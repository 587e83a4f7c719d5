"""The tables of a simulation: rows of plain JSON values, streamed, for other programs to read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from scrai.data import ACTIONS, ACTORS, EVENTS, LIVE, MODELS, RETIRED, SIMULATIONS
from scrai.engine import inherited
from scrai.errors import UsageError
from scrai.models import CostRecord, load_bytes
from scrai.runtime._measures import measures
from scrai.runtime._reading import Reading
from scrai.runtime._recorded import names_of, plain_rows, recorded
from scrai.runtime._views import history_line
from scrai.store import DocumentStore, Order, Query, Where, stream

Row: TypeAlias = dict[str, Any]
_PAGE: Final = 200

_STEP_COLUMNS: Final = tuple(history_line("", {"kind": "", "step": 0}))
METRIC_COLUMNS: Final = ("step", "cycle", "metric", "value")


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a table, always the same, whatever is in it."""
    if table in MODELS:
        return tuple(MODELS[table].model_fields)
    return {
        "steps": _STEP_COLUMNS,
        "metrics": METRIC_COLUMNS,
        "costs": tuple(CostRecord.model_fields),
    }[table]


TABLES: Final = (ACTORS, EVENTS, ACTIONS, "steps", "metrics", "costs")


class Tables:
    """Streams the tables of simulations, a page at a time: memory does not grow with them."""

    def __init__(self, store: DocumentStore, reading: Reading) -> None:
        self._store = store
        self._reading = reading
        self._engine = reading.engine

    async def open(
        self, simulation_id: str, table: str
    ) -> tuple[Sequence[str], AsyncIterator[Row]]:
        """Return columns and rows of a table: one of `TABLES`, or one that phases recorded.

        Raises:
            UsageError: there is no such table; it names those there are.
        """
        if table in TABLES:
            return columns_of(table), self.rows(simulation_id, table)
        await self._reading.head(simulation_id)
        parts = recorded(self._engine, simulation_id, table)
        first = await anext(parts, None)
        if first is None:
            raise await self._unknown(simulation_id, table)

        async def rows() -> AsyncIterator[Row]:
            async for row in plain_rows(first):
                yield row
            async for part in parts:
                async for row in plain_rows(part):
                    yield row

        return tuple(first), rows()

    async def _unknown(self, simulation_id: str, table: str) -> UsageError:
        known = [*TABLES, *await names_of(self._engine, simulation_id)]
        near = get_close_matches(table, known, n=1)
        return UsageError(
            f"simulation {simulation_id} has no table {table[:60]!r}; there are {', '.join(known)}",
            hint=f"did you mean {near[0]}?" if near else None,
        )

    def rows(self, simulation_id: str, table: str) -> AsyncIterator[Row]:
        """Yield the rows of a table of a simulation, in id or step order.

        Of a branch, first what came to its end before it branched; its `simulation_id` tells.
        """
        if table in MODELS:
            return self._entities(simulation_id, table)
        found: dict[str, Callable[[str], AsyncIterator[Row]]] = {
            "steps": self._reading.history,
            "metrics": self._metrics,
            "costs": self._costs,
        }
        return found[table](simulation_id)

    async def _entities(self, simulation_id: str, kind: str) -> AsyncIterator[Row]:
        await self._reading.head(simulation_id)
        if kind != ACTORS:
            async for entity in inherited(self._reading.journal, simulation_id, kind):
                yield entity.model_dump(mode="json")
        query = Query(
            kind,
            (Where("simulation_id", "==", simulation_id), Where("state", "in", [LIVE, RETIRED])),
        )
        async for document in stream(self._store, query, page=_PAGE):
            entity = load_bytes(MODELS[kind], document.payload.data)
            entity.__dict__["simulation_id"] = simulation_id
            yield entity.model_dump(mode="json")

    async def _metrics(self, simulation_id: str) -> AsyncIterator[Row]:
        """One row for each number, so that the columns are known before the first row."""
        head = await self._reading.head(simulation_id)
        line = await self._reading.journal.line(simulation_id, head.step)
        async for found in measures(self._store, line):
            for name, value in sorted(found["metrics"].items()):
                yield {
                    "step": found["step"],
                    "cycle": found["cycle"],
                    "metric": name,
                    "value": value,
                }

    async def _costs(self, simulation_id: str) -> AsyncIterator[Row]:
        await self._reading.head(simulation_id)
        query = Query(f"{SIMULATIONS}/{simulation_id}/costs", order=(Order("step"),))
        async for document in stream(self._store, query, page=_PAGE):
            cost = CostRecord.model_validate(document.value())
            yield cost.model_dump(mode="json")

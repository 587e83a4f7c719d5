"""What a simulation measured at its Snapshots, along the line that led to its present state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, Final

from scrai.data import SIMULATIONS
from scrai.engine import Segment
from scrai.models import SimulationPhase, StepKind
from scrai.store import DocumentStore, Order, Query, Where, cursor_of

_PAGE: Final = 250


async def measures(
    store: DocumentStore,
    line: Sequence[Segment],
    *,
    newest_first: bool = False,
    page: int = _PAGE,
) -> AsyncIterator[dict[str, Any]]:
    """Yield {step, cycle, metrics} of every Snapshot that closed a cycle.

    Entries are heavy with patches, so only the columns of all are read, and the entries of
    Snapshots.
    """
    for segment in reversed(line) if newest_first else line:
        query: Query | None = Query(
            f"{SIMULATIONS}/{segment.simulation_id}/steps",
            (
                Where("kind", "==", StepKind.PHASE.value),
                Where("step", ">=", segment.first),
                Where("step", "<=", segment.last),
            ),
            (Order("step", descending=newest_first),),
            limit=page,
            columns_only=True,
        )
        while query is not None:
            documents = await store.query(query)
            ids = [found.id for found in documents if found.columns["phase"] == _SNAPSHOT]
            for entry in await store.get_many(query.collection, ids):
                if entry is not None:
                    yield _line(entry.value())
            query = _next(query, documents)


_SNAPSHOT: Final = SimulationPhase.SNAPSHOT.value


def _next(query: Query, documents: Sequence[Any]) -> Query | None:
    if query.limit is None or len(documents) < query.limit:
        return None
    return replace(query, after=cursor_of(query, documents[-1]))


def _line(entry: dict[str, Any]) -> dict[str, Any]:
    metrics = entry.get("metrics", {})
    return {"step": entry["step"], "cycle": entry["cycle"], "metrics": metrics}

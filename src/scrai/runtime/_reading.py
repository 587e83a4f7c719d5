"""Reading simulations: summaries, lists, histories, metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from scrai.data import (
    SIMULATIONS,
    Head,
    SimulationRepository,
    bare_state,
    check_local_id,
    read_head,
    waiting,
)
from scrai.engine import Journal, PhaseEngine, Segment, live_lease
from scrai.errors import SimulationMissingError
from scrai.models import SimulationState, SimulationStatus, StepKind
from scrai.runtime._measures import measures
from scrai.runtime._overlay import Overlay
from scrai.runtime._plain import plain_errors
from scrai.runtime._views import history_line, listed, summary
from scrai.scenarios import canonical
from scrai.store import Document, Order, Query, Where, stream

_BEGINNINGS: Final = frozenset({StepKind.CREATE.value, StepKind.FORK.value})
"""Entries that only say where a journal begins."""

_PAGE: Final = 50
PHASES_PER_CYCLE: Final = 6


class Reading:
    """Everything about simulations that is only looked at."""

    def __init__(self, engine: PhaseEngine) -> None:
        self._engine = engine
        self._store = engine.store

    @property
    def engine(self) -> PhaseEngine:
        """The engine that knows the simulations."""
        return self._engine

    @property
    def journal(self) -> Journal:
        """The journal of the store."""
        return self._engine.journal

    async def overlay(self, simulation_id: str) -> Overlay:
        """Return a simulation with its inbox applied; raises SimulationMissingError."""
        check_local_id(simulation_id, "simulation id")
        try:
            return Overlay(await self._engine.inspect(simulation_id))
        except SimulationMissingError as error:
            raise await self._with_near_ones(simulation_id, error) from None

    async def head(self, simulation_id: str) -> Head:
        """Return the head of a simulation; raises SimulationMissingError naming near ones."""
        check_local_id(simulation_id, "simulation id")
        try:
            return await self.journal.head(simulation_id)
        except SimulationMissingError as error:
            raise await self._with_near_ones(simulation_id, error) from None

    async def _with_near_ones(
        self, simulation_id: str, error: SimulationMissingError
    ) -> SimulationMissingError:
        near = get_close_matches(simulation_id, await self.ids(), n=3, cutoff=0.6)
        hint = error.hint
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif not self._store.capabilities.durable:
            hint = "the memory backend forgets everything when its process ends"
        return SimulationMissingError(error.message, hint=hint)

    async def ids(self, limit: int = 500) -> list[str]:
        """Return ids of simulations, without reading any."""
        query = Query(SIMULATIONS, limit=limit, columns_only=True)
        return [document.id for document in await self._store.query(query)]

    async def state(self, simulation_id: str) -> SimulationState:
        """Return a simulation as it will be when its inbox is empty, without its entities.

        Raises:
            SimulationMissingError: there is none of that id; near ones are named.
        """
        return (await self._state(simulation_id))[0]

    async def _state(self, simulation_id: str) -> tuple[SimulationState, str]:
        """Return a simulation's state and its hash, both of one revision."""
        repository = SimulationRepository(self._store)
        while True:
            head = await self.head(simulation_id)
            with plain_errors():
                state = await repository.get(simulation_id)
            if state is not None and state.step == head.step:
                return state, head.hash

    async def summary(self, simulation_id: str) -> dict[str, Any]:
        """Return a simulation in the nine fields that scripts rely on."""
        state, digest = await self._brief(simulation_id)
        return summary(state, digest, await self.last_metrics(simulation_id))

    async def _brief(self, simulation_id: str) -> tuple[SimulationState, str]:
        """Return what `_state` does, but for parts and lists: the head has it if nothing waits."""
        check_local_id(simulation_id, "simulation id")
        with plain_errors():
            # The inbox first: what is taken from it meanwhile is in the head that follows.
            if not await waiting(self._store, simulation_id):
                document = await self._store.get(SIMULATIONS, simulation_id)
                if document is not None:
                    head = read_head(document)
                    return bare_state(simulation_id, head, document.revision), head.hash
        return await self._state(simulation_id)

    async def show(self, simulation_id: str) -> dict[str, Any]:
        """Return the state, the summary's fields, counts, open gates and who is at work."""
        overlay = await self.overlay(simulation_id)
        work, metrics = overlay.work, await self.last_metrics(simulation_id)
        found = overlay.state.model_dump(mode="json")
        found |= summary(overlay.state, work.head.hash, metrics)
        age = (work.document.read_at - work.document.updated_at).total_seconds()
        lease = live_lease(work.head, age)
        return found | {
            "due_phase": work.head.phase,
            "counts": overlay.counts(),
            "gates": [{"collection": kind, "id": key} for kind, key in overlay.gates()],
            "waiting_commands": [
                {"id": each.id, "kind": each.kind.value, "entity_id": each.entity_id}
                for each in work.inbox
            ],
            "lease": lease
            and {"host": lease.host, "pid": lease.pid, "ttl_seconds": lease.ttl_seconds},
            "deleting": work.head.deleting,
        }

    async def listing(
        self,
        *,
        status: SimulationStatus | None = None,
        scenario: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield simulations, newest first."""
        where = [Where("status", "==", status.value)] if status else []
        where += [Where("scenario", "==", canonical(scenario))] if scenario else []
        query = Query(SIMULATIONS, tuple(where), (Order("created_at", descending=True),), limit)
        async for document in stream(self._store, query, page=_PAGE):
            yield _line(document)

    async def history(
        self, simulation_id: str, *, last: int | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the steps that led to the present state, oldest first, as the journal has them.

        Args:
            last: only so many of the newest.
        """
        head = await self.head(simulation_id)
        segments = await self.journal.line(simulation_id, head.step)
        for segment in _tail(segments, last):
            async for entry in self.journal.entries(segment):
                if entry["kind"] not in _BEGINNINGS:
                    yield history_line(segment.simulation_id, entry)

    async def measures(self, simulation_id: str, *, last: int) -> list[dict[str, Any]]:
        """Return {step, cycle, metrics} of the last Snapshots, oldest first."""
        head = await self.head(simulation_id)
        line = await self.journal.line(simulation_id, head.step)
        found: list[dict[str, Any]] = []
        page = PHASES_PER_CYCLE * (last + 1)
        async for item in measures(self._store, line, newest_first=True, page=page):
            found.append(item)
            if len(found) == last:
                break
        return found[::-1]

    async def last_metrics(self, simulation_id: str) -> Mapping[str, Any]:
        """Return what the last Snapshot measured; nothing before the first."""
        found = await self.measures(simulation_id, last=1)
        metrics: Mapping[str, Any] = found[0]["metrics"] if found else {}
        return metrics


def _line(document: Document) -> dict[str, Any]:
    head = Head.read(document.value(), f"{document.collection}/{document.id}")
    return listed(document.id, head, document.revision)


def _tail(segments: list[Segment], last: int | None) -> list[Segment]:
    """Cut a line to its last steps."""
    if last is None:
        return segments
    kept: list[Segment] = []
    left = last
    for segment in reversed(segments):
        if left <= 0:
            break
        first = max(segment.first, segment.last - left + 1)
        kept.insert(0, Segment(segment.simulation_id, first, segment.last))
        left -= segment.last - first + 1
    return kept

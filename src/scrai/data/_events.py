"""The repository of events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scrai import _wall
from scrai.data._conditions import Condition
from scrai.data._entities import EntityRepository, column_is
from scrai.data._head import read_head
from scrai.data._mapping import EVENTS, SIMULATIONS, is_awaiting
from scrai.data._reporting import reporting
from scrai.data._search import NEWEST
from scrai.data._state import bare_state
from scrai.errors import InvalidInputError
from scrai.models import EPOCH, Event, EventStatus, EventType, format_time
from scrai.store import Where


class EventRepository(EntityRepository[Event]):
    """Keeps events, in the collection `events`. See `Repository` for ids and simulations."""

    entity_type = "Event"
    kind = EVENTS

    async def find_by_status(
        self, status: EventStatus, *, simulation_id: str | None = None
    ) -> list[Event]:
        """Return the events in a status."""
        return await self._where("find_by_status", simulation_id, status=status)

    async def find_by_type(
        self, event_type: EventType, *, simulation_id: str | None = None
    ) -> list[Event]:
        """Return the events of a type."""
        return await self._where("find_by_type", simulation_id, type=event_type)

    async def find_pending_approval(self, *, simulation_id: str | None = None) -> list[Event]:
        """Return the events that wait for somebody's approval."""
        condition = column_is("awaiting", True, is_awaiting)
        return await self._find("find_pending_approval", [condition], simulation_id)

    async def find_by_actor(
        self, actor_id: str, *, simulation_id: str | None = None
    ) -> list[Event]:
        """Return the events that affect an actor; see `ActionRepository.find_by_actor`."""
        with reporting("find_by_actor", self.entity_type):
            simulation_id, actor_id = self._actor(actor_id, simulation_id)
        return await self._where("find_by_actor", simulation_id, affected_actors=actor_id)

    async def find_recent(
        self, hours: int = 24, *, simulation_id: str | None = None
    ) -> list[Event]:
        """Return the events created within the last hours, newest first.

        In a simulation the hours are simulated ones, back from its present time. Without one
        they are hours of the clock, and the events those that belong to no simulation.
        """
        with reporting("find_recent", self.entity_type):
            scope = self._scope(simulation_id)
            since = _before(await self._now(scope), hours)

        def check(event: Event) -> bool:
            return format_time(event.created_at) >= since

        conditions = [Condition(check, Where("created_at", ">=", since))]
        if scope is None:
            unowned = column_is("simulation_id", None, lambda event: event.simulation_id is None)
            conditions.append(unowned)
        return await self._find("find_recent", conditions, simulation_id, order=NEWEST)

    async def _now(self, scope: str | None) -> datetime:
        if scope is None:
            return _wall.now()
        document = await self.store.get(SIMULATIONS, scope)
        return EPOCH if document is None else bare_state(scope, read_head(document)).now


def _before(now: datetime, hours: Any) -> str:
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not hours >= 0:
        raise InvalidInputError(f"hours {hours!r} is not a number of hours")
    try:
        return format_time(now - timedelta(hours=hours))
    except OverflowError:
        return ""  # before all times

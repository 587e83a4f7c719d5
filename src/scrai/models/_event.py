"""What happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from scrai.models._base import JsonObject, LocalId, UtcDatetime, WallDatetime, from_clock
from scrai.models._enums import EventScope, EventStatus, EventType
from scrai.models._lifecycle import Lifecycle
from scrai.models._operations import Operation


class Event(Lifecycle):
    """Something that happens to the world, whose effects are declared operations."""

    KIND: ClassVar[str] = "event"
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]] = {
        EventStatus.PENDING: frozenset({EventStatus.CONFIRMED, EventStatus.CANCELLED}),
        EventStatus.CONFIRMED: frozenset({EventStatus.RESOLVED, EventStatus.CANCELLED}),
        EventStatus.RESOLVED: frozenset(),
        EventStatus.CANCELLED: frozenset(),
    }

    id: LocalId
    simulation_id: LocalId | None = None
    title: str
    description: str = ""
    type: EventType = EventType.SYSTEM
    status: EventStatus = EventStatus.PENDING
    created_at: WallDatetime = from_clock()
    scheduled_for: UtcDatetime | None = None
    resolved_at: UtcDatetime | None = None
    affected_actors: list[str] = Field(default_factory=list)
    location: JsonObject = Field(default_factory=dict)
    scope: EventScope = EventScope.LOCAL
    parameters: JsonObject = Field(default_factory=dict)
    effects: list[Operation] = Field(default_factory=list)
    source: str = ""
    trigger_event_id: str | None = None
    trigger_action_id: str | None = None
    requires_approval: bool = False
    approved_by: str | None = None
    modifications: JsonObject = Field(default_factory=dict)
    metadata: JsonObject = Field(default_factory=dict)

    def confirm(self, by: str | None = None) -> None:
        """Let it happen; `by` is who approved it, if somebody had to."""
        self._require(EventStatus.CONFIRMED)
        if by is not None:
            self.approved_by = by
        self._enter(EventStatus.CONFIRMED)

    def resolve(self, at: datetime | None = None) -> None:
        """It has happened, at `at`; its effects are applied."""
        self._require(EventStatus.RESOLVED)
        if at is not None:
            self.resolved_at = at
        self._enter(EventStatus.RESOLVED)

    def cancel(self, reason: str | None = None) -> None:
        """It will not happen. The reason is kept as `metadata["cancelled"]`."""
        self._require(EventStatus.CANCELLED)
        if reason is not None:
            self.metadata["cancelled"] = reason
        self._enter(EventStatus.CANCELLED)

    @property
    def is_awaiting_approval(self) -> bool:
        """Whether somebody has to decide before it can happen."""
        return self.requires_approval and self.status is EventStatus.PENDING

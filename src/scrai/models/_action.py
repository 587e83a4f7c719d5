"""What actors do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field

from scrai.models._base import JsonObject, LocalId, UtcDatetime, WallDatetime, from_clock
from scrai.models._enums import ActionPriority, ActionSource, ActionStatus, ActionType
from scrai.models._lifecycle import Lifecycle
from scrai.models._operations import Condition

_S = ActionStatus


class Action(Lifecycle):
    """Something an actor means to do, does, and has done."""

    KIND: ClassVar[str] = "action"
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]] = {
        _S.PENDING: frozenset({_S.APPROVED, _S.CANCELLED}),
        _S.APPROVED: frozenset({_S.EXECUTING, _S.CANCELLED}),
        _S.EXECUTING: frozenset({_S.COMPLETED, _S.FAILED, _S.CANCELLED}),
        _S.COMPLETED: frozenset(),
        _S.FAILED: frozenset(),
        _S.CANCELLED: frozenset(),
    }

    id: LocalId
    simulation_id: LocalId | None = None
    actor_id: Annotated[str, Field(min_length=1)]
    type: ActionType = ActionType.CUSTOM
    intent: str = ""
    description: str = ""
    parameters: JsonObject = Field(default_factory=dict)
    target_actor_ids: list[str] = Field(default_factory=list)
    target_location: JsonObject | None = None
    status: ActionStatus = ActionStatus.PENDING
    priority: ActionPriority = ActionPriority.NORMAL
    created_at: WallDatetime = from_clock()
    scheduled_for: UtcDatetime | None = None
    started_at: UtcDatetime | None = None
    completed_at: UtcDatetime | None = None
    llm_parsed: bool = False
    parsed_options: list[JsonObject] = Field(default_factory=list)
    selected_option: Annotated[int, Field(ge=0)] | None = None
    prerequisites: list[Condition] = Field(default_factory=list)
    resource_costs: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    success_probability: Annotated[float, Field(ge=0, le=1)] = 1.0
    outcome: JsonObject = Field(default_factory=dict)
    generated_events: list[str] = Field(default_factory=list)
    requires_approval: bool = False
    approved_by: str | None = None
    modifications: JsonObject = Field(default_factory=dict)
    source: ActionSource = ActionSource.NPC
    metadata: JsonObject = Field(default_factory=dict)

    def approve(self, by: str | None = None) -> None:
        """Let it be done; `by` is who approved it, if somebody had to."""
        self._require(_S.APPROVED)
        if by is not None:
            self.approved_by = by
        self._enter(_S.APPROVED)

    def start_execution(self, at: datetime | None = None) -> None:
        """It is being done since `at`."""
        self._require(_S.EXECUTING)
        if at is not None:
            self.started_at = at
        self._enter(_S.EXECUTING)

    def complete(self, outcome: JsonObject | None = None, at: datetime | None = None) -> None:
        """It is done, at `at`, with this outcome."""
        self._end(_S.COMPLETED, outcome, at)

    def fail(self, outcome: JsonObject | None = None, at: datetime | None = None) -> None:
        """It did not succeed; the outcome says why."""
        self._end(_S.FAILED, outcome, at)

    def cancel(self, reason: str | None = None) -> None:
        """It will not be done. The reason is kept as `metadata["cancelled"]`."""
        self._require(_S.CANCELLED)
        if reason is not None:
            self.metadata["cancelled"] = reason
        self._enter(_S.CANCELLED)

    def _end(self, status: ActionStatus, outcome: JsonObject | None, at: datetime | None) -> None:
        self._require(status)
        if outcome is not None:
            self.outcome = outcome
        if at is not None:
            self.completed_at = at
        self._enter(status)

    @property
    def is_awaiting_approval(self) -> bool:
        """Whether somebody has to decide before it can be done."""
        return self.requires_approval and self.status is _S.PENDING

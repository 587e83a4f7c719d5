"""A whole run: its position, its world and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import ConfigDict, Field, PlainSerializer

from scrai.errors import IllegalTransitionError, ModelError
from scrai.models._base import (
    SCHEMA_VERSION,
    JsonObject,
    LocalId,
    Model,
    UtcDatetime,
    WallDatetime,
    from_clock,
)
from scrai.models._enums import SimulationPhase, SimulationStatus
from scrai.models._lifecycle import Lifecycle

_S = SimulationStatus

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""When simulated time begins, unless a scenario says otherwise."""


@lru_cache(maxsize=64)  # everybody asks in every phase
def _moment(epoch: datetime, seconds: float) -> datetime:
    return epoch + timedelta(seconds=seconds)


Count: TypeAlias = Annotated[int, Field(ge=0)]
Seed: TypeAlias = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


class Parent(Model):
    """Where a branch left another simulation."""

    model_config = ConfigDict(frozen=True)

    simulation_id: LocalId
    step: Count


class SimulationState(Lifecycle):
    """A simulation. `phase_number` and `max_phases` count cycles."""

    KIND: ClassVar[str] = "simulation"
    TRANSITIONS: ClassVar[Mapping[Any, frozenset[Any]]] = {
        _S.CREATED: frozenset({_S.RUNNING}),
        _S.RUNNING: frozenset({_S.PAUSED, _S.COMPLETED, _S.ERROR}),
        _S.PAUSED: frozenset({_S.RUNNING, _S.COMPLETED}),
        _S.COMPLETED: frozenset(),
        _S.ERROR: frozenset({_S.RUNNING, _S.COMPLETED}),
    }

    id: LocalId
    name: str
    description: str = ""
    status: SimulationStatus = SimulationStatus.CREATED
    current_phase: SimulationPhase = SimulationPhase.INITIALIZE
    phase_number: Count = 0
    created_at: WallDatetime = from_clock()
    started_at: UtcDatetime | None = None
    updated_at: WallDatetime = from_clock()
    completed_at: UtcDatetime | None = None
    max_phases: Annotated[int, Field(ge=1)] | None = None
    scenario_module: str | None = None
    # In a run it may be another mapping, which pydantic would not take for a dictionary.
    configuration: Annotated[JsonObject, PlainSerializer(dict)] = Field(default_factory=dict)
    world_state: JsonObject = Field(default_factory=dict)
    environment: JsonObject = Field(default_factory=dict)
    active_actor_ids: list[str] = Field(default_factory=list)
    pending_event_ids: list[str] = Field(default_factory=list)
    pending_action_ids: list[str] = Field(default_factory=list)
    phase_statistics: JsonObject = Field(default_factory=dict)
    auto_approve_events: bool = False
    auto_approve_actions: bool = False
    researcher_mode: bool = False
    last_error: str | None = None
    error_count: Count = 0
    snapshot_count: Count = 0
    last_snapshot_at: UtcDatetime | None = None
    metadata: JsonObject = Field(default_factory=dict)
    seed: Seed = 0
    revision: str = ""
    parent: Parent | None = None
    step: Count = 0
    cycle_seconds: Annotated[float, Field(gt=0)] = 3600.0
    epoch: UtcDatetime = EPOCH
    schema_version: Annotated[int, Field(ge=1)] = SCHEMA_VERSION

    @property
    def cycle(self) -> int:
        """The number of the cycle under way, from 1."""
        return self.phase_number + 1

    @property
    def now(self) -> datetime:
        """The simulated time: all phases of a cycle happen at its beginning."""
        try:
            return _moment(self.epoch, self.phase_number * self.cycle_seconds)
        except OverflowError:
            raise ModelError(
                f"simulation {self.id}: the simulated time of cycle {self.cycle} is after the "
                "year 9999",
                hint="choose an earlier epoch or shorter cycles",
            ) from None

    def start(self, at: datetime | None = None) -> None:
        """Run, for the first time."""
        self._only(_S.CREATED, say="only a created simulation can be started")
        if at is not None:
            self.started_at = at
        self.status = _S.RUNNING

    def pause(self) -> None:
        """Take no steps for now. The phase stays."""
        self._require(_S.PAUSED)
        self.status = _S.PAUSED

    def resume(self) -> None:
        """Go on after a pause or an error, in the phase that is due."""
        self._only(_S.PAUSED, _S.ERROR, say="only a paused or failed simulation can be resumed")
        self.status = _S.RUNNING

    def complete(self, at: datetime | None = None) -> None:
        """End, for good."""
        self._require(_S.COMPLETED)
        if at is not None:
            self.completed_at = at
        self.current_phase = SimulationPhase.COMPLETED
        self.status = _S.COMPLETED

    def fail(self, message: str) -> None:
        """Stop because of an error, until somebody decides. Counting errors is the engine's."""
        self._require(_S.ERROR)
        self.last_error = message
        self.status = _S.ERROR

    def _only(self, *statuses: SimulationStatus, say: str) -> None:
        if self.status not in statuses:
            raise IllegalTransitionError(f"simulation {self.id} is {self.status}: {say}")

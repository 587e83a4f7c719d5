"""The engine's settings and what a step returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from scrai.engine._gates import Gate
from scrai.models import SimulationPhase, SimulationState

Probe: TypeAlias = Callable[[str, str], None]
"""Called with (boundary, phase) at every boundary of a step; tests kill the process there."""

BOUNDARIES = ("before_load", "after_load", "in_upload", "before_commit", "after_commit")
"""Where a step can be cut: nothing is committed before `after_commit`, all is from then on."""


@dataclass(slots=True)
class PhaseEngineConfig:
    """How the engine runs phases.

    Attributes:
        persist_phase_notes: keep handlers' notes in the journal and in the phase log.
        enforce_phase_sequence: refuse phases out of their canonical order.
        max_consecutive_failures: after so many failed tries of a phase the simulation goes to
            status `error`, where an operator retries, skips, rolls back or terminates.
        lease_seconds: how long a worker may be silent before another takes over.
        phase_log_window: how many phases `metadata["phase_log"]` shows; the journal has all.
    """

    persist_phase_notes: bool = True
    enforce_phase_sequence: bool = True
    max_consecutive_failures: int = 3
    lease_seconds: float = 30.0
    phase_log_window: int = 10

    def __post_init__(self) -> None:
        if self.max_consecutive_failures < 1:
            raise ValueError("max_consecutive_failures must be at least 1")
        if not self.lease_seconds > 0:
            raise ValueError("lease_seconds must be positive")
        if not 0 <= self.phase_log_window <= MAX_LOG_WINDOW:
            raise ValueError(f"phase_log_window must be 0 to {MAX_LOG_WINDOW}: the head is small")


MAX_LOG_WINDOW = 20


class StepOutcome(StrEnum):
    """What became of a call of `step`."""

    COMMITTED = "committed"
    AWAITING_APPROVAL = "awaiting_approval"
    COMMANDS_ONLY = "commands_only"


@dataclass(slots=True)
class PhaseResult:
    """What one step did.

    Attributes:
        simulation: the state after the step.
        executed_phase: the phase whose handlers ran (or would have run).
        next_phase: the phase that the simulation expects next.
        generated_event_ids, generated_action_ids: entities that the step created.
        notes: lines for people.
        outcome: committed; awaiting_approval (gates are open, the phase did not run); or
            commands_only (a command such as pause took effect instead of the phase).
        awaiting: the open gates.
        step: the number of the step's journal entry.
        cycle: the cycle the phase belongs to, from 1.
        passes: how often this phase of this cycle had been committed before.
        hash: the hash of the state after the step.
        metrics: what the scenario measured, at Snapshot.
        duration_ms: wall time of the step.
    """

    simulation: SimulationState
    executed_phase: SimulationPhase
    next_phase: SimulationPhase
    generated_event_ids: list[str] = field(default_factory=list)
    generated_action_ids: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    outcome: StepOutcome = StepOutcome.COMMITTED
    awaiting: list[Gate] = field(default_factory=list)
    step: int = 0
    cycle: int = 1
    passes: int = 0
    hash: str = ""
    metrics: dict[str, Any] = field(default_factory=dict)
    duration_ms: float = 0.0

"""The engine: a cycle of six phases, each of them a transaction."""

from scrai.data import branches_of, changed, gate_name, successor
from scrai.engine._branch import BranchOptions
from scrai.engine._claim import claimed
from scrai.engine._columns import Column, pack_columns, rows_of, unpack_columns
from scrai.engine._commands import apply_command
from scrai.engine._config import (
    BOUNDARIES,
    PhaseEngineConfig,
    PhaseResult,
    Probe,
    StepOutcome,
)
from scrai.engine._context import PhaseContext, ScenarioContext
from scrai.engine._engine import PhaseEngine
from scrai.engine._failures import brief
from scrai.engine._foresee import Foreseen, foresee
from scrai.engine._gates import Gate, open_gates
from scrai.engine._hooks import NoScenario, ScenarioHooks, ScenarioSource
from scrai.engine._inherited import inherited
from scrai.engine._journal import Journal, Segment, StateAt
from scrai.engine._lease import LeaseKeeper, live_lease
from scrai.engine._operations import Applier
from scrai.engine._packed import Vault
from scrai.engine._patch import apply, diff
from scrai.engine._replay import ReplayedStep
from scrai.engine._rng import Coordinates, Rng
from scrai.engine._settle import settle
from scrai.engine._workset import Workset
from scrai.engine.handlers import (
    ActionCollectionPhaseHandler,
    ActionResolutionPhaseHandler,
    BasePhaseHandler,
    EventGenerationPhaseHandler,
    InitializePhaseHandler,
    PhaseOutcome,
    SnapshotPhaseHandler,
    WorldUpdatePhaseHandler,
)
from scrai.errors import OperationError, PhaseEngineError, PhaseExecutionError

__all__ = [
    "BOUNDARIES",
    "ActionCollectionPhaseHandler",
    "ActionResolutionPhaseHandler",
    "Applier",
    "BasePhaseHandler",
    "BranchOptions",
    "Column",
    "Coordinates",
    "EventGenerationPhaseHandler",
    "Foreseen",
    "Gate",
    "InitializePhaseHandler",
    "Journal",
    "LeaseKeeper",
    "NoScenario",
    "OperationError",
    "PhaseContext",
    "PhaseEngine",
    "PhaseEngineConfig",
    "PhaseEngineError",
    "PhaseExecutionError",
    "PhaseOutcome",
    "PhaseResult",
    "Probe",
    "ReplayedStep",
    "Rng",
    "ScenarioContext",
    "ScenarioHooks",
    "ScenarioSource",
    "Segment",
    "SnapshotPhaseHandler",
    "StateAt",
    "StepOutcome",
    "Vault",
    "Workset",
    "WorldUpdatePhaseHandler",
    "apply",
    "apply_command",
    "branches_of",
    "brief",
    "changed",
    "claimed",
    "diff",
    "foresee",
    "gate_name",
    "inherited",
    "live_lease",
    "open_gates",
    "pack_columns",
    "rows_of",
    "settle",
    "successor",
    "unpack_columns",
]

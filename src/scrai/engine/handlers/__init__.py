"""One handler for each phase. They are small, keep no state, and may be composed or replaced."""

from scrai.engine.handlers._action_collection import ActionCollectionPhaseHandler
from scrai.engine.handlers._action_resolution import ActionResolutionPhaseHandler
from scrai.engine.handlers._base import BasePhaseHandler, PhaseOutcome
from scrai.engine.handlers._event_generation import (
    SEEDED,
    EventGenerationPhaseHandler,
    SeedHandler,
)
from scrai.engine.handlers._initialize import InitializePhaseHandler
from scrai.engine.handlers._snapshot import SnapshotPhaseHandler
from scrai.engine.handlers._world_update import WorldUpdatePhaseHandler

__all__ = [
    "SEEDED",
    "ActionCollectionPhaseHandler",
    "ActionResolutionPhaseHandler",
    "BasePhaseHandler",
    "EventGenerationPhaseHandler",
    "InitializePhaseHandler",
    "PhaseOutcome",
    "SeedHandler",
    "SnapshotPhaseHandler",
    "WorldUpdatePhaseHandler",
]

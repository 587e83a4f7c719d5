"""The interface of a phase handler."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from scrai.data import MINDS
from scrai.models import SimulationPhase

if TYPE_CHECKING:
    from scrai.engine._context import PhaseContext
    from scrai.engine.minds import Minds


@dataclass(frozen=True, slots=True)
class PhaseOutcome:
    """What a handler says besides the changes it made to the draft.

    Attributes:
        again: commit this pass and stay in the phase (to wait for a human, say).
        next_phase: go there instead of the canonical successor; refused unless the engine's
            `enforce_phase_sequence` is off.
    """

    again: bool = False
    next_phase: SimulationPhase | None = None


class BasePhaseHandler(ABC):
    """Does the work of one phase on a draft. It must not keep state between calls."""

    phase: ClassVar[SimulationPhase]

    @abstractmethod
    async def execute(self, context: PhaseContext) -> PhaseOutcome | None:
        """Work on the draft in `context`.

        Any exception drops the draft: the stored state stays as it was, the failure is recorded
        and the engine's error policy decides.
        """


def minds_at(context: PhaseContext) -> Minds | None:
    """Return what a phase thinks with, None in a simulation that goes by rule.

    Minds are loaded by those who have some: they take longer to import than all handlers.
    """
    if MINDS not in context.state.metadata:
        return None
    from scrai.engine.minds import Minds

    return Minds.of(context)

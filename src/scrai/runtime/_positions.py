"""Saying where in a simulation's history: a step, or a phase of a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from scrai.engine import Journal
from scrai.errors import InvalidInputError
from scrai.models import SimulationPhase

PHASES = [
    phase.value
    for phase in SimulationPhase
    if phase not in (SimulationPhase.PAUSED, SimulationPhase.COMPLETED)
]


@dataclass(frozen=True, slots=True)
class At:
    """A place: an exact step, or the last step that committed a phase of a cycle; else now."""

    step: int | None = None
    cycle: int | None = None
    phase: str | None = None

    async def find(self, journal: Journal, simulation_id: str) -> int:
        """Return the number of the step.

        Raises:
            InvalidInputError: there is no such phase, or cycle and phase are not named together.
            HistoryError: the line does not have it.
        """
        if self.cycle is not None and self.phase is not None:
            return await journal.find(simulation_id, self.cycle, parse_phase(self.phase).value)
        if self.cycle is not None or self.phase is not None:
            if self.phase is not None:
                parse_phase(self.phase)
            raise InvalidInputError(
                f"a place needs {'a phase' if self.phase is None else 'a cycle'}, too",
                hint="At(cycle=2, phase='snapshot'), At(step=12), or At() for now",
            )
        if self.step is not None:
            return self.step
        return (await journal.head(simulation_id)).step


def parse_at(text: str) -> At:
    """Read `CYCLE:PHASE` or the number of a step; raises InvalidInputError."""
    cycle, found, phase = text.strip().partition(":")
    if not found and cycle.isdecimal():
        return At(step=_number(cycle, text))
    if not (found and cycle.isdecimal()):
        raise InvalidInputError(
            f"{text[:60]!r} is no place in a history",
            hint="write CYCLE:PHASE, such as 2:snapshot, or the number of a step",
        )
    return At(cycle=_number(cycle, text), phase=parse_phase(phase).value)


def _number(digits: str, text: str) -> int:
    if len(digits) > 18:  # noqa: PLR2004 - stores keep 64 bits
        raise InvalidInputError(f"{text[:60]!r} is beyond any history")
    return int(digits)


def parse_phase(text: str) -> SimulationPhase:
    """Read the name of a phase; hyphens do for underscores. Raises InvalidInputError."""
    word = text.strip().lower().replace("-", "_")
    if word in PHASES:
        return SimulationPhase(word)
    near = get_close_matches(word, PHASES, n=1)
    raise InvalidInputError(
        f"{text[:60]!r} is no phase",
        hint=f"did you mean {near[0]}?" if near else f"the phases are {', '.join(PHASES)}",
    )

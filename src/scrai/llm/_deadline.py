"""When a turn must be over: when its time is, or its money."""

from __future__ import annotations

from typing import Final

from scrai.llm._clock import Clock
from scrai.llm._tab import Tab

FOREVER: Final = float("inf")
_MOMENT: Final = 0.001


class Deadline:
    """A span of time for one turn, over all of its attempts and providers.

    Time spent in the queue of our own limits does not count: the thousandth actor of a phase is
    not late because nine hundred were asked before.

    Args:
        clock: the time.
        seconds: how long the turn may take.
        tab: what its attempts may have cost so far, and whether another one may be made.
    """

    __slots__ = ("_clock", "_until", "tab")

    def __init__(self, clock: Clock, seconds: float = FOREVER, tab: Tab | None = None) -> None:
        self._clock = clock
        self._until = clock.seconds() + seconds
        self.tab = tab or Tab()

    def left(self) -> float:
        """Return the seconds that are left; none or less means that it is over."""
        return self._until - self._clock.seconds()

    def moment(self) -> float:
        """Return the seconds that are left, or a moment: what is begun may at least fail."""
        return max(_MOMENT, self.left())

    def extend(self, seconds: float) -> None:
        """Leave out time that was spent waiting for a place."""
        self._until += seconds

"""A circuit breaker: a provider that keeps failing is left alone for a while."""

from __future__ import annotations

from typing import Final

from scrai.llm._clock import Clock

FAILURES: Final = 3
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 120.0


class Breaker:
    """Open after three calls in a row that failed in spite of their retries.

    While it is open no call is let through. After the pause one call probes: if it succeeds all
    is as before, if it fails the pause doubles, up to two minutes.
    """

    __slots__ = ("_clock", "_failures", "_open_until", "_pause")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._open_until: float | None = None
        self._pause = FIRST_PAUSE

    def admit(self) -> bool:
        """Say whether a call may go now; after a pause, the one that is told so is the probe."""
        if self._open_until is None:
            return True
        if self.wait() > 0:
            return False
        # A probe that never reports (cancelled) leaves the way free for another.
        self._open_until = self._clock.seconds() + self._pause
        return True

    def wait(self) -> float:
        """Return for how many seconds no call may go."""
        if self._open_until is None:
            return 0.0
        return max(0.0, self._open_until - self._clock.seconds())

    def succeeded(self) -> None:
        """Record a call that reached the provider."""
        self._failures, self._open_until, self._pause = 0, None, FIRST_PAUSE

    def failed(self) -> None:
        """Record a call that did not."""
        self._failures += 1
        if self._open_until is not None:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if self._failures >= FAILURES:
            self._open_until = self._clock.seconds() + self._pause

"""A circuit breaker: a provider that keeps failing is left alone for a while."""

from __future__ import annotations

from typing import Final

from scrai.llm._clock import Clock

FAILURES: Final = 3
ATTEMPTS: Final = 12
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 120.0


class Breaker:
    """Open after three calls in a row that failed in spite of their retries, or twelve attempts.

    While it is open no call is let through. After the pause one call probes: if it succeeds all
    is as before, if it fails the pause doubles, up to two minutes.

    Attributes:
        opened: how often it has opened. A call that was admitted before that has nothing new to
            tell, and no reason to go on.
    """

    __slots__ = ("_attempts", "_clock", "_failures", "_open_until", "_pause", "opened")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._attempts = 0
        self._open_until: float | None = None
        self._pause = FIRST_PAUSE
        self.opened = 0

    def admit(self) -> int | None:
        """Return a ticket if a call may go now, else None; after a pause, it is the probe's."""
        if self._open_until is None:
            return self.opened
        if self.wait() > 0:
            return None
        # A probe that never reports (cancelled) leaves the way free for another.
        self._open_until = self._clock.seconds() + self._pause
        return self.opened

    def wait(self) -> float:
        """Return for how many seconds no call may go."""
        if self._open_until is None:
            return 0.0
        return max(0.0, self._open_until - self._clock.seconds())

    def succeeded(self) -> None:
        """Record a call that reached the provider."""
        self._failures, self._attempts = 0, 0
        self._open_until, self._pause = None, FIRST_PAUSE

    def failed(self, ticket: int) -> None:
        """Record a call that did not; those under way when it opened count no more."""
        if ticket != self.opened:
            return
        self._failures += 1
        self._judge()

    def attempt_failed(self, ticket: int) -> None:
        """Record a single attempt: many calls at once fail long before three have given up."""
        if ticket != self.opened:
            return
        self._attempts += 1
        self._judge()

    def _judge(self) -> None:
        probed = self._open_until is not None
        if probed:
            self._pause = min(LONGEST_PAUSE, self._pause * 2)
        if probed or self._failures >= FAILURES or self._attempts >= ATTEMPTS:
            self.opened += 1
            self._open_until = self._clock.seconds() + self._pause

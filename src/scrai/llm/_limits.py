"""How much of a provider is used at once and in any minute."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from scrai.llm._attempt import AttemptError
from scrai.llm._clock import Clock
from scrai.llm._deadline import FOREVER
from scrai.llm._types import FailureKind

_MINUTE: Final = 60.0
_LEAST_PAUSE: Final = 1.0
_LEAST_SPAN: Final = 6.0
"""A pace is not judged by fewer seconds: one refusal at the start must not cost a minute."""
_FORGET: Final = 300.0
_GROWTH: Final = 0.05


class Place:
    """A request's place in time, and the tokens that it is counted with."""

    __slots__ = ("at", "counted", "tokens")

    def __init__(self, at: float, tokens: int) -> None:
        self.at = at
        self.tokens = tokens
        self.counted = True


class Limiter:
    """Concurrency, requests and tokens per minute of one provider.

    No window of 60 seconds holds more than the limits. When the provider says "too many" the
    limits are halved, at first to half the pace at which requests were sent, and all wait as long
    as it asks; successes raise them again. Who came first goes first.

    Args:
        concurrency: requests under way at once.
        requests, tokens: bounds of any minute, None for none.
        clock: the time.
    """

    def __init__(
        self, concurrency: int, requests: int | None, tokens: int | None, clock: Clock
    ) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._clock = clock
        self._most_requests = requests
        self._most_tokens = tokens
        self.requests: float | None = requests
        self.tokens: float | None = tokens
        self._window: deque[Place] = deque()
        self._sum = 0
        self._last = float("-inf")
        self._hold = float("-inf")
        self._cut_at = float("-inf")

    @asynccontextmanager
    async def place(
        self, tokens: int, patience: Callable[[], float] = lambda: FOREVER
    ) -> AsyncIterator[Place]:
        """Wait for a place for a request, and hold it meanwhile.

        Args:
            tokens: what it counts as, at most.
            patience: gives the seconds for which the provider's own wish to wait is heeded.

        Raises:
            AttemptError: the provider wants everybody to wait for longer.
        """
        async with self._slots:
            self._check_hold(patience)
            place = self._reserved(tokens)
            # While this one waits the provider may ask everybody to wait longer.
            while (wait := max(place.at, self._hold) - self._clock.seconds()) > 0:
                await self._clock.sleep(wait)
                self._check_hold(patience)
            yield place

    def _check_hold(self, patience: Callable[[], float]) -> None:
        held = self._hold - self._clock.seconds()
        if held > patience():
            text = f"it wants everybody to wait for {held:.0f} s more"
            raise AttemptError(FailureKind.UNAVAILABLE, text)

    def _reserved(self, tokens: int) -> Place:
        at = max(self._clock.seconds(), self._last, self._hold)
        self._forget(at - _MINUTE)
        need = tokens if self.tokens is None else min(tokens, int(self.tokens))
        while self._window and self._full(need):
            at = max(at, self._window[0].at + _MINUTE)
            self._forget(at - _MINUTE)
        place = Place(at, need)
        self._window.append(place)
        self._sum += need
        self._last = at
        return place

    def _full(self, need: int) -> bool:
        many = self.requests is not None and len(self._window) >= max(1, int(self.requests))
        return many or (self.tokens is not None and self._sum + need > self.tokens)

    def _forget(self, before: float) -> None:
        while self._window and self._window[0].at <= before:
            old = self._window.popleft()
            old.counted = False
            self._sum -= old.tokens

    def used(self, place: Place, tokens: int) -> None:
        """Correct a place's tokens to what was counted."""
        if place.counted:
            self._sum += tokens - place.tokens
            place.tokens = tokens

    def succeeded(self) -> None:
        """Let the limits grow back, a little with each success."""
        if self.requests is not None and self.requests != self._most_requests:
            self.requests = self._grown(self.requests, self._most_requests)
        if self.tokens is not None and self.tokens != self._most_tokens:
            self.tokens = self._grown(self.tokens, self._most_tokens)

    def _grown(self, now: float, most: int | None) -> float | None:
        if most is None:
            old = self._clock.seconds() - self._cut_at > _FORGET
            return None if old else now + max(1.0, now * _GROWTH)
        return min(float(most), now + max(1.0, now * _GROWTH))

    def too_many(self, place: Place, retry_after: float | None) -> None:
        """Slow down, because the provider said that these were too many."""
        now = self._clock.seconds()
        self._hold = max(self._hold, now + max(_LEAST_PAUSE, retry_after or 0.0))
        if place.at <= self._cut_at:
            return  # it was sent before the last cut, which answered it already
        self._cut_at = now
        pace = self._pace(now)
        limit = min(pace, self.requests) if self.requests is not None else pace
        self.requests = max(1.0, limit / 2)
        if self.tokens is not None:
            self.tokens = max(1.0, self.tokens / 2)

    def _pace(self, now: float) -> float:
        """Return how many requests a minute were sent lately."""
        sent = [item.at for item in self._window if item.at <= now]
        span = now - sent[0] if sent else 0.0
        return len(sent) * _MINUTE / min(_MINUTE, max(_LEAST_SPAN, span))

"""Attempts at one provider: repeated where that may help, within a deadline."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from scrai.llm._attempt import AttemptError
from scrai.llm._clock import Clock
from scrai.llm._deadline import Deadline

T = TypeVar("T")

_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 30.0


async def with_retries(
    attempt: Callable[[], Awaitable[T]], *, retries: int, deadline: Deadline, clock: Clock
) -> T:
    """Return what `attempt` returns, trying again after failures that may pass.

    Waits double from half a second to half a minute and are shortened by up to a half at random,
    so that many callers do not come back at once; never below what `Retry-After` asks. No wait
    begins that would end after the deadline.

    Raises:
        AttemptError: the last one.
    """

    def wait(state: RetryCallState) -> float:
        return wait_before(state.attempt_number, _error(state), clock)

    def stop(state: RetryCallState) -> bool:
        late = state.upcoming_sleep >= deadline.left()
        return state.attempt_number > retries or late

    retrying = AsyncRetrying(
        sleep=clock.sleep, wait=wait, stop=stop, retry=retry_if_exception(_may_pass), reraise=True
    )
    return await retrying(attempt)


def wait_before(attempt: int, error: BaseException | None, clock: Clock) -> float:
    """Return the seconds to wait after the failed attempt of that number, counted from 1."""
    usual = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    asked = getattr(error, "retry_after", None) or 0.0
    return float(max(asked, usual * (1 - clock.share() / 2)))


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, AttemptError) and error.retryable

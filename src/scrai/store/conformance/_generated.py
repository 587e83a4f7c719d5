"""Running asynchronous checks on what hypothesis makes up.

Hypothesis calls plain functions. A check runs in the event loop of the case (stores may belong
to it), so hypothesis itself runs in another thread and hands every example over.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

T = TypeVar("T")


def how_many() -> int:
    """How many examples a generated case looks at; an environment variable sets it."""
    return int(os.environ.get("SCRAI_CONFORMANCE_EXAMPLES", "50"))


def crossing(loop: asyncio.AbstractEventLoop) -> Callable[[Coroutine[Any, Any, T]], T]:
    """Return a function that runs a coroutine in `loop` from another thread."""

    def cross(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    return cross


async def check_each(
    strategy: SearchStrategy[Any], check: Callable[[Any], Awaitable[None]]
) -> None:
    """Let `check` look at many values of a strategy; hypothesis makes a failing one small."""
    from hypothesis import given

    cross: Callable[[Coroutine[Any, Any, None]], None] = crossing(asyncio.get_running_loop())

    async def one(value: Any) -> None:
        await check(value)

    def every(value: Any) -> None:
        cross(one(value))

    await asyncio.to_thread(quiet_settings(how_many())(given(strategy)(every)))


def quiet_settings(examples: int, **more: Any) -> Any:
    """Settings for checks that wait for stores: no deadline, the same examples every time."""
    from hypothesis import HealthCheck, settings

    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        **more,
    )

"""Hooks may be plain functions or coroutines."""

from __future__ import annotations

import inspect
from typing import Any

from scrai.errors import InvalidInputError


async def settle(value: Any) -> Any:
    """Return what a hook returned, awaited if it is awaitable.

    Raises:
        InvalidInputError: it is a generator: nothing of that hook has run, or would ever run.
    """
    if inspect.isgenerator(value) or inspect.isasyncgen(value):
        raise InvalidInputError(
            f"the hook {value.__name__} is a generator, so that nothing of it runs",
            hint="a hook does its work and returns; take the yield out",
        )
    return await value if inspect.isawaitable(value) else value

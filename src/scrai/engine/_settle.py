"""Hooks may be plain functions or coroutines."""

from __future__ import annotations

import inspect
from typing import Any


async def settle(value: Any) -> Any:
    """Return what a hook returned, awaited if it is awaitable."""
    return await value if inspect.isawaitable(value) else value

"""Time as the language model layer sees it, so that tests need not wait."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final, Protocol

from scrai import _wall

_STEPS: Final = 1 << 32


class Clock(Protocol):
    """A monotonic reading, the wall time, sleep, and a share for jitter."""

    def seconds(self) -> float:
        """Return a monotonic reading in seconds."""

    def now(self) -> datetime:
        """Return the wall time, aware."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    def share(self) -> float:
        """Return a number from 0 to 1 that differs from call to call."""


class WallClock:
    """The clock of this machine."""

    def seconds(self) -> float:
        """Return a monotonic reading in seconds."""
        return _wall.seconds()

    def now(self) -> datetime:
        """Return the wall time, aware."""
        return _wall.now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def share(self) -> float:
        """Return a number from 0 to 1 that differs from call to call."""
        return int(_wall.nonce(4), 16) / _STEPS

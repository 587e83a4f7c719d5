"""The one module that may read clocks and draw nonces from the operating system.

Everything simulated takes `rng`, `now` and `new_id` from its context instead; lint bans the
global ones everywhere else.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime


def now() -> datetime:
    """Return the wall time as an aware UTC datetime."""
    return datetime.now(UTC)


def seconds() -> float:
    """Return a monotonic reading in seconds, for durations only."""
    return time.perf_counter()


def nonce(size: int = 12) -> str:
    """Return `size` random bytes as hex: unique, never reproducible, never simulated content."""
    return os.urandom(size).hex()

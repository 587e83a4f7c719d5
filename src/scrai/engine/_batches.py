"""Writes that are too many for one commit, cut into lists that each fit one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from scrai.store import Write, measure

BATCH: Final = 300
BATCH_BYTES: Final = 1024 * 1024


def batches(writes: Sequence[Write]) -> list[list[Write]]:
    """Cut writes into lists that each fit a commit, with room for what goes beside them."""
    found: list[list[Write]] = []
    size = 0
    for write in writes:
        own = measure([write])
        if not found or size + own > BATCH_BYTES or len(found[-1]) >= BATCH:
            found.append([])
            size = 0
        found[-1].append(write)
        size += own
    return found

"""Writes that are too many for one commit: cut into lists that each fit one, and fenced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scrai.data import Head
from scrai.engine._workset import Workset
from scrai.store import DocumentStore, Write, measure

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


async def commit_fenced(
    store: DocumentStore, work: Workset, head: Head, writes: list[Write]
) -> None:
    """Commit writes with the head, so that who is late cannot undo what came after another's.

    Raises:
        ConflictError: somebody else did the same, or has gone on.
    """
    result = await store.commit([work.head_write(head), *writes])
    work.head = head
    work.document = replace(work.document, revision=result.revisions[0] or "")

"""Chunks that belong to nobody: uploaded by a worker that died, or by one that came too late.

The worker that takes a simulation over looks for them twice: right after its first commit, and with
the physical snapshot that follows, if all commits until then are its own. (To look on for as long
as it runs would list ever more chunks; what comes later goes with the simulation.) Each commit
fails the rivals that had begun before it. So what was uploaded since the last look, before our
latest commit, and is in none of our entries, no commit will ever refer to. What is uploaded later
may belong to somebody who has begun since, and stays. The deletion writes the head, too: whoever
meanwhile took over makes it fail, and whoever found one of the chunks and did not upload it again
fails himself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from scrai.engine._batches import BATCH, commit_fenced
from scrai.engine._packed import digests_in
from scrai.engine._snapshots import PHYSICAL
from scrai.engine._workset import Watch, Workset
from scrai.errors import StoreError
from scrai.store import DocumentStore, Query, delete


async def sweep_orphans(store: DocumentStore, work: Workset, entry: Mapping[str, Any]) -> None:
    """After our commit: delete the chunks of dead and late workers, if it is time to look.

    What cannot be had now is had with a later snapshot, or when the simulation is deleted: the
    commit stands, whatever becomes of this.
    """
    watch = work.watch
    if watch is None:
        return
    watch.own |= _blobs_in(entry)
    snapshot = entry.get("snapshot", {}).get("kind") == PHYSICAL
    if watch.looked and not snapshot:
        return
    with suppress(StoreError):
        await _sweep(store, work, watch, entry["step"])


async def _sweep(store: DocumentStore, work: Workset, watch: Watch, number: int) -> None:
    step = await store.get(f"{work.path}/steps", f"{number:010d}")
    if step is None:  # the simulation is gone already
        return
    collection = f"{work.path}/blobs"
    kept = tuple(digest[:40] for digest in watch.own)
    doomed = [
        chunk.id
        for chunk in await store.query(Query(collection, columns_only=True))
        if watch.since < chunk.created_at < step.created_at and not chunk.id.startswith(kept)
    ]
    for start in range(0, len(doomed), BATCH):
        head = work.head.copy()
        head.beat += 1
        batch = [delete(collection, chunk) for chunk in doomed[start : start + BATCH]]
        await commit_fenced(store, work, head, batch)
    work.watch = None if watch.looked else Watch(step.created_at, looked=True)


def _blobs_in(entry: Mapping[str, Any]) -> set[str]:
    """Return the digests of all blobs that a journal entry brought."""
    found = (entry.get("snapshot", {}), entry.get("patches", {}))
    return {item["blob"]["digest"] for item in found if "blob" in item} | digests_in(entry)

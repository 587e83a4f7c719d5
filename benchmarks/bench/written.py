"""Bytes: what cycles change, and what the store holds more afterwards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from scrai.store import CommitResult, Payload, Write, WriteKind, encode

from .subject import Subject

STATE = frozenset({"actors", "events", "actions", "parts"})
PER_STEP = 500


class Ledger:
    """A store that books every write and passes it on."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.written: defaultdict[str, int] = defaultdict(int)
        self.writes: defaultdict[str, int] = defaultdict(int)
        self.sizes: dict[str, int] = {}
        self.largest = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Commit, then book what was committed."""
        result: CommitResult = await self._store.commit(writes)
        for write in writes:
            self._book(write)
        return result

    def _book(self, write: Write) -> None:
        if write.kind is WriteKind.DELETE:
            self.sizes.pop(write.path, None)
            return
        payload = write.payload if isinstance(write.payload, Payload) else encode(write.payload)
        size = len(payload.data) + len(write.data or b"")
        group = write.collection.rsplit("/", 1)[-1]
        self.written[group] += size
        self.writes[group] += 1
        self.sizes[write.path] = size
        self.largest = max(self.largest, size)


async def written(subject: Subject, cycles: int) -> dict[str, Any]:
    """Run cycles of a new simulation and return the bytes they changed and left behind.

    `changed` is the canonical bytes of every actor, event, action and part (world, environment,
    metadata, configuration) in a commit. Head and journal are not in it: 500 bytes a step are
    allowed for them.
    """
    ledger = Ledger(subject.store)
    subject.store = subject.engine.store = ledger
    subject.engine = type(subject.engine)(ledger, subject.worlds)  # type: ignore[arg-type]
    before = subject.weight()
    await subject.advance(cycles)
    after = subject.weight()
    steps = ledger.writes["steps"]
    changed = sum(size for group, size in ledger.written.items() if group in STATE)
    created = sum(before["collections"][name]["bytes"] for name in before["collections"])
    return {
        "cycles": cycles,
        "steps": steps,
        "changed_bytes": changed,
        "allowance": changed + PER_STEP * steps,
        "document_bytes": after["document_bytes"] - created,
        "file_bytes": after["file_bytes"] - before["file_bytes"],
        "largest_document": ledger.largest,
        "collections": after["collections"],
        "written": dict(ledger.written),
        "writes": dict(ledger.writes),
    }

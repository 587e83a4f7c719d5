"""Snapshots: full states, compressed and chunked, so that no history is long to replay.

Every Snapshot phase records at least a logical snapshot (its hash, in the journal). A physical
one is written when the patches since the last exceed twice the size of the state.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from scrai.data import KINDS, Head
from scrai.engine._draft import Row
from scrai.engine._workset import Part
from scrai.errors import StoreCorruptError
from scrai.store import (
    BlobRef,
    Document,
    DocumentStore,
    Write,
    create,
    get_blob,
    put_blob,
)

PATCHES_PER_SNAPSHOT: Final = 2
INLINE_SNAPSHOT = 64 * 1024
SMALL_STATE: Final = 32 * 1024
LOGICAL: Final = "logical"
PHYSICAL: Final = "physical"


@dataclass(frozen=True, slots=True)
class SnapshotPlan:
    """A snapshot that a step takes."""

    data: bytes | None

    @property
    def physical(self) -> bool:
        """Whether the whole state is stored."""
        return self.data is not None

    async def upload(self, store: DocumentStore, collection: str) -> dict[str, Any]:
        """Upload the chunks, if any; return what the journal entry says of the snapshot."""
        if self.data is None:
            return {"kind": LOGICAL}
        if self.inline:
            return {"kind": PHYSICAL}
        ref = await put_blob(store, collection, self.data)
        return {"kind": PHYSICAL, "blob": ref.value()}

    @property
    def inline(self) -> bool:
        """Whether the state is small enough to lie in the manifest, with no upload before it."""
        return self.data is not None and len(self.data) <= INLINE_SNAPSHOT

    def manifest(self, collection: str, step: int, snapshot: dict[str, Any]) -> Write:
        """Return the write that makes a snapshot visible."""
        data = self.data if self.inline else None
        return create(collection, f"{step:010d}", snapshot, {"step": step}, data=data)


def plan_snapshot(
    head: Head,
    parts: Mapping[str, Part],
    rows: Mapping[str, Mapping[str, Row]],
    *,
    closes_cycle: bool,
) -> SnapshotPlan | None:
    """Return the snapshot that a step owes: none inside a cycle."""
    if not closes_cycle:
        return None
    size = sum(len(row.payload.data) for table in rows.values() for row in table.values())
    size += sum(len(part.payload.data) for part in parts.values())
    if head.patch_bytes <= PATCHES_PER_SNAPSHOT * size:
        return SnapshotPlan(None)
    return SnapshotPlan(pack(parts, rows))


def pack(parts: Mapping[str, Part], rows: Mapping[str, Mapping[str, Row]]) -> bytes:
    """Return a state as compressed bytes."""
    sections = [
        _section(kind, {key: row.payload.data for key, row in sorted(rows[kind].items())})
        for kind in KINDS
    ]
    sections.append(
        _section("parts", {name: part.payload.data for name, part in sorted(parts.items())})
    )
    return _compressed(b"{" + b",".join(sections) + b"}")


def _compressed(data: bytes) -> bytes:
    """Compress a state. A window no larger than a small state saves nine tenths of the time."""
    window, memory = (12, 5) if len(data) <= SMALL_STATE else (15, 8)
    packer = zlib.compressobj(6, zlib.DEFLATED, window, memory)
    return packer.compress(data) + packer.flush()


def _section(name: str, items: Mapping[str, bytes]) -> bytes:
    # The payloads are canonical already: put them together instead of parsing them again.
    inner = b",".join(orjson.dumps(key) + b":" + data for key, data in items.items())
    return orjson.dumps(name) + b":{" + inner + b"}"


def unpack(data: bytes) -> dict[str, dict[str, Any]]:
    """Return the state in a snapshot: `{actors|events|actions|parts: {id: value}}`."""
    try:
        found: dict[str, dict[str, Any]] = orjson.loads(zlib.decompress(data))
    except (zlib.error, ValueError) as problem:
        raise StoreCorruptError(f"a snapshot cannot be read: {problem}") from problem
    return found


async def fetch(store: DocumentStore, manifest: Document) -> dict[str, dict[str, Any]]:
    """Return the state of a physical snapshot, given its manifest."""
    if manifest.data is not None:
        return unpack(manifest.data)
    return unpack(await get_blob(store, BlobRef.read(manifest.value()["blob"])))

"""Blobs: values too long for one document, cut into immutable chunks.

A blob is uploaded first and becomes visible by the one commit that stores its reference. It is
named by its content, so uploading it again is harmless, and what was cut off in mid-upload is an
orphan that nobody sees and `collect_orphans` removes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scrai.errors import AlreadyExistsError, InvalidDocumentError, StoreCorruptError
from scrai.store._paging import stream
from scrai.store._types import Document, DocumentStore, Query, Write, create, delete

CHUNK = 512 * 1024
_PER_COMMIT = 4
_PER_READ = 8
_NAME = re.compile(r"([0-9a-f]{40})-(\d{5})")


@dataclass(frozen=True, slots=True)
class BlobRef:
    """Where a blob is and what it must be: small enough to live in any payload.

    Attributes:
        collection: the collection of its chunks.
        digest: SHA-256 of the whole, hex.
        size: bytes.
        chunks: how many documents it is cut into.
    """

    collection: str
    digest: str
    size: int
    chunks: int

    def value(self) -> dict[str, object]:
        """Return the reference as a JSON object."""
        return {
            "collection": self.collection,
            "digest": self.digest,
            "size": self.size,
            "chunks": self.chunks,
        }

    @classmethod
    def read(cls, value: dict[str, object]) -> BlobRef:
        """Return the reference in a JSON object; StoreCorruptError if it is none."""
        match value:
            case {
                "collection": str(collection),
                "digest": str(digest),
                "size": int(size),
                "chunks": int(chunks),
            }:
                return cls(collection, digest, size, chunks)
        raise StoreCorruptError(f"not the reference of a blob: {str(value)[:80]}")

    @property
    def ids(self) -> list[str]:
        """The ids of the chunks, in order."""
        return [f"{self.digest[:40]}-{index:05d}" for index in range(self.chunks)]


def chunks_of(data: bytes) -> int:
    """Return how many documents a blob is cut into."""
    return -(-len(data) // CHUNK)


async def put_blob(store: DocumentStore, collection: str, data: bytes) -> BlobRef:
    """Upload a blob, at most 2 MiB per commit; chunks that exist already are left as they are."""
    digest = hashlib.sha256(data).hexdigest()
    ref = BlobRef(collection, digest, len(data), chunks_of(data))
    if ref.chunks > 99_999:  # noqa: PLR2004 - five digits of the chunks' names
        raise InvalidDocumentError(f"a blob of {len(data):,} bytes is over 50 GB")
    ids = ref.ids
    for start in range(0, ref.chunks, _PER_COMMIT):
        await _put_chunks(store, ref, ids[start : start + _PER_COMMIT], start, data)
    return ref


async def _put_chunks(
    store: DocumentStore, ref: BlobRef, ids: list[str], start: int, data: bytes
) -> None:
    missing = [
        create(ref.collection, name, {}, data=data[at * CHUNK : (at + 1) * CHUNK])
        for at, name in enumerate(ids, start)
    ]
    try:
        await store.commit(missing)
    except AlreadyExistsError:
        present = await store.get_many(ref.collection, ids)
        missing = [write for write, found in zip(missing, present, strict=True) if found is None]
        for write in missing:
            await _create_once(store, write)


async def _create_once(store: DocumentStore, write: Write) -> None:
    try:
        await store.commit([write])
    except AlreadyExistsError:
        return  # another upload of the same content was faster


async def get_blob(store: DocumentStore, ref: BlobRef) -> bytes:
    """Return a blob.

    Raises:
        StoreCorruptError: a chunk is missing, or the bytes are not those that were put.
    """
    parts: list[bytes] = []
    ids = ref.ids
    for start in range(0, ref.chunks, _PER_READ):
        found = await store.get_many(ref.collection, ids[start : start + _PER_READ])
        parts.extend(_chunk(ref, document) for document in found)
    data = b"".join(parts)
    if len(data) != ref.size or hashlib.sha256(data).hexdigest() != ref.digest:
        raise StoreCorruptError(f"blob {ref.digest[:12]} in {ref.collection} is not what was put")
    return data


def _chunk(ref: BlobRef, document: Document | None) -> bytes:
    if document is None or document.data is None:
        raise StoreCorruptError(f"blob {ref.digest[:12]} in {ref.collection} lacks a chunk")
    return document.data


async def collect_orphans(
    store: DocumentStore, collection: str, keep: AbstractSet[str], page: int = 200
) -> int:
    """Delete the chunks of every blob whose digest is not kept; return how many documents.

    An upload still on its way is an orphan too: call this only where none can be, e.g. under the
    simulation's lease.
    """
    kept = {digest[:40] for digest in keep}
    doomed = [
        document.id
        async for document in stream(store, Query(collection, columns_only=True), page)
        if (match := _NAME.fullmatch(document.id)) and match[1] not in kept
    ]
    for start in range(0, len(doomed), page):
        await store.commit([delete(collection, name) for name in doomed[start : start + page]])
    return len(doomed)

"""From the writes of a commit to what a backend applies: checked, encoded, measured, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scrai.errors import (
    ChangeSetTooLargeError,
    DocumentTooLargeError,
    InvalidDocumentError,
)
from scrai.store._codec import encode, scalar
from scrai.store._ids import check_id
from scrai.store._registry import CollectionSpec, spec_of
from scrai.store._types import Column, Payload, Scalar, Write, WriteKind

MAX_DOCUMENT = 1_048_576
MAX_COMMIT = 3 * 1024 * 1024
ENVELOPE = 256
"""Bytes reckoned for what a backend adds to a document: field names, stamps, protocol."""

_NO_PAYLOAD = Payload(b"{}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A checked write.

    Attributes:
        kind, collection, id, data, expected: as in the write.
        spec: the declaration that governs the collection.
        columns: canonical scalars, lists as tuples; a private copy.
        payload: canonical bytes.
        size: bytes reckoned for the request.
    """

    kind: WriteKind
    collection: str
    id: str
    spec: CollectionSpec
    columns: dict[str, Scalar | tuple[Scalar, ...]]
    payload: bytes
    data: bytes | None
    expected: str | None
    size: int

    @property
    def path(self) -> str:
        """The document's full path."""
        return f"{self.collection}/{self.id}"


def prepare(writes: Sequence[Write]) -> list[Prepared]:
    """Check and encode the writes of one commit.

    Raises:
        InvalidDocumentError: an id, column, payload or combination that is refused everywhere.
        DocumentTooLargeError: one document is over 1 MiB.
        ChangeSetTooLargeError: together they are over the limit of a commit.
    """
    ready = [_prepare(write) for write in writes]
    if len(ready) > 1:
        _check_distinct(ready)
    total = sum([write.size for write in ready])
    if total > MAX_COMMIT:
        raise ChangeSetTooLargeError(
            f"a commit of {total:,} bytes in {len(ready):,} writes; {MAX_COMMIT:,} are allowed",
            hint="keep big populations in packed columns: chunked blobs, uploaded first",
        )
    return ready


def _check_distinct(ready: list[Prepared]) -> None:
    seen = {(write.collection, write.id) for write in ready}
    if len(seen) == len(ready):
        return
    for write in ready:
        if (write.collection, write.id) not in seen:
            raise InvalidDocumentError(f"{write.path} is written twice in one commit")
        seen.discard((write.collection, write.id))


def _prepare(write: Write) -> Prepared:
    kind, name = write.kind, write.id
    spec = spec_of(write.collection)
    check_id(name)
    if write.expected is not None and kind is WriteKind.CREATE:
        raise InvalidDocumentError(f"{write.path}: a create cannot expect a revision")
    size = ENVELOPE + len(write.collection) + len(name)
    if kind is WriteKind.DELETE:
        return Prepared(
            kind, write.collection, name, spec, {}, b"{}", None, write.expected, size
        )
    try:
        payload = encode(write.payload).data
        columns = check_columns(spec, write.columns) if write.columns else {}
    except InvalidDocumentError as error:
        raise InvalidDocumentError(f"{write.path}: {error}", hint=error.hint) from error.__cause__
    data = _check_data(write)
    size += len(payload) + (len(data) if data else 0) + columns_size(columns)
    if not name.isascii():
        size += len(name) * 3
    if size > MAX_DOCUMENT:
        raise DocumentTooLargeError(
            f"{write.path} would have {size:,} bytes; {MAX_DOCUMENT:,} are allowed",
            hint="put long values into blobs (scrai.store.put_blob)",
        )
    return Prepared(
        kind, write.collection, name, spec, columns, payload, data, write.expected, size
    )


def _check_data(write: Write) -> bytes | None:
    if write.data is None or type(write.data) is bytes:
        return write.data
    if isinstance(write.data, bytes | bytearray | memoryview):
        return bytes(write.data)
    raise InvalidDocumentError(f"{write.path}: data is a {type(write.data).__name__}, not bytes")


def check_columns(
    spec: CollectionSpec, columns: Mapping[str, Column]
) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """Return the columns in canonical form; refuse undeclared names and values."""
    scalars = spec.columns
    return {
        name: scalar(value) if name in scalars else _list_column(spec, name, value)
        for name, value in columns.items()
    }


def _list_column(spec: CollectionSpec, name: Any, value: Any) -> tuple[Scalar, ...]:
    if name not in spec.lists:
        raise InvalidDocumentError(
            f"{name!r} is not a column of {spec.group}",
            hint=f"declared: {', '.join(sorted(spec.columns | spec.lists)) or 'none'}",
        )
    if not isinstance(value, list | tuple):
        raise InvalidDocumentError(f"column {name!r} holds a list, not a {type(value).__name__}")
    items = tuple([scalar(item) for item in value])
    if None in items:
        raise InvalidDocumentError(f"column {name!r}: null is in no list column")
    return items


def columns_size(columns: Mapping[str, Column]) -> int:
    """Return the bytes that columns take in a document, by Firestore's own reckoning."""
    size = 0
    for name, value in columns.items():
        size += len(name) + 1
        if isinstance(value, tuple | list):
            size += sum([_scalar_size(item) for item in value])
        else:
            size += _scalar_size(value)
    return size


def _scalar_size(value: Scalar) -> int:
    if type(value) is str:
        return len(value) + 1 if value.isascii() else len(value.encode()) + 1
    return 8


def no_payload() -> Payload:
    """The payload of a document read with `columns_only`."""
    return _NO_PAYLOAD

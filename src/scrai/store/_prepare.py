"""From the writes of a commit to what a backend applies: checked, encoded, measured, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from scrai.errors import (
    ChangeSetTooLargeError,
    DocumentTooLargeError,
    InvalidDocumentError,
)
from scrai.store._codec import MAX_COLUMN_TEXT, encode, scalar
from scrai.store._ids import check_id
from scrai.store._registry import CollectionSpec, spec_of
from scrai.store._types import Column, Payload, Scalar, Write, WriteKind

MAX_DOCUMENT = 1_048_576
MAX_COMMIT = 3 * 1024 * 1024
ENVELOPE = 256
"""Bytes reckoned for what a backend adds to a document: field names, stamps, protocol."""

_CREATE, _DELETE = WriteKind.CREATE, WriteKind.DELETE
_TEXT_ONLY = frozenset({str})
_PLAIN_KINDS = frozenset({str, bool, int, type(None)})
_NO_PAYLOAD = Payload(b"{}")


@dataclass(slots=True)
class Prepared:
    """A checked write. (Not frozen: a frozen dataclass takes four times as long to make.)

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


def measure(writes: Sequence[Write]) -> int:
    """Return the bytes that a commit of these writes has; see `MAX_COMMIT`."""
    return sum([_prepare(write).size for write in writes])


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
    if write.expected is not None and kind is _CREATE:
        raise InvalidDocumentError(f"{write.path}: a create cannot expect a revision")
    size = ENVELOPE + len(write.collection) + len(name)
    if kind is _DELETE:
        return Prepared(kind, write.collection, name, spec, {}, b"{}", None, write.expected, size)
    try:
        given = write.payload
        payload = given.data if type(given) is Payload else encode(given).data
        columns, columns_size = check_columns(spec, write.columns)
    except InvalidDocumentError as error:
        raise InvalidDocumentError(f"{write.path}: {error}", hint=error.hint) from error.__cause__
    data = _check_data(write)
    size += len(payload) + (len(data) if data else 0) + columns_size
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


_Columns: TypeAlias = dict[str, Scalar | tuple[Scalar, ...]]


def check_columns(spec: CollectionSpec, columns: Mapping[str, Column]) -> tuple[_Columns, int]:
    """Return the columns in canonical form and their bytes; refuse undeclared names and values."""
    checked: _Columns = dict(columns)  # type: ignore[arg-type]
    size = 8 * len(checked)
    if spec.lists and not spec.lists.isdisjoint(checked):
        lists = [(name, checked.pop(name)) for name in spec.lists if name in checked]
    else:
        lists = []
    if not checked.keys() <= spec.columns:
        raise _undeclared(spec, checked)
    size += _check_values(checked)
    for name, value in lists:
        items, items_size = _list_column(name, value)
        checked[name] = items
        size += items_size + 8 * len(items)
    return checked, size


def _check_values(checked: _Columns) -> int:
    """Make the scalars canonical, in place, and return their size as JSON.

    The serialiser refuses what it can at its own speed: when all are of plain types and all of
    it together is short, nothing is left to look at one by one.
    """
    if _PLAIN_KINDS.issuperset(map(type, checked.values())):
        try:
            size = len(orjson.dumps(checked, None, orjson.OPT_STRICT_INTEGER))
        except TypeError:
            size = MAX_COLUMN_TEXT + 1
        if size <= MAX_COLUMN_TEXT:
            return size
    for name, value in checked.items():
        checked[name] = scalar(value)
    return _json_size(checked)


def _json_size(value: Any) -> int:
    return len(orjson.dumps(value))


def _undeclared(spec: CollectionSpec, columns: _Columns) -> InvalidDocumentError:
    names = ", ".join(sorted(repr(name) for name in columns.keys() - spec.columns))
    return InvalidDocumentError(
        f"{spec.group} has no column {names}",
        hint=f"declared: {', '.join(sorted(spec.columns | spec.lists)) or 'none'}",
    )


def _list_column(name: str, value: Any) -> tuple[tuple[Scalar, ...], int]:
    """Return a list column in canonical form and its size as JSON."""
    if not isinstance(value, list | tuple):
        raise InvalidDocumentError(f"column {name!r} holds a list, not a {type(value).__name__}")
    if _TEXT_ONLY.issuperset(map(type, value)):
        try:
            size = _json_size(value)
        except TypeError:
            size = MAX_COLUMN_TEXT + 1
        if size <= MAX_COLUMN_TEXT:
            return tuple(value), size
    items = tuple([scalar(item) for item in value])
    if None in items:
        raise InvalidDocumentError(f"column {name!r}: null is in no list column")
    return items, _json_size(items)


def no_payload() -> Payload:
    """The payload of a document read with `columns_only`."""
    return _NO_PAYLOAD

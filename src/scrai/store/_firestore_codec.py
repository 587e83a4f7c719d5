"""Documents and writes as Firestore's messages.

The envelope: every column is a field of its own (so that indexes serve it), `payload` is the
canonical JSON as one string and `data` the opaque bytes; the latter two are exempt from
indexing. A missing column is no field, null is a null. The server's own stamps serve as
`created_at`, `updated_at` and, as text, for the revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp

from scrai.store._codec import trusted
from scrai.store._types import Column, Document, Scalar

PAYLOAD, DATA = "payload", "data"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EMPTY = trusted(b"{}")
_ABSENT = trusted(b"")  # reading it as an object gives StoreCorruptError
_NULL = 0

Value: Any = types.Value.pb()


def put_scalar(target: Any, value: Scalar) -> None:
    """Set a `Value` message."""
    kind = type(value)
    if kind is str:
        target.string_value = value
    elif kind is bool:
        target.boolean_value = value
    elif kind is int:
        target.integer_value = value
    elif value is None:
        target.null_value = _NULL
    else:
        target.double_value = value


def put_list(target: Any, values: tuple[Scalar, ...] | list[Scalar]) -> None:
    """Set a `Value` message to an array."""
    array = target.array_value
    array.SetInParent()  # an empty array is a value, not an absence
    for value in values:
        put_scalar(array.values.add(), value)


def put_document(
    target: Any, columns: Mapping[str, Column], payload: bytes, data: bytes | None
) -> None:
    """Fill the fields of a `Document` message."""
    fields = target.fields
    for name, value in columns.items():
        if isinstance(value, tuple | list):
            put_list(fields[name], value)
        else:
            put_scalar(fields[name], value)
    fields[PAYLOAD].string_value = payload.decode()
    if data is not None:
        fields[DATA].bytes_value = data


def read_document(found: Any, read_time: Any, root: int, *, columns_only: bool = False) -> Document:
    """Return a stored document; `root` is the length of `.../documents/` in its name."""
    collection, _, name = found.name[root:].rpartition("/")
    columns: dict[str, Column] = {}
    payload, data = (_EMPTY if columns_only else _ABSENT), None
    for field, value in found.fields.items():
        if field == PAYLOAD:
            payload = trusted(value.string_value.encode())
        elif field == DATA:
            data = value.bytes_value
        else:
            columns[field] = read_column(value)
    return Document(
        collection=collection,
        id=name,
        columns=columns,
        payload=payload,
        data=data,
        revision=revision(found.update_time),
        created_at=moment(found.create_time),
        updated_at=moment(found.update_time),
        read_at=moment(read_time),
    )


def read_column(value: Any) -> Column:
    """Return the column in a `Value` message."""
    if value.HasField("array_value"):
        return tuple([_scalar(each) for each in value.array_value.values])
    return _scalar(value)


def _scalar(value: Any) -> Scalar:
    kind = value.WhichOneof("value_type")
    if kind is None or kind == "null_value":
        return None
    found: Scalar = getattr(value, kind)
    return found


def moment(stamp: Any) -> datetime:
    """Return a server time as an aware datetime (the server keeps microseconds)."""
    return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def revision(stamp: Any) -> str:
    """Return an update time as the document's revision."""
    text: str = stamp.ToJsonString()
    return text


def put_revision(target: Any, text: str) -> None:
    """Set the `update_time` of a precondition; one that is no time can never be met."""
    try:
        target.FromJsonString(text)
    except ValueError:
        target.CopyFrom(_NEVER)


_NEVER = Timestamp(seconds=1)

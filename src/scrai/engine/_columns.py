"""Columns: a table as compressed bytes, one array after the other, readable without numpy.

The bytes are a length, a JSON header [[name, kind, rows], ...] and the arrays, little-endian.
Kinds: `q` 64-bit and `i` 32-bit integers, `B` small unsigned ones, `d` 64-bit floats, and `s`
texts, whose array is a JSON list.
"""

from __future__ import annotations

import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from scrai.errors import InvalidInputError, StoreCorruptError

Column: TypeAlias = tuple[str, Any]
"""(kind, values): values are a sequence, or anything with a buffer of that kind."""

KINDS: Final = ("q", "i", "B", "d", "s")
_LEVEL: Final = 1
_PREFIX: Final = 4


def pack_columns(columns: Mapping[str, Column]) -> bytes:
    """Return a table as bytes; equal tables give equal bytes.

    Raises:
        InvalidInputError: a kind is unknown, or the columns are not of one length.
    """
    header: list[list[Any]] = []
    bodies: list[bytes] = []
    for name, (kind, values) in columns.items():
        body, rows = _body(name, kind, values)
        header.append([name, kind, rows, len(body)])
        bodies.append(body)
    if len({line[2] for line in header}) > 1:
        raise InvalidInputError(f"columns of different lengths: {header}"[:300])
    head = orjson.dumps(header)
    return zlib.compress(len(head).to_bytes(_PREFIX, "little") + head + b"".join(bodies), _LEVEL)


def unpack_columns(data: bytes) -> dict[str, Sequence[Any]]:
    """Return the columns of a table by name; numbers as memoryviews that numpy takes, too.

    Raises:
        StoreCorruptError: the bytes are no table.
    """
    try:
        raw = zlib.decompress(data)
        size = int.from_bytes(raw[:_PREFIX], "little")
        header = orjson.loads(raw[_PREFIX : _PREFIX + size])
        return dict(_read(memoryview(raw)[_PREFIX + size :], header))
    except (zlib.error, ValueError, TypeError) as problem:
        raise StoreCorruptError(f"a packed table cannot be read: {problem}") from problem


def rows_of(columns: Mapping[str, Sequence[Any]]) -> Iterable[dict[str, Any]]:
    """Yield the rows of a table."""
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _body(name: str, kind: str, values: Any) -> tuple[bytes, int]:
    if kind not in KINDS:
        raise InvalidInputError(f"column {name!r}: unknown kind {kind!r}")
    if kind == "s":
        texts = list(values)
        return orjson.dumps(texts), len(texts)
    numbers = values if hasattr(values, "tobytes") else array(kind, values)
    view = memoryview(numbers)
    if view.itemsize != array(kind).itemsize:
        raise InvalidInputError(f"column {name!r} is not of kind {kind!r}")
    return _little(view.tobytes(), view.itemsize), len(view)


def _little(data: bytes, itemsize: int) -> bytes:
    if sys.byteorder == "little" or itemsize == 1:
        return data
    swapped = array({4: "i", 8: "q"}[itemsize], data)
    swapped.byteswap()
    return swapped.tobytes()


def _read(body: memoryview, header: list[list[Any]]) -> Iterable[tuple[str, Sequence[Any]]]:
    start = 0
    for name, kind, rows, size in header:
        part = body[start : start + size]
        start += size
        if kind == "s":
            yield name, orjson.loads(part)
        else:
            numbers: Any = memoryview(_little(bytes(part), array(kind).itemsize)).cast(kind)
            if len(numbers) != rows:
                raise ValueError(f"column {name} is cut off")
            yield name, numbers

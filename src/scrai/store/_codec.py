"""What every backend can keep, and its one canonical form.

A payload is canonical JSON: keys sorted, UTF-8, no spaces, times as
`YYYY-MM-DDTHH:MM:SS.ffffffZ`. Whatever one backend could not keep is refused here, before any
backend sees it, so that what works on a laptop works in the cloud.

The check is hot. `encode` therefore serialises first and then looks for *byte patterns* that a
bad value cannot avoid leaving behind (a NaN becomes `null`, an array in an array shows as `[[`
or `,[`). Only documents with such a pattern are walked in Python.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any

import orjson

from scrai.errors import InvalidDocumentError, StoreCorruptError
from scrai.store._ids import MAX_NAME, name_flaw
from scrai.store._types import Payload, Scalar, decode

MAX_DEPTH = 20
MAX_COLUMN_TEXT = 1500
INT_MIN, INT_MAX = -(2**63), 2**63 - 1

_PLAIN = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_FAST = _PLAIN | orjson.OPT_STRICT_INTEGER  # an integer over 53 bits takes the slow path
_BRACE = ord("{")
# A pattern without alternatives is found in half the time that `in` takes.
_NULL_IN = re.compile(b"null").search
_RESERVED_IN = re.compile(b"__").search
_NAMELESS_IN = re.compile(b'"":').search
_NESTED_IN = re.compile(rb"\[\[").search
_NEXT_IN = re.compile(rb",\[").search
_DIGITS = bytes(48 if 48 <= byte <= 57 else 32 for byte in range(256))  # noqa: PLR2004 - 0 to 9
_LONG_NUMBER = b"0" * 19  # a number that may be beyond 64 bits, once its digits are all the same
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_SHORT = MAX_NAME // 4
_SHALLOW = (MAX_DEPTH - 1) // 2  # so many maps, with an array in each, are not too deep


def encode(value: Mapping[str, Any] | Payload, name: str = "payload") -> Payload:
    """Check a JSON object and return it in canonical bytes.

    Args:
        name: what errors call it.

    Raises:
        InvalidDocumentError: naming the place of the first value that cannot be kept.
    """
    if type(value) is Payload:
        return value
    try:
        data = orjson.dumps(value, _default, _FAST)
    except TypeError as error:
        data = _encode_slowly(value, error, name)
    else:
        if data[0] != _BRACE or _NULL_IN(data) or _doubtful(data):  # NaN is written as null
            _check(value, name)
    return Payload(_exact(data))


def checked(data: bytes) -> Payload:
    """Wrap canonical bytes of a JSON object that a strict serialiser wrote.

    The caller vouches that nothing was lost on the way (no NaN written as null) and that keys are
    sorted; what stores refuse beyond JSON is refused here.

    Raises:
        InvalidDocumentError: naming the place of the first value that cannot be kept.
    """
    if _doubtful(data) or _LONG_NUMBER in data.translate(_DIGITS):
        _check(decode(data))
    return Payload(_exact(data))


def trusted(data: bytes) -> Payload:
    """Wrap canonical bytes that came out of `encode` earlier; nothing is checked."""
    return Payload(_exact(data))


def _exact(data: bytes) -> bytes:
    """Copy bytes into a block of their own size, as payloads live long.

    What orjson returns keeps the buffer that it was written into: 4 KB for the shortest text, and
    up to ten times the size of a longer one.
    """
    return b"".join((data, b""))


def canonical_hash(value: Mapping[str, Any] | Payload) -> str:
    """Return the SHA-256 of the canonical bytes, as hex."""
    return hashlib.sha256(encode(value).data).hexdigest()


def stamp(moment: datetime) -> str:
    """Return a time as the sortable text kept in payloads and columns; naive means UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _doubtful(data: bytes) -> bool:
    """Whether the bytes could come from a value that must be refused, null aside."""
    return bool(
        _RESERVED_IN(data)
        or _NAMELESS_IN(data)
        or _NESTED_IN(data)
        or _NEXT_IN(data)
        or (data.count(_BRACE) > _SHALLOW and _deep(data))
        or (len(data) > MAX_NAME and max(map(len, data.split(b'":'))) > MAX_NAME)
    )


def _deep(data: bytes) -> bool:
    """Whether the bytes may be nested too deeply: innermost brackets are taken out, pass by pass.

    One pass takes out at most two levels. Brackets inside texts may make a value look deep, which
    costs a walk, or hide levels, which no backend minds: the limit is there for people.
    """
    brackets = data.translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH // 2):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    return bool(brackets)


def _encode_slowly(value: Any, cause: TypeError, name: str) -> bytes:
    _check(value, name)
    try:
        return orjson.dumps(value, _default, _PLAIN)
    except TypeError:
        raise InvalidDocumentError(f"{name}: {cause}") from cause


class _FlawError(Exception):
    """A refused value; the path is filled in while the walk unwinds."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.path: list[str] = []


def _check(value: Any, name: str = "payload") -> None:
    if not isinstance(value, Mapping):
        raise InvalidDocumentError(f"{name} is a {type(value).__name__}, not an object")
    try:
        _walk(value, 1)
    except _FlawError as flaw:
        place = "".join(reversed(flaw.path))
        raise InvalidDocumentError(f"{name}{place}: {flaw}") from None


def _walk(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value)
    elif kind is int:
        _check_int(value)
    elif kind is float:
        _check_float(value)
    elif kind is dict:
        _walk_map(value, depth)
    elif kind is list or kind is tuple:
        _walk_list(value, depth)
    elif kind is not bool and value is not None:
        _walk_other(value, depth)


def _walk_map(value: Mapping[Any, Any], depth: int) -> None:
    _check_depth(depth)
    for key, item in value.items():
        if type(key) is not str:
            raise _FlawError(f"key {key!r} is a {type(key).__name__}, not text")
        if not key or key[0] == "_" or len(key) > _SHORT or not key.isascii():
            reason = name_flaw(key)
            if reason:
                raise _FlawError(f"key {reason}")
        if item is None:
            continue
        try:
            _walk(item, depth + 1)
        except _FlawError as flaw:
            flaw.path.append(f".{key}")
            raise


def _walk_list(value: list[Any] | tuple[Any, ...], depth: int) -> None:
    _check_depth(depth)
    for index, each in enumerate(value):
        item = each.value if isinstance(each, Enum) else each
        if isinstance(item, list | tuple):
            raise _FlawError(f"array directly in an array (at index {index})")
        try:
            _walk(item, depth + 1)
        except _FlawError as flaw:
            flaw.path.append(f"[{index}]")
            raise


def _walk_other(value: Any, depth: int) -> None:
    """Subclasses, enums, times; the rest is refused unless the serialiser takes it."""
    if isinstance(value, Enum):
        _walk(value.value, depth)
    elif isinstance(value, Mapping):
        _walk_map(value, depth)
    elif isinstance(value, list | tuple):
        _walk_list(value, depth)
    elif isinstance(value, str):
        _check_text(value)
    elif isinstance(value, int):
        _check_int(value)
    elif isinstance(value, float):
        _check_float(value)
    else:
        try:
            orjson.dumps(value, _default, _PLAIN)
        except TypeError:
            raise _FlawError(f"{type(value).__name__} is not JSON") from None


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _FlawError(f"nested deeper than {MAX_DEPTH}")


def _check_text(value: str) -> None:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _FlawError("text has a lone surrogate") from None


def _check_int(value: int) -> None:
    if not INT_MIN <= value <= INT_MAX:
        raise _FlawError("integer does not fit 64 bits")


def _check_float(value: float) -> None:
    if value - value != 0.0:  # NaN and the infinities, and nothing else
        raise _FlawError(f"{value} is not a finite number")


# ---------------------------------------------------------------- columns


def scalar(value: Any) -> Scalar:
    """Return a column value or query operand in its one form, or refuse it.

    Enums become their value and times text. An integral float becomes the integer (1 == 1.0
    must hold on every backend, so a column does not keep the difference; payloads do).
    """
    kind = type(value)
    if kind is str:
        if len(value) * 4 > MAX_COLUMN_TEXT or not value.isascii():
            _check_column_text(value)
        return value  # type: ignore[no-any-return]
    if kind is bool or value is None:
        return value  # type: ignore[no-any-return]
    if kind is int:
        if not INT_MIN <= value <= INT_MAX:
            raise InvalidDocumentError("column: integer does not fit 64 bits")
        return value  # type: ignore[no-any-return]
    return _unusual_scalar(value)


def _unusual_scalar(value: Any) -> Scalar:
    if isinstance(value, Enum):
        return scalar(value.value)
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, float):
        if value - value != 0.0:
            raise InvalidDocumentError(f"column: {value} is not a finite number")
        whole = value.is_integer() and INT_MIN <= value <= INT_MAX
        return scalar(int(value)) if whole else float(value)
    if isinstance(value, str):
        return scalar(str(value))
    if isinstance(value, int):
        return scalar(int(value))
    raise InvalidDocumentError(f"column: {type(value).__name__} is not a scalar")


def _check_column_text(value: str) -> None:
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidDocumentError("column: text has a lone surrogate") from None
    if size > MAX_COLUMN_TEXT:
        raise InvalidDocumentError(
            f"column: text of {size:,} bytes; indexed text is at most {MAX_COLUMN_TEXT:,}",
            hint="keep long text in the payload and index a short form of it",
        )


TEXT_TAG = b"\x40"
_NULL, _FALSE, _TRUE, _NUMBER = b"\x10", b"\x20\x00", b"\x20\x01", b"\x30"
_EXACT = 2.0**53


def sort_key(value: Scalar) -> bytes:
    """Return bytes whose order is the order of column values on every backend.

    null < false < true < numbers < text; 1 and 1.0 are one key; text in UTF-8 order.
    """
    if type(value) is str:
        return TEXT_TAG + value.encode()
    if value is None:
        return _NULL
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    return _number_key(value)


@lru_cache(maxsize=16384)
def _number_key(value: float) -> bytes:
    """Order-preserving bytes of the nearest double, then what an integer lost by rounding."""
    near = float(value) + 0.0
    bits = struct.unpack(">Q", struct.pack(">d", near))[0]
    bits ^= 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63
    packed = struct.pack(">Q", bits)
    if abs(near) < _EXACT:
        # Without its trailing zeros a key sorts the same and a small integer takes 3 bytes.
        return _NUMBER + packed.rstrip(b"\0")
    rest = int(value) - int(near)
    return _NUMBER + packed + struct.pack(">H", rest + 0x8000)


def type_range(key: bytes) -> tuple[bytes, bytes]:
    """Return [low, high) of all keys of the same type as `key`: a range never crosses types."""
    tag = key[0]
    return bytes((tag,)), bytes((tag + 1,))


def from_sort_key(key: bytes) -> Scalar:
    """Return the column value of a key made by `sort_key`."""
    tag, body = key[:1], key[1:]
    if tag == TEXT_TAG:
        return body.decode()
    if tag == _NULL:
        return None
    if tag == b"\x20":
        return body == b"\x01"
    if tag != _NUMBER:
        raise StoreCorruptError(f"column key has the unknown type {tag.hex()}")
    return _number_of(body)


@lru_cache(maxsize=4096)
def _number_of(body: bytes) -> int | float:
    bits = int(struct.unpack(">Q", body[:8].ljust(8, b"\0"))[0])
    bits ^= 1 << 63 if bits >> 63 else 0xFFFF_FFFF_FFFF_FFFF
    near = float(struct.unpack(">d", struct.pack(">Q", bits))[0])
    rest = struct.unpack(">H", body[8:])[0] - 0x8000 if len(body) > 8 else 0  # noqa: PLR2004
    if not near.is_integer():
        return near
    whole = int(near) + int(rest)
    return whole if INT_MIN <= whole <= INT_MAX else near

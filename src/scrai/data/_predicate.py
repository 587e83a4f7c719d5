"""The one predicate by which filters are judged in Python, alike for every store."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Final

from pydantic import BaseModel

from scrai.errors import InvalidInputError
from scrai.models import format_time

MISSING: Final[Any] = object()
"""What a path leads to where nothing is; it equals nothing, null least of all."""

_MAX_TEXT: Final = 1500


def plain(value: Any, what: str = "value") -> Any:
    """Return a value in plain JSON types, as it would be stored.

    Raises:
        InvalidInputError: it is no JSON value.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item, what) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, what) for item in value]
    return _plain_object(value, what)


def _plain_object(value: Any, what: str) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise InvalidInputError(f"{what}: a {type(value).__name__} is no JSON value")


def same(one: Any, other: Any) -> bool:
    """Compare two plain values, deeply: 1 equals 1.0, and a bool is not a number."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(one[key], other[key]) for key in one)
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return _rank(one) == _rank(other) and bool(one == other)


def _rank(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else type(value).__name__


def lookup(found: Any, path: str) -> Any:
    """Return what lies at a dotted path, or MISSING.

    A dot goes one map deeper; where a map has the rest of the path as a key, dots and all, that
    key is meant.
    """
    while path:
        if not isinstance(found, dict):
            return MISSING
        if path in found:
            return found[path]
        head, _, path = path.partition(".")
        if not path or head not in found:
            return MISSING
        found = found[head]
    return found


def storable(value: Any) -> bool:
    """Say whether a column can hold a value at all; what it cannot hold equals nothing in it."""
    if isinstance(value, list | dict):
        return False
    if isinstance(value, int):
        return isinstance(value, bool) or -(2**63) <= value < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or _encodable(value)


def _encodable(text: str) -> bool:
    try:
        return len(text.encode()) <= _MAX_TEXT
    except UnicodeEncodeError:
        return False

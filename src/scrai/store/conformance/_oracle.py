"""What a query must answer, said in the plainest way, with nothing of the stores' own code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cmp_to_key
from typing import Any, TypeAlias

from scrai.store._types import All, AnyOf, Condition, Query, Where

Table: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Documents' columns by id."""

_UNEQUAL = {"<", "<=", ">", ">=", "!=", "not-in"}


def rank(value: Any) -> int:
    """Types in order: null, bool, number, text."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1
    return 3 if isinstance(value, str) else 2


def compare(one: Any, two: Any) -> int:
    """Return -1, 0 or 1."""
    first, second = rank(one), rank(two)
    if first != second:
        return -1 if first < second else 1
    if isinstance(one, str):
        one, two = one.encode(), two.encode()
    if one is None or one == two:
        return 0
    return -1 if one < two else 1


def same(one: Any, two: Any) -> bool:
    """1 equals 1.0 and nothing equals a value of another type."""
    return compare(one, two) == 0


def matches(part: Condition, columns: Mapping[str, Any]) -> bool:
    """Whether a document's columns fulfil a condition."""
    if isinstance(part, All):
        return all(matches(each, columns) for each in part.parts)
    if isinstance(part, AnyOf):
        return any(matches(each, columns) for each in part.parts)
    if part.column not in columns:
        return False
    return _holds(part, columns[part.column])


def _holds(part: Where, value: Any) -> bool:  # noqa: PLR0911 - a table of operators
    wanted = part.value
    match part.op:
        case "==":
            return same(value, wanted)
        case "in":
            return any(same(value, each) for each in wanted)
        case "!=":
            return value is not None and not same(value, wanted)
        case "not-in":
            return value is not None and not any(same(value, each) for each in wanted)
        case "array-contains":
            return any(same(each, wanted) for each in value)
        case "array-contains-any":
            return any(same(each, one) for each in value for one in wanted)
    if rank(value) != rank(wanted):
        return False
    sign = compare(value, wanted)
    return {"<": sign < 0, "<=": sign <= 0, ">": sign > 0, ">=": sign >= 0}[part.op]


def _unequal_columns(part: Condition) -> set[str]:
    if isinstance(part, All | AnyOf):
        return {name for each in part.parts for name in _unequal_columns(each)}
    return {part.column} if part.op in _UNEQUAL else set()


def answer(table: Table, query: Query) -> list[str]:
    """Return the ids that a query without a cursor must find, in order."""
    keys = [(key.column, key.descending) for key in query.order]
    down = bool(keys) and keys[-1][1]
    ordered = {name for name, _ in keys}
    implied = {name for part in query.where for name in _unequal_columns(part)} - ordered
    keys += [(name, down) for name in sorted(implied)]

    def order(one: str, two: str) -> int:
        for name, descending in keys:
            sign = compare(table[one][name], table[two][name])
            if sign:
                return -sign if descending else sign
        sign = compare(one, two)
        return -sign if down else sign

    found = [
        name
        for name, columns in table.items()
        if all(key in columns for key, _ in keys)
        and all(matches(part, columns) for part in query.where)
    ]
    return sorted(found, key=cmp_to_key(order))[: query.limit]

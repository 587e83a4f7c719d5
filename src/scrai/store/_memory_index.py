"""Indexes of the memory store: made when first asked for, kept up afterwards.

One index serves one kind of question: equality on some columns, perhaps one array filter, and
an order. Its buckets hold sorted keys, so a question costs by what it returns, whatever else is
stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from scrai.store._codec import sort_key, type_range
from scrai.store._sorted import Key, SortedKeys
from scrai.store._types import Column, Scalar, Where

MISSING: Final = object()
HIGH: Key = (b"\xff",)
Signature: TypeAlias = tuple[tuple[str, ...], str | None, tuple[str, ...]]
Bounds: TypeAlias = tuple[Key, Key]


@dataclass(slots=True)
class Row:
    """A stored document. Never changed: a write puts a new row in its place."""

    id: str
    columns: Mapping[str, Column]
    payload: bytes
    data: bytes | None
    revision: str
    created_at: datetime
    updated_at: datetime

    def key(self, column: str) -> bytes | None:
        """Return a column's sort key, None if the row has no such column."""
        value = self.columns.get(column, MISSING)
        return None if value is MISSING else sort_key(value)  # type: ignore[arg-type]


def same_value(one: object, other: object) -> bool:
    """Whether two column values are equal and of one type (True == 1 in Python)."""
    return one is other or (type(one) is type(other) and one == other)


class Index:
    """Rows by the values of some columns, each bucket in order."""

    __slots__ = ("_buckets", "_contains", "_equal", "_order", "_scalars")

    def __init__(self, signature: Signature) -> None:
        self._equal, self._contains, self._order = signature
        self._scalars = self._equal + self._order
        self._buckets: dict[Key, SortedKeys] = {}

    def add(self, row: Row) -> None:
        """Take a row in."""
        for bucket, key in self._entries(row):
            present = self._buckets.get(bucket)
            if present is None:
                present = self._buckets[bucket] = SortedKeys()
            present.add(key)

    def remove(self, row: Row) -> None:
        """Take a row out."""
        for bucket, key in self._entries(row):
            present = self._buckets[bucket]
            present.discard(key)
            if not present:
                del self._buckets[bucket]

    def replace(self, old: Row, new: Row) -> None:
        """Put a row in the place of an older one of the same id."""
        if self._contains is None:
            before, after = old.columns, new.columns
            for name in self._scalars:
                if not same_value(before.get(name, MISSING), after.get(name, MISSING)):
                    break
            else:
                return
        self.remove(old)
        self.add(new)

    def _entries(self, row: Row) -> Iterable[tuple[Key, Key]]:
        columns: Any = row.columns
        try:
            bucket = tuple([sort_key(columns[name]) for name in self._equal])
            key = (*[sort_key(columns[name]) for name in self._order], row.id.encode())
        except KeyError:  # a row without one of the columns is in no answer
            return ()
        if self._contains is None:
            return ((bucket, key),)
        items = row.columns.get(self._contains, ())
        assert isinstance(items, tuple)  # noqa: S101 - list columns are stored as tuples
        return [((*bucket, item), key) for item in set(map(sort_key, items))]

    def bucket(self, values: Key) -> SortedKeys | None:
        """Return the sorted keys of one bucket."""
        return self._buckets.get(values)

    def scan(self, values: Key, bounds: Bounds, *, descending: bool) -> Iterator[Key]:
        """Yield the keys of one bucket between bounds, in order."""
        present = self._buckets.get(values)
        if present is None:
            return iter(())
        return present.descending(*bounds) if descending else present.ascending(*bounds)


def bounds_of(conditions: Iterable[Where]) -> Bounds:
    """Return the bounds that range conditions set on the first order column."""
    low: Key = ()
    high: Key = HIGH
    for each in conditions:
        if each.op in {"!=", "not-in"}:
            continue
        key = sort_key(each.value)
        first, end = type_range(key)
        if each.op == ">":
            first = key + b"\0"
        elif each.op == ">=":
            first = key
        elif each.op == "<":
            end = key
        else:
            end = key + b"\0"
        low, high = max(low, (first,)), min(high, (end,))
    return low, high


def holds(condition: Where, key: bytes | None) -> bool:
    """Whether an inequality holds for a column with this sort key (None: no such column)."""
    if key is None:
        return False
    if condition.op == "!=":
        return key not in (sort_key(condition.value), _NULL_KEY)
    if condition.op == "not-in":
        return key != _NULL_KEY and key not in _keys_of_list(condition.value)
    low, high = bounds_of((condition,))
    return low[0] <= key < high[0]  # type: ignore[no-any-return]


def _keys_of_list(values: Iterable[Scalar]) -> set[bytes]:
    return {sort_key(value) for value in values}


_NULL_KEY = sort_key(None)

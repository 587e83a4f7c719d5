"""Collections of the memory store, and how a plan is answered from their indexes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from scrai.store._codec import sort_key
from scrai.store._memory_index import (
    HIGH,
    Bounds,
    Index,
    Row,
    Signature,
    bounds_of,
    holds,
)
from scrai.store._plan import Disjunct, Plan
from scrai.store._sorted import Key
from scrai.store._types import Order, Where

_MANY_INDEXES = 32


class Collection:
    """The rows of one collection and the indexes asked for so far."""

    __slots__ = ("indexes", "rows")

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.indexes: dict[Signature, Index] = {}

    def put(self, row: Row, old: Row | None) -> None:
        """Put a row in, in the place of the one it follows."""
        self.rows[row.id] = row
        if old is None:
            for index in self.indexes.values():
                index.add(row)
        else:
            for index in self.indexes.values():
                index.replace(old, row)

    def remove(self, row: Row) -> None:
        """Take a row out."""
        del self.rows[row.id]
        for index in self.indexes.values():
            index.remove(row)

    def index(self, signature: Signature) -> Index:
        """Return an index; make it at first; drop the one longest unused when there are many."""
        present = self.indexes.pop(signature, None)
        if present is None:
            present = Index(signature)
            for row in self.rows.values():
                present.add(row)
            if len(self.indexes) >= _MANY_INDEXES:
                del self.indexes[next(iter(self.indexes))]
        self.indexes[signature] = present
        return present


def select_rows(found: Collection, plan: Plan) -> list[Row]:
    """Return the rows that a plan asks for, in order."""
    rows = found.rows
    if not _one_way(plan.order):
        return _select_mixed(found, plan)
    down = plan.ids_descending
    names = tuple([key.column for key in plan.order])
    streams = [_stream(found, each, names, plan, down=down) for each in plan.disjuncts()]
    if len(streams) == 1:
        return [rows[key[-1].decode()] for key in islice(streams[0], plan.limit)]
    merged = sorted({key for each in streams for key in islice(each, plan.limit)}, reverse=down)
    return [rows[key[-1].decode()] for key in merged[: plan.limit]]


def count_rows(found: Collection, plan: Plan) -> int:
    """Return how many rows match; by the size of a bucket where that is all there is to it."""
    if not plan.where and not plan.order:
        return len(found.rows)
    disjuncts = plan.disjuncts()
    if len(disjuncts) == 1 and not plan.order:
        asked = _read(disjuncts[0], ())
        if asked is None:
            return 0
        bucket = found.index(asked[0]).bucket(asked[1])
        return len(bucket) if bucket else 0
    return len(select_rows(found, plan))


def _one_way(order: tuple[Order, ...]) -> bool:
    return len({key.descending for key in order}) <= 1


def _read(part: Disjunct, order: tuple[str, ...]) -> tuple[Signature, Key, list[Where]] | None:
    """Return which index and bucket a conjunction asks for, and what remains to be compared.

    None if it contradicts itself.
    """
    equal: dict[str, bytes] = {}
    contains: Where | None = None
    rest: list[Where] = []
    for each in part:
        if each.op == "==":
            key = sort_key(each.value)
            if equal.setdefault(each.column, key) != key:
                return None
        elif each.op == "array-contains":
            contains = each
        else:
            rest.append(each)
    names = sorted(equal)
    bucket = tuple([equal[name] for name in names])
    if contains is None:
        return (tuple(names), None, order), bucket, rest
    return (tuple(names), contains.column, order), (*bucket, sort_key(contains.value)), rest


def _stream(
    found: Collection, part: Disjunct, names: tuple[str, ...], plan: Plan, *, down: bool
) -> Iterator[Key]:
    """Yield the keys of one conjunction in order, after the cursor."""
    asked = _read(part, names)
    if asked is None:
        return iter(())
    signature, bucket, rest = asked
    first = names[0] if names else None
    bounds = bounds_of([each for each in rest if each.column == first])
    keys = found.index(signature).scan(bucket, _after(bounds, plan, down=down), descending=down)
    loose = [each for each in rest if each.column != first or each.op in {"!=", "not-in"}]
    if not loose:
        return keys
    rows = found.rows
    return (key for key in keys if _all_hold(loose, rows[key[-1].decode()]))


def _after(bounds: Bounds, plan: Plan, *, down: bool) -> Bounds:
    low, high = bounds
    if plan.after is None:
        return bounds
    keys, name = plan.after.keys(), plan.after.id.encode()
    if down:
        return low, min(high, (*keys, name))
    return max(low, (*keys, name + b"\0")), high


def _all_hold(conditions: list[Where], row: Row) -> bool:
    return all(holds(each, row.key(each.column)) for each in conditions)


# ---------------------------------------------------------------- mixed directions


def _select_mixed(found: Collection, plan: Plan) -> list[Row]:
    """Answer an order of mixed directions: filter, then one stable sort per key."""
    names = [key.column for key in plan.order]
    picked: dict[str, Row] = {}
    for part in plan.disjuncts():
        asked = _read(part, ())
        if asked is None:
            continue
        signature, bucket, rest = asked
        for key in found.index(signature).scan(bucket, ((), HIGH), descending=False):
            row = found.rows[key[-1].decode()]
            if all(name in row.columns for name in names) and _all_hold(rest, row):
                picked[row.id] = row
    rows = sorted(picked.values(), key=lambda row: row.id, reverse=plan.ids_descending)
    for order in reversed(plan.order):
        column = order.column
        rows.sort(key=lambda row: row.key(column) or b"", reverse=order.descending)
    if plan.after is not None:
        rows = [row for row in rows if _is_after(row, plan)]
    return rows[: plan.limit]


def _is_after(row: Row, plan: Plan) -> bool:
    assert plan.after is not None  # noqa: S101 - the caller looked
    for order, key in zip(plan.order, plan.after.keys(), strict=True):
        own = row.key(order.column) or b""
        if own != key:
            return (own < key) is order.descending
    return row.id != plan.after.id and (row.id < plan.after.id) is plan.ids_descending

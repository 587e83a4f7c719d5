"""From a query to the plan that every backend follows: checked, normalised, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, TypeAlias

from scrai.errors import InvalidDocumentError, UndeclaredQueryError
from scrai.store._codec import scalar, sort_key
from scrai.store._cursor import Position, read_cursor
from scrai.store._registry import CollectionSpec, require_shape, spec_of, spec_of_group
from scrai.store._types import OPERATORS, All, AnyOf, Condition, Order, Query, Scalar, Where

MAX_DISJUNCTS = 30
MAX_NOT_IN = 10

EQUALITY = frozenset({"==", "in"})
ARRAY = frozenset({"array-contains", "array-contains-any"})
INEQUALITY = OPERATORS - EQUALITY - ARRAY
_RANGE = frozenset({"<", "<=", ">", ">="})
_LISTED = frozenset({"in", "not-in", "array-contains-any"})
_NEGATIVE = frozenset({"!=", "not-in"})

_FALSE: Condition = AnyOf(())
_TRUE: Condition = All(())
Disjunct: TypeAlias = tuple[Where, ...]


@dataclass(slots=True)
class Plan:
    """A checked query. Nobody changes one.

    Attributes:
        spec: the collection's declaration.
        collection: its path.
        where: conditions that all hold, simplified: operands are canonical scalars (tuples of
            them for `in`, `not-in`, `array-contains-any`), lists are non-empty, without
            duplicates and without null.
        order: every sort key, those implied by inequalities included; documents that lack one
            of the columns are left out. Then the id, in the direction of the last key.
        limit: at most so many, or None.
        after: the position to go on after, or None.
        columns_only: leave payload and data out.
        nothing: no document can match; do not ask.
    """

    spec: CollectionSpec
    collection: str
    where: tuple[Condition, ...]
    order: tuple[Order, ...]
    limit: int | None
    after: Position | None
    columns_only: bool
    nothing: bool

    @property
    def ids_descending(self) -> bool:
        """The direction in which ids break ties."""
        return bool(self.order) and self.order[-1].descending

    def disjuncts(self) -> list[Disjunct]:
        """Return the conditions as alternatives of `==`, `array-contains` and inequalities."""
        return _expand(All(self.where))


def check_query(query: Query) -> Plan:
    """Check a query against the registry and the limits.

    Raises:
        UndeclaredQueryError: no declared index serves it, or it is over a limit of queries.
        InvalidDocumentError: an operand, cursor or collection is malformed.
    """
    spec = spec_of(query.collection)
    order = _resolve(spec.group, _outline(query.where), tuple(query.order))
    where, nothing = _simplify_all(query.where)
    _check_limit(query.limit)
    return Plan(
        spec=spec,
        collection=query.collection,
        where=where,
        order=order,
        limit=query.limit,
        after=None if query.after is None else read_cursor(query.after, order),
        columns_only=query.columns_only,
        nothing=nothing or query.limit == 0,
    )


def check_count(query: Query) -> Plan:
    """Check a query that is only counted: its order, limit and cursor do not matter."""
    return check_query(replace(query, order=(), limit=None, after=None))


def _check_limit(limit: int | None) -> None:
    if limit is not None and (type(limit) is not int or limit < 0):
        raise InvalidDocumentError(f"limit {limit!r} is not a number of documents")


# ---------------------------------------------------------------- shapes

_Outline: TypeAlias = tuple[Any, ...]


def _outline(parts: tuple[Condition, ...]) -> _Outline:
    """The shape of conditions without their values: hashable, the key of the cache."""
    return tuple(
        [
            (part.column, part.op) if type(part) is Where else (type(part), _outline(_parts(part)))
            for part in parts
        ]
    )


def _parts(part: Condition) -> tuple[Condition, ...]:
    if not isinstance(part, All | AnyOf):
        raise InvalidDocumentError(f"{part!r} is not a condition")
    return tuple(part.parts)


@lru_cache(maxsize=1024)
def _resolve(group: str, outline: _Outline, order: tuple[Order, ...]) -> tuple[Order, ...]:
    """Return the whole order of a declared shape; refuse an undeclared one (not cached)."""
    spec = spec_of_group(group)
    if _outline_width((All, outline)) > MAX_DISJUNCTS:
        raise _too_wide()
    rows = _alternatives_of((All, outline))
    used = list(_pairs(outline))
    for column, op in used:
        _check_operator(spec, column, op)
    _check_combination(spec, used, rows)
    full = _complete(order, {column for column, op in used if op in INEQUALITY})
    if full:
        for row in rows:
            equal = frozenset(column for column, op in row if op not in INEQUALITY)
            require_shape(spec, equal, full)
    return full


def _outline_width(part: _Outline) -> int:
    head, tail = part
    if head is AnyOf:
        return sum(_outline_width(each) for each in tail)
    return math.prod(_outline_width(each) for each in tail) if head is All else 1


def _pairs(outline: _Outline) -> Iterator[tuple[str, str]]:
    """Every comparison in an outline, as often as it occurs."""
    for head, tail in outline:
        if head is All or head is AnyOf:
            yield from _pairs(tail)
        else:
            yield head, tail


def _alternatives_of(part: _Outline) -> list[tuple[tuple[str, str], ...]]:
    """The outline in disjunctive form."""
    head, tail = part
    if head is All:
        return [sum(row, ()) for row in product(*(_alternatives_of(each) for each in tail))]
    if head is AnyOf:
        return [row for each in tail for row in _alternatives_of(each)]
    return [((head, tail),)]


def _check_operator(spec: CollectionSpec, column: str, op: str) -> None:
    if op not in OPERATORS:
        raise UndeclaredQueryError(f"{op!r} is not an operator", hint=", ".join(sorted(OPERATORS)))
    allowed = spec.lists if op in ARRAY else spec.columns
    if column not in allowed:
        kind = "list column" if op in ARRAY else "column"
        raise UndeclaredQueryError(
            f"{spec.group}: {column!r} is not a declared {kind}",
            hint=f"declared: {', '.join(sorted(allowed)) or 'none'}",
        )


def _check_combination(
    spec: CollectionSpec,
    used: list[tuple[str, str]],
    rows: list[tuple[tuple[str, str], ...]],
) -> None:
    """What Firestore cannot combine is refused everywhere."""
    negative = [op for _, op in used if op in _NEGATIVE]
    if len(negative) > 1:
        raise UndeclaredQueryError(f"{spec.group}: only one != or not-in in a query")
    if "not-in" in negative and (len(rows) > 1 or any(op in _LISTED - _NEGATIVE for _, op in used)):
        raise UndeclaredQueryError(f"{spec.group}: not-in does not go with in, any or or")
    for row in rows:
        if sum(op in ARRAY for _, op in row) > 1:
            raise UndeclaredQueryError(f"{spec.group}: only one array filter in a query")


def _complete(order: tuple[Order, ...], unequal: set[str]) -> tuple[Order, ...]:
    """Add the order that inequalities imply, in the direction of the last key."""
    present = {key.column for key in order}
    descending = bool(order) and order[-1].descending
    implied = (Order(column, descending) for column in sorted(unequal - present))
    return (*order, *implied)


# ---------------------------------------------------------------- values


def _simplify_all(where: tuple[Condition, ...]) -> tuple[tuple[Condition, ...], bool]:
    if all(type(part) is Where and part.op == "==" and _is_plain(part.value) for part in where):
        return tuple(where), False
    whole = _simplify(All(tuple(where)))
    if whole == _FALSE:
        return (), True
    if _width(whole) > MAX_DISJUNCTS:
        raise _too_wide()
    return (whole.parts if isinstance(whole, All) else (whole,)), False


def _is_plain(value: Any) -> bool:
    """Whether an operand is in its canonical form already."""
    return scalar(value) is value


def _too_wide() -> UndeclaredQueryError:
    return UndeclaredQueryError(
        f"more than {MAX_DISJUNCTS} alternatives in one query",
        hint="ask several questions, each with fewer values",
    )


def _simplify(part: Condition) -> Condition:
    if isinstance(part, Where):
        return _simplify_where(part)
    parts = [_simplify(each) for each in part.parts]
    return _join_all(parts) if isinstance(part, All) else _join_any(parts)


def _join_all(parts: list[Condition]) -> Condition:
    flat: list[Condition] = []
    for each in parts:
        if each == _FALSE:
            return _FALSE
        flat.extend(each.parts if isinstance(each, All) else (each,))
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def _join_any(parts: list[Condition]) -> Condition:
    flat: list[Condition] = []
    for each in parts:
        if each == _TRUE:
            return _TRUE
        flat.extend(each.parts if isinstance(each, AnyOf) else (each,))
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def _simplify_where(part: Where) -> Condition:
    if part.op in _LISTED:
        return _simplify_listed(part)
    value = scalar(part.value)
    if value is None and (part.op in _RANGE or part.op in ARRAY):
        raise InvalidDocumentError(f"{part.column} {part.op} null: null has no order")
    return part if value is part.value else Where(part.column, part.op, value)


def _simplify_listed(part: Where) -> Condition:
    """`in` with null becomes `in` or `== null`; an empty `in` matches nothing."""
    if not isinstance(part.value, list | tuple | set | frozenset):
        raise InvalidDocumentError(f"{part.column} {part.op} needs a list of values")
    distinct: dict[bytes, Scalar] = {}
    for each in part.value:
        value = scalar(each)
        distinct.setdefault(sort_key(value), value)
    null = distinct.pop(sort_key(None), 0) is None
    values = tuple(distinct[key] for key in sorted(distinct))
    if part.op == "not-in":
        if len(values) > MAX_NOT_IN:
            raise UndeclaredQueryError(f"not-in takes at most {MAX_NOT_IN} values")
        return Where(part.column, "not-in", values) if values else Where(part.column, "!=", None)
    if part.op == "array-contains-any":
        if null:
            raise InvalidDocumentError(f"{part.column}: null is in no list column")
        return Where(part.column, part.op, values) if values else _FALSE
    found: list[Condition] = [Where(part.column, "in", values)] if len(values) > 1 else []
    if len(values) == 1:
        found = [Where(part.column, "==", values[0])]
    return _join_any([*found, Where(part.column, "==", None)] if null else found)


def _width(part: Condition) -> int:
    """How many alternatives a condition has in disjunctive form."""
    if isinstance(part, AnyOf):
        return sum(_width(each) for each in part.parts)
    if isinstance(part, All):
        return math.prod(_width(each) for each in part.parts)
    return len(part.value) if part.op in {"in", "array-contains-any"} else 1


def _expand(part: Condition) -> list[Disjunct]:
    if isinstance(part, AnyOf):
        return [row for each in part.parts for row in _expand(each)]
    if isinstance(part, All):
        return [sum(row, ()) for row in product(*(_expand(each) for each in part.parts))]
    if part.op == "in":
        return [(Where(part.column, "==", value),) for value in part.value]
    if part.op == "array-contains-any":
        return [(Where(part.column, "array-contains", value),) for value in part.value]
    return [(part,)]

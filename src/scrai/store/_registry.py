"""Which collections exist, which columns they index, and which questions may be asked.

A backend answers only declared shapes, so that every question has an index on every backend:
nothing works on a laptop and fails (or scans) in the cloud. Two kinds of shape are declared:

- the *family*: equality, `in` and array filters over any declared columns, in id order. Every
  collection has it (Firestore merges its single-field indexes for it);
- *ordered shapes*: a fixed set of equality columns plus an order, on whose first column
  inequalities are allowed too. Each one is a composite index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from scrai.errors import ConfigurationError, InvalidDocumentError, UndeclaredQueryError
from scrai.store._ids import check_path, group_of
from scrai.store._types import Order

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
ENVELOPE_FIELDS = frozenset({"payload", "data"})


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """A collection group: the last part of a path, and what is indexed in it.

    Attributes:
        group: e.g. `actors`, or `steps` for every `simulations/{id}/steps`.
        columns: scalar columns.
        lists: columns that hold a list of scalars, for `array-contains`.
        shared: scalar columns of few values, each in many documents (a status, an owner); a
            store may keep every value once. Never an order column.
        lookups: for stores that need an index told (sqlite), the columns of each one: few that
            serve many questions, because every index costs time and room at every write. None
            means one per column and one per shape.
    """

    group: str
    columns: frozenset[str]
    lists: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    lookups: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """An ordered question: equality on exactly these columns, then this order.

    The first order column may also carry inequalities.
    """

    group: str
    equal: frozenset[str]
    order: tuple[Order, ...]


def shape(group: str, equal: str, order: str) -> Shape:
    """Read a shape from words: `shape("steps", "kind", "-step")`; `-` means descending."""
    keys = tuple(Order(key.lstrip("-"), key.startswith("-")) for key in order.split())
    return Shape(group, frozenset(equal.split()), keys)


def _spec(
    group: str,
    columns: str,
    *,
    shared: str = "",
    lists: str = "",
    lookups: tuple[str, ...] = (),
) -> CollectionSpec:
    return CollectionSpec(
        group,
        frozenset(columns.split()) | frozenset(shared.split()),
        frozenset(lists.split()),
        frozenset(shared.split()),
        tuple(tuple(each.split()) for each in lookups),
    )


_BUILT_IN = (
    _spec(
        "actors",
        "local_id name step schema",
        shared="simulation_id type active state",
        lists="terms",
        lookups=("simulation_id state step", "name"),
    ),
    _spec(
        "events",
        "local_id created_at scheduled_for step schema",
        shared="simulation_id type status awaiting state",
        lists="actors",
        lookups=(
            "simulation_id state step",
            "simulation_id created_at status state",
            "created_at",
            "status",
        ),
    ),
    _spec(
        "actions",
        "local_id created_at scheduled_for step schema",
        shared="simulation_id actor_id type status priority awaiting state",
        lookups=(
            "simulation_id state step",
            "simulation_id created_at status state",
            "actor_id",
            "status",
        ),
    ),
    _spec("simulations", "name status scenario created_at parent", lookups=("created_at", "name")),
    _spec("steps", "step cycle", shared="kind phase", lookups=("step cycle kind phase",)),
    _spec("snapshots", "step", lookups=("step",)),
    _spec("inbox", "submitted_at entity", shared="kind", lookups=("submitted_at",)),
    _spec("parts", ""),
    _spec("blobs", ""),
    _spec(
        "calls",
        "cycle passes grant",
        shared="phase state",
        lookups=("cycle passes phase",),
    ),
    _spec("texts", ""),
    _spec("money", ""),
    _spec("budgets", ""),
    _spec("samples", ""),
    _spec("costs", "step cycle", shared="phase actor model", lookups=("step",)),
)


def _both_ways(group: str, equal: str, column: str) -> tuple[Shape, Shape]:
    return shape(group, equal, column), shape(group, equal, f"-{column}")


def _timed(group: str) -> Iterable[Shape]:
    for equal in ("", " status", " state", " status state"):
        yield from _both_ways(group, f"simulation_id{equal}", "created_at")


def _built_in_shapes() -> Iterable[Shape]:
    for group in ("actors", "events", "actions"):
        yield shape(group, "simulation_id", "step")
        yield shape(group, "simulation_id state", "step")
    yield from _both_ways("events", "", "created_at")
    yield from _timed("events")
    yield from _timed("actions")
    for equal in ("", "kind", "cycle"):
        yield from _both_ways("steps", equal, "step")
    yield from _both_ways("snapshots", "", "step")
    yield from _both_ways("costs", "", "step")
    yield shape("inbox", "", "submitted_at")
    for equal in ("", "status", "scenario", "status scenario"):
        yield from _both_ways("simulations", equal, "created_at")


_specs: dict[str, CollectionSpec] = {spec.group: spec for spec in _BUILT_IN}
_shapes: dict[str, set[Shape]] = {}
for _shape in _built_in_shapes():
    _shapes.setdefault(_shape.group, set()).add(_shape)
_by_path: dict[str, CollectionSpec] = {}
_MANY_PATHS = 4096


def declare(spec: CollectionSpec, shapes: Iterable[Shape] = ()) -> None:
    """Add a collection group and its ordered shapes. Declaring the same again is harmless.

    Raises:
        ConfigurationError: the group exists with other columns, or a name cannot be used.
    """
    present = _specs.get(spec.group)
    if present is not None and present != spec:
        raise ConfigurationError(f"collection group {spec.group!r} is declared otherwise already")
    for name in (spec.group, *spec.columns, *spec.lists):
        if not _NAME.fullmatch(name) or name in ENVELOPE_FIELDS:
            raise ConfigurationError(
                f"{name!r} cannot name a collection group or column",
                hint="small letters, digits and _, at most 60; payload and data are taken",
            )
    if spec.columns & spec.lists or not spec.shared <= spec.columns:
        raise ConfigurationError(f"{spec.group}: a column is a scalar or a list; shared: scalars")
    shapes = tuple(shapes)
    for each in shapes:
        _check_shape(spec, each)
    _specs[spec.group] = spec
    _shapes.setdefault(spec.group, set()).update(shapes)


def _check_shape(spec: CollectionSpec, each: Shape) -> None:
    names = {key.column for key in each.order}
    if each.group != spec.group or not each.order or not names <= spec.columns:
        raise ConfigurationError(f"{spec.group}: a shape needs an order over declared columns")
    if names & spec.shared:
        raise ConfigurationError(f"{spec.group}: a shared column cannot be an order")
    if not each.equal <= spec.columns | spec.lists or each.equal & names:
        raise ConfigurationError(f"{spec.group}: a shape's equality columns are undeclared")


def spec_of(collection: str) -> CollectionSpec:
    """Return the declaration that governs a collection path.

    Raises:
        InvalidDocumentError: the path is malformed or its group is not declared.
    """
    spec = _by_path.get(collection) if type(collection) is str else None
    if spec is not None:
        return spec
    check_path(collection)
    spec = _specs.get(group_of(collection))
    if spec is None:
        raise InvalidDocumentError(
            f"collection group {group_of(collection)!r} is not declared",
            hint="declare it with scrai.store.declare(CollectionSpec(...))",
        )
    if len(_by_path) >= _MANY_PATHS:
        _by_path.clear()
    _by_path[collection] = spec
    return spec


def groups() -> tuple[str, ...]:
    """Return the declared collection groups, sorted."""
    return tuple(sorted(_specs))


def spec_of_group(group: str) -> CollectionSpec:
    """Return a declared group."""
    return _specs[group]


def shapes_of(group: str) -> frozenset[Shape]:
    """Return the ordered shapes declared for a group."""
    return frozenset(_shapes.get(group, ()))


def built_in_groups() -> tuple[str, ...]:
    """Return the groups of ScrAI itself, sorted."""
    return tuple(sorted(spec.group for spec in _BUILT_IN))


def require_shape(spec: CollectionSpec, equal: frozenset[str], order: tuple[Order, ...]) -> None:
    """Refuse an ordered question that was not declared.

    Raises:
        UndeclaredQueryError: naming the declared ones of that collection.
    """
    known = _shapes.get(spec.group, set())
    if Shape(spec.group, equal, order) in known:
        return
    offered = "; ".join(sorted(describe(each.equal, each.order) for each in known))
    raise UndeclaredQueryError(
        f"{spec.group}: no index serves {describe(equal, order)}",
        hint=f"declared: {offered or 'equality filters in id order only'}",
    )


def describe(equal: frozenset[str], order: tuple[Order, ...]) -> str:
    """Return a shape in words, for messages."""
    keys = ", ".join(f"{key.column}{' desc' if key.descending else ''}" for key in order)
    columns = ", ".join(sorted(equal))
    return f"[{columns}] ordered by {keys or 'id'}"

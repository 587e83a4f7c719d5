"""Declared changes and conditions: what events and actions do, and what they need."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, ConfigDict, model_validator

from scrai.models._base import Model, id_problem

ACTOR_PREFIX = "actor:"

WRITABLE_ROOTS = ("attributes", "relationships", "location", "affiliations")
"""The parts of an actor that operations may change."""

READABLE_ROOTS = (*WRITABLE_ROOTS, "active")
"""The parts of an actor that conditions may look at."""

_RESERVED = re.compile(r"__.*__", re.DOTALL)


@lru_cache(maxsize=4096)  # the same few, in every phase
def _check_target(value: str) -> str:
    if value in {"world", "environment", "self"}:
        return value
    if not value.startswith(ACTOR_PREFIX):
        raise ValueError("must be world, environment, self or actor:<id>")
    if problem := id_problem(value.removeprefix(ACTOR_PREFIX)):
        raise ValueError(f"names an actor whose id {problem}")
    return value


@lru_cache(maxsize=4096)
def _check_path(value: str) -> str:
    for segment in value.split(".") if value else ():
        if not segment:
            raise ValueError("has an empty segment; write attributes.mood, not attributes..mood")
        if _RESERVED.fullmatch(segment):
            raise ValueError(f"has the segment {segment}; names of the form __x__ are reserved")
    return value


Target: TypeAlias = Annotated[str, AfterValidator(_check_target)]
"""world, environment, self (the acting actor) or actor:<local id>."""

Path: TypeAlias = Annotated[str, AfterValidator(_check_path)]
"""Dotted: attributes.mood, relationships.actor-doctor, location.place."""


class Targeted(Model):
    """A place in the simulated state: a target and a path below it."""

    model_config = ConfigDict(frozen=True)

    target: Target = "self"
    path: Path = ""

    @property
    def actor_id(self) -> str | None:
        """The id after `actor:`, None for the other targets."""
        prefix, _, actor = self.target.partition(":")
        return actor if prefix == "actor" else None

    @property
    def on_actor(self) -> bool:
        """Whether the target is an actor, by id or as `self`."""
        return self.target == "self" or self.target.startswith(ACTOR_PREFIX)

    @property
    def segments(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(self.path.split(".")) if self.path else ()

    def _check_root(self, roots: tuple[str, ...]) -> tuple[str, ...]:
        """Return the parts of the path if the target is an actor, nothing otherwise."""
        if not self.path:
            raise ValueError("path must not be empty")
        segments = self.segments if self.on_actor else ()
        if segments and segments[0] not in roots:
            raise ValueError(f"path {self.path!r} of an actor must begin with {', '.join(roots)}")
        return segments


class Operation(Targeted):
    """One declared change.

    `set` puts a value, `add` a number to a number, `append` a value to a list, `remove` takes a
    key away (or, with a value, that value out of a list), `move` gives an actor a new location.
    """

    op: Literal["set", "add", "append", "remove", "move"]
    target: Target
    value: Any = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.op == "move":
            self._check_move()
        else:
            segments = self._check_root(WRITABLE_ROOTS)
            if self.op == "add" and not is_number(self.value):
                raise ValueError(f"add needs a finite number as value, not {self.value!r:.60}")
            if segments:
                self._check_actor_part(*segments)
        return self

    def _check_move(self) -> None:
        if not self.on_actor:
            raise ValueError(f"move needs an actor as target, not {self.target}")
        if self.path not in {"", "location"}:
            raise ValueError("move takes no path; the value is the whole new location")
        if not isinstance(self.value, dict):
            raise ValueError("move needs the new location, an object, as value")  # noqa: TRY004

    def _check_actor_part(self, root: str, *deeper: str) -> None:
        """Refuse what would give a part of an actor another type."""
        if root != "affiliations":
            if not deeper:
                raise ValueError(f"path must name a field under {root}, such as {root}.x")
        elif deeper or self.op not in {"append", "remove"} or not isinstance(self.value, str):
            raise ValueError("affiliations takes only append or remove of a name")


ConditionOp: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">=", "in", "contains", "exists"]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Targeted):
    """Something that must hold in the simulated state.

    Values compare as in the stores: a bool is not a number, 1 equals 1.0, and values of
    different types have no order. What is missing meets only `exists` with value false.
    """

    op: ConditionOp = "exists"
    value: Any = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_root(READABLE_ROOTS)
        if self.op == "in" and not _is_list(self.value):
            raise ValueError("in needs a list as value")
        if self.op == "exists" and not (self.value is None or isinstance(self.value, bool)):
            raise ValueError("exists needs true, false or nothing as value")
        if self.op in _ORDERS and type_rank(self.value) is None:
            raise ValueError(f"{self.op} needs a number, text or bool as value")
        return self

    def holds(self, found: Any, missing: bool = False) -> bool:
        """Say whether `found`, the value at the path, meets the condition."""
        if self.op == "exists":
            return missing is (self.value is False)
        if missing:
            return False
        if self.op in _ORDERS:
            rank = type_rank(found)
            return rank is not None and rank == type_rank(self.value) and self._ordered(found)
        return self._compared(found)

    def _ordered(self, found: Any) -> bool:
        return _ORDERS[self.op](found, self.value)

    def _compared(self, found: Any) -> bool:
        if self.op == "in":
            return any(same(found, item) for item in self.value)
        if self.op == "contains":
            return _contains(found, self.value)
        return same(found, self.value) is (self.op == "==")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def is_number(value: Any) -> bool:
    """Say whether a value is a finite number; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def type_rank(value: Any) -> int | None:
    """Return the class of values that `value` has an order with, None if it has none."""
    if isinstance(value, bool):
        return 1
    if isinstance(value, int | float):
        return 2
    return 3 if isinstance(value, str) else None


def same(one: Any, other: Any) -> bool:
    """Compare two JSON values, deeply, without taking True for 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if _is_list(one) and _is_list(other):
        return len(one) == len(other) and all(map(same, one, other))
    return type_rank(one) == type_rank(other) and bool(one == other)


def _contains(found: Any, value: Any) -> bool:
    if _is_list(found):
        return any(same(item, value) for item in found)
    if isinstance(found, str | dict) and isinstance(value, str):
        return value in found
    return False

"""Questions about entities: what the server can answer, and what Python has to look at.

A condition is a check of one entity, and beside it, where there is one, the question to the
server that the same entities answer. The check is what counts; the server saves reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from scrai.data._mapping import (
    ACTIONS,
    ACTORS,
    EVENTS,
    MODELS,
    SIMULATIONS,
    affiliation_term,
    location_term,
)
from scrai.data._predicate import MISSING, lookup, plain, same, storable
from scrai.errors import InvalidInputError
from scrai.models import Action, Actor, Event, SimulationState, format_time, parse_time
from scrai.store import Where

COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    ACTORS: {
        "active": "active",
        "id": "local_id",
        "name": "name",
        "simulation_id": "simulation_id",
        "type": "type",
    },
    EVENTS: {
        "created_at": "created_at",
        "id": "local_id",
        "scheduled_for": "scheduled_for",
        "simulation_id": "simulation_id",
        "status": "status",
        "type": "type",
    },
    ACTIONS: {
        "actor_id": "actor_id",
        "created_at": "created_at",
        "id": "local_id",
        "priority": "priority",
        "scheduled_for": "scheduled_for",
        "simulation_id": "simulation_id",
        "status": "status",
        "type": "type",
    },
    SIMULATIONS: {
        "created_at": "created_at",
        "name": "name",
        "parent.simulation_id": "parent",
        "scenario_module": "scenario",
        "status": "status",
    },
}
"""The fields that have a column of their own, by collection."""

BROAD: Final = frozenset({"active"})
"""Columns that do not narrow a search: half of all documents have each of their values."""

TIMES: Final = frozenset(
    {
        "completed_at",
        "created_at",
        "epoch",
        "last_snapshot_at",
        "resolved_at",
        "scheduled_for",
        "started_at",
        "updated_at",
    }
)

Stored: TypeAlias = Actor | Event | Action | SimulationState


def model_of(kind: str) -> type[Stored]:
    """Return the model whose entities a collection holds."""
    return SimulationState if kind == SIMULATIONS else MODELS[kind]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must hold of an entity.

    Attributes:
        check: looks at the entity.
        where: what the server can be asked, None if nothing.
        exact: the server's answer needs no second look.
        narrow: the server's answer is a small part of the collection.
        never: nothing stored can meet it.
        field: the field it is about, if it is about one.
    """

    check: Callable[[Any], bool]
    where: Where | None = None
    field: str = ""
    exact: bool = True
    narrow: bool = True
    never: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Conditions, divided between the server and Python.

    Attributes:
        where: the server's part.
        rest: what Python checks of each document that the server returns.
        all: every condition, for entities that did not come from the server.
        never: no need to ask.
    """

    where: tuple[Where, ...]
    rest: tuple[Condition, ...]
    all: tuple[Condition, ...]
    never: bool

    def holds(self, entity: Any) -> bool:
        """Say whether an entity meets every condition."""
        return all(condition.check(entity) for condition in self.all)

    @property
    def is_broad(self) -> bool:
        """Whether the server would return much that is not wanted, or the whole collection."""
        if self.never or any(each.narrow for each in self.all if each.where in self.where):
            return False
        return bool(self.rest) or not self.where


def divide(conditions: Iterable[Condition]) -> Question:
    """Divide conditions between the server and Python; a query takes one list filter only."""
    where: list[Where] = []
    rest: list[Condition] = []
    every = tuple(conditions)
    lists = 0
    for each in every:
        is_list = each.where is not None and each.where.op == "array-contains"
        served = each.where is not None and not (is_list and lists)
        lists += is_list
        if served and each.where is not None:
            where.append(each.where)
        if not served or not each.exact:
            rest.append(each)
    return Question(tuple(where), tuple(rest), every, any(each.never for each in every))


def conditions_of(kind: str, filters: Mapping[str, Any]) -> list[Condition]:
    """Return the conditions that a mapping of (dotted) fields to values means.

    Raises:
        InvalidInputError: a field that the model does not have; names near ones.
    """
    named = check_mapping(filters, "filters")
    return [field_equals(kind, name, value) for name, value in named.items()]


def check_mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else raise InvalidInputError."""
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"{what} are a {type(value).__name__}, not a mapping")
    return value


def field_equals(kind: str, name: str, value: Any) -> Condition:
    """Return the condition that a field, or what lies below it, equals a value.

    For a field that is a list of names, a text means that it is among them.
    """
    field, _, path = str(name).partition(".")
    check_fields(model_of(kind), [field])
    expected = plain(value, name)
    if field in TIMES and isinstance(expected, str):
        expected = _moment(expected)
    if not path and isinstance(expected, str) and field in _name_lists(kind):
        return _contains(kind, field, expected)

    def check(entity: Any) -> bool:
        return same(_at(entity, field, path), expected)

    column = COLUMNS[kind].get(name)
    if column is not None:
        if not storable(expected):
            return Condition(check, never=True, field=field)
        return Condition(check, Where(column, "==", expected), field, narrow=column not in BROAD)
    if kind == ACTORS and field == "location" and path:
        term = location_term(path, expected)
        return Condition(check, Where("terms", "array-contains", term), field, exact=False)
    return Condition(check, field=field)


def _contains(kind: str, field: str, name: str) -> Condition:
    def check(entity: Any) -> bool:
        return name in getattr(entity, field)

    if kind == ACTORS and field == "affiliations":
        term = affiliation_term(name)
        return Condition(check, Where("terms", "array-contains", term), exact=False)
    if kind == EVENTS and field == "affected_actors":
        if not storable(name):
            return Condition(check, never=True)
        return Condition(check, Where("actors", "array-contains", name))
    return Condition(check)


def _at(entity: Any, field: str, path: str) -> Any:
    value = getattr(entity, field)
    if not path:
        return plain(value)
    found = lookup(value if isinstance(value, dict) else plain(value), path)
    return found if found is MISSING else plain(found)


def _moment(text: str) -> str:
    """Return a time in its stored form, whatever form it was written in."""
    try:
        return format_time(parse_time(text))
    except ValueError:
        return text  # no time at all: equals none


@cache
def _name_lists(kind: str) -> frozenset[str]:
    fields = model_of(kind).model_fields.items()
    return frozenset(name for name, field in fields if field.annotation == list[str])


def check_fields(model: type[Any], names: Iterable[str]) -> None:
    """Refuse names that are no fields of a model; raises InvalidInputError with near ones."""
    known = model.model_fields
    unknown = [name for name in names if name not in known]
    if unknown:
        from difflib import get_close_matches

        near = {word for name in unknown for word in get_close_matches(name, known, 2)}
        raise InvalidInputError(
            f"{model.__name__} has no field {', '.join(map(repr, unknown))}",
            hint=f"did you mean {', '.join(sorted(near))}?"
            if near
            else f"it has {', '.join(known)}",
        )

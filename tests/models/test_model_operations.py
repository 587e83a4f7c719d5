"""Operations and conditions: what they accept, and when a condition holds."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from scrai.models import Condition, Operation

GOOD: list[dict[str, Any]] = [
    {"op": "set", "target": "world", "path": "town.mood", "value": 3},
    {"op": "set", "target": "environment", "path": "sky"},
    {"op": "set", "target": "self", "path": "attributes.mood", "value": None},
    {"op": "set", "target": "actor:doctor", "path": "relationships.actor-mayor", "value": {}},
    {"op": "set", "target": "actor:Łódź", "path": "location.place", "value": "x"},
    {"op": "add", "target": "world", "path": "x", "value": -0.5},
    {"op": "add", "target": "self", "path": "attributes.money", "value": 3},
    {"op": "append", "target": "world", "path": "news", "value": {"a": [1]}},
    {"op": "append", "target": "self", "path": "affiliations", "value": "guild"},
    {"op": "remove", "target": "self", "path": "affiliations", "value": "guild"},
    {"op": "remove", "target": "self", "path": "attributes.mood"},
    {"op": "move", "target": "self", "value": {"place": "x"}},
    {"op": "move", "target": "actor:doctor", "path": "", "value": {}},
    {"op": "move", "target": "actor:doctor", "path": "location", "value": {}},
]

BAD: list[tuple[dict[str, Any], str]] = [
    ({"op": "explode", "target": "world", "path": "x"}, "set.*add.*append.*remove.*move"),
    ({"op": "set", "path": "x"}, "target"),
    ({"op": "set", "target": "galaxy", "path": "x"}, "world, environment, self or actor"),
    ({"op": "set", "target": "actor:", "path": "attributes.x"}, "must not be empty"),
    ({"op": "set", "target": "actor:a/b", "path": "attributes.x"}, "must not contain"),
    ({"op": "set", "target": "actor:s~a", "path": "attributes.x"}, "must not contain"),
    ({"op": "set", "target": "world", "path": ""}, "path must not be empty"),
    ({"op": "set", "target": "world"}, "path must not be empty"),
    ({"op": "set", "target": "world", "path": "a..b"}, "empty segment"),
    ({"op": "set", "target": "world", "path": ".a"}, "empty segment"),
    ({"op": "set", "target": "world", "path": "a."}, "empty segment"),
    ({"op": "set", "target": "world", "path": "a.__b__"}, "__b__"),
    ({"op": "set", "target": "self", "path": "name", "value": "x"}, "must begin with attributes"),
    ({"op": "set", "target": "actor:a", "path": "status.x"}, "must begin with attributes"),
    ({"op": "set", "target": "self", "path": "attributes", "value": {}}, "name a field under"),
    ({"op": "remove", "target": "self", "path": "location"}, "name a field under location"),
    ({"op": "set", "target": "self", "path": "affiliations", "value": []}, "append or remove"),
    ({"op": "append", "target": "self", "path": "affiliations", "value": 3}, "append or remove"),
    ({"op": "remove", "target": "self", "path": "affiliations"}, "append or remove"),
    ({"op": "append", "target": "self", "path": "affiliations.x", "value": "y"}, "append or rem"),
    ({"op": "add", "target": "world", "path": "x"}, "finite number as value, not None"),
    ({"op": "add", "target": "world", "path": "x", "value": True}, "finite number"),
    ({"op": "add", "target": "world", "path": "x", "value": "1"}, "finite number"),
    ({"op": "add", "target": "world", "path": "x", "value": math.nan}, "finite number"),
    ({"op": "add", "target": "world", "path": "x", "value": math.inf}, "finite number"),
    ({"op": "move", "target": "world", "value": {}}, "move needs an actor"),
    ({"op": "move", "target": "self", "value": "market"}, "new location, an object"),
    ({"op": "move", "target": "self"}, "new location, an object"),
    ({"op": "move", "target": "self", "path": "location.place", "value": {}}, "takes no path"),
    ({"op": "set", "target": "world", "path": "x", "valeu": 1}, "valeu"),
]


@pytest.mark.parametrize("fields", GOOD)
def test_good_operations(fields: dict[str, Any]) -> None:
    operation = Operation(**fields)
    assert operation.model_dump(exclude_unset=True) == fields


@pytest.mark.parametrize(("fields", "problem"), BAD)
def test_bad_operations(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=f"(?s){problem}"):
        Operation(**fields)


def test_operations_do_not_change() -> None:
    operation = Operation(**GOOD[0])
    with pytest.raises(ValidationError, match="frozen"):
        operation.op = "add"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="finite number"):
        operation.model_copy(update={"op": "add", "value": "x"})


def test_where_an_operation_points() -> None:
    operation = Operation(op="set", target="actor:doctor", path="attributes.mood.now")
    assert operation.actor_id == "doctor"
    assert operation.on_actor
    assert operation.segments == ("attributes", "mood", "now")
    world = Operation(op="set", target="world", path="x")
    assert (world.actor_id, world.on_actor) == (None, False)
    own = Condition(path="active")
    assert (own.actor_id, own.on_actor, own.target) == (None, True, "self")


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "path must not be empty"),
        ({"path": "metadata.x"}, "must begin with"),
        ({"path": "attributes.x", "op": "~"}, "op"),
        ({"path": "attributes.x", "op": "in", "value": "abc"}, "needs a list"),
        ({"path": "attributes.x", "op": "exists", "value": 1}, "true, false or nothing"),
        ({"path": "attributes.x", "op": "<", "value": None}, "number, text or bool"),
        ({"path": "attributes.x", "op": ">=", "value": [1]}, "number, text or bool"),
        ({"path": "attributes.x", "target": "actor:"}, "must not be empty"),
    ],
)
def test_bad_conditions(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Condition(**fields)


# op, value, found, holds
CASES: list[tuple[str, Any, Any, bool]] = [
    ("==", 1, 1.0, True),
    ("==", 1.0, 1, True),
    ("==", 1, True, False),
    ("==", True, 1, False),
    ("==", False, 0, False),
    ("==", True, True, True),
    ("==", None, None, True),
    ("==", None, 0, False),
    ("==", "1", 1, False),
    ("==", [1, {"a": True}], [1.0, {"a": True}], True),
    ("==", [1, {"a": True}], [1, {"a": 1}], False),
    ("==", [1], [1, 2], False),
    ("==", {"a": 1}, {"a": 1, "b": 2}, False),
    ("==", {"a": 1}, {"b": 1}, False),
    ("==", 2**53, 2**53 + 1, False),
    ("==", 2.0**53, 2**53 + 1, False),
    ("!=", 1, 2, True),
    ("!=", 1, 1.0, False),
    ("!=", 1, True, True),
    ("!=", "bob", None, True),
    ("<", 2, 1.5, True),
    ("<", 2, 2, False),
    ("<", 2, "1", False),
    ("<", "b", "a", True),
    ("<", "b", 1, False),
    ("<", 2, True, False),
    ("<", True, False, True),
    ("<", 2, None, False),
    ("<", 2, [1], False),
    ("<=", 2, 2.0, True),
    ("<=", 2, 3, False),
    (">", 2, 3, True),
    (">", "Z", "a", True),
    (">", 2, 2, False),
    (">=", 2, 2, True),
    (">=", 2, 1, False),
    ("in", [1, "a", None], 1.0, True),
    ("in", [1, "a"], True, False),
    ("in", [1, None], None, True),
    ("in", [], 1, False),
    ("in", [[1]], [1], True),
    ("contains", 1, [2, 1.0], True),
    ("contains", 1, [True], False),
    ("contains", "oc", "doctor", True),
    ("contains", "", "doctor", True),
    ("contains", 1, "1", False),
    ("contains", "a", {"a": 1}, True),
    ("contains", 1, {"a": 1}, False),
    ("contains", 1, 1, False),
    ("contains", None, None, False),
    ("exists", None, 0, True),
    ("exists", True, None, True),
    ("exists", False, 1, False),
]


@pytest.mark.parametrize(("op", "value", "found", "holds"), CASES)
def test_holds(op: Any, value: Any, found: Any, holds: bool) -> None:
    assert Condition(path="attributes.x", op=op, value=value).holds(found, False) is holds


@pytest.mark.parametrize(("op", "value", "found", "holds"), CASES)
def test_what_is_missing_meets_only_exists_false(
    op: Any, value: Any, found: Any, holds: bool
) -> None:
    condition = Condition(path="attributes.x", op=op, value=value)
    assert condition.holds(None, True) is (op == "exists" and value is False)

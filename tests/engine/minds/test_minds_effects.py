from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from people import person, square
from pydantic import TypeAdapter, ValidationError

from scrai.engine import Applier
from scrai.engine.minds import operations_of, places_of
from scrai.engine.minds._replies import EffectReply

ONE = TypeAdapter(EffectReply)


def effect(op: str, target: str, path: str = "", value: Any = 1) -> EffectReply:
    return ONE.validate_python({"op": op, "target": target, "path": path, "value": value})


@pytest.mark.parametrize(
    ("op", "target", "path", "value"),
    [
        ("add", "world", "bread", -3),
        ("set", "world", "open", False),
        ("set", "environment", "weather", "sun"),
        ("add", "environment", "temperature", 0.5),
        ("add", "actor:ada", "attributes.coins", 2),
        ("add", "self", "attributes.bag.nuts", 1),
        ("set", "actor:ada", "relationships.ben", 7),
        ("move", "actor:ada", "", "mill"),
    ],
)
def test_what_exists_may_change(op: str, target: str, path: str, value: Any) -> None:
    context = square()
    found, problems = operations_of(context, [effect(op, target, path, value)], self_id="ada")
    assert not problems
    Applier(context).apply(found)


@pytest.mark.parametrize(
    ("op", "target", "path", "value", "why"),
    [
        ("add", "world", "gold", 1, "no such value"),
        ("set", "world", "bread", "much", "str in place of int"),
        ("set", "world", "bread", True, "bool in place of int"),
        ("set", "world", "open", 1, "int in place of bool"),
        ("add", "world", "bread", 0.5, "fraction"),
        ("add", "world", "open", 1, "only a number"),
        ("add", "environment", "weather", 1, "only a number"),
        ("set", "world", "places", "none", "no such value"),
        ("set", "world", "bread.of", 1, "no such value"),
        ("set", "world", "__class__", 1, "no such value"),
        ("set", "world", "", 1, "no such value"),
        ("set", "actor:ada", "attributes", "x", "no such value"),
        ("set", "actor:ada", "metadata.memory", "x", "no such value"),
        ("set", "actor:ada", "name", "Eve", "no such value"),
        ("add", "actor:eve", "attributes.coins", 1, "no such target"),
        ("add", "ada", "attributes.coins", 1, "no such target"),
        ("add", "self", "attributes.coins", 1, "no such target"),
        ("move", "actor:ada", "", "moon", "no place"),
        ("move", "actor:ada", "", 3, "no place"),
        ("move", "world", "", "mill", "only actors move"),
    ],
)
def test_what_cannot_be_meant_is_left_out(
    op: str, target: str, path: str, value: Any, why: str
) -> None:
    found, problems = operations_of(square(), [effect(op, target, path, value)])
    assert found == []
    assert len(problems) == 1
    assert why in problems[0]


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e7, 10**30, [1], {"a": 1}, None, "x" * 201])
def test_values_out_of_bounds_are_no_effects(value: Any) -> None:
    with pytest.raises(ValidationError):
        effect("set", "world", "bread", value)


texts = st.text(max_size=20)


@given(
    op=st.sampled_from(["add", "set", "move"]),
    target=st.sampled_from(["world", "environment", "self", "actor:ada", "actor:ben"]) | texts,
    path=st.sampled_from(["bread", "attributes.coins", "attributes.bag", "weather"]) | texts,
    value=st.integers(-100, 100) | st.floats(-100, 100) | st.booleans() | texts,
)
def test_whatever_is_let_through_can_be_applied_and_keeps_every_kind(
    op: str, target: str, path: str, value: Any
) -> None:
    context = square(person("ada"), person("ben", "mill"))
    before = _kinds(context)
    found, problems = operations_of(context, [effect(op, target, path, value)], self_id="ada")
    assert len(found) + len(problems) == 1
    Applier(context).apply(found, self_id="ada")
    assert _kinds(context) == before


def _kinds(context: Any) -> Any:
    def kind(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kind(each) for key, each in value.items()}
        return type(value)

    return [
        kind(context.state.world_state),
        kind(context.state.environment),
        *(kind(actor.attributes) for actor in context.actors),
        *(kind(actor.relationships) for actor in context.actors),
        *(kind(actor.location) for actor in context.actors),
    ]


def test_places_are_those_listed_and_those_where_people_are() -> None:
    assert places_of(square(person("ada", "attic"))) == ["attic", "mill", "square"]

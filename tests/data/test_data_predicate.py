"""The predicate against an oracle, and against the server's own comparison."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrai.data._conditions import divide, field_equals
from scrai.data._mapping import columns_of, location_term
from scrai.data._predicate import MISSING, lookup, plain, same, storable
from scrai.errors import InvalidInputError
from scrai.models import Actor, Event, EventType

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.0, -0.0, 1.0, 1.5, 2**53, 2.0**53, 2**53 + 1, -(2**63), 1e300])
    | st.sampled_from(["", "a", "1", "True", "None", "é", "a.b"])
)
keys = st.sampled_from(["a", "b", "a.b", "b.a", ""])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


def tagged(value: Any) -> Any:
    """The oracle: a value in which everything says its type, and numbers are exact ratios."""
    if isinstance(value, bool) or value is None:
        return ("const", str(value))
    if isinstance(value, int | float):
        return ("number", *value.as_integer_ratio())
    if isinstance(value, str):
        return ("text", value)
    if isinstance(value, list):
        return ("list", tuple(tagged(item) for item in value))
    return ("map", frozenset((key, tagged(item)) for key, item in value.items()))


@given(values, values)
@example(True, 1)
@example(1, 1.0)
@example(0.0, -0.0)
@example(None, False)
@example(2**53 + 1, 2.0**53)
@example([1], [True])
@example({"a": 1}, {"a": 1.0})
@example({"a": None}, {})
@example("1", 1)
def test_equality_is_that_of_the_oracle(one: Any, other: Any) -> None:
    assert same(one, other) is (tagged(one) == tagged(other))
    assert same(other, one) is same(one, other)
    assert same(one, json.loads(json.dumps(one)))


@given(values)
def test_a_copy_with_other_numbers_is_still_equal(value: Any) -> None:
    assert same(value, turned(value))


def turned(value: Any) -> Any:
    """Return the value with every small integer as a float, and the other way round."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [turned(item) for item in value]
    if isinstance(value, dict):
        return {key: turned(item) for key, item in value.items()}
    return value


@given(st.dictionaries(keys, values, max_size=3), st.lists(keys, min_size=1, max_size=3))
def test_paths_lead_where_the_oracle_says(value: dict[str, Any], parts: list[str]) -> None:
    path = ".".join(parts)
    assert lookup(value, path) is walked(value, path.split(".") if path else [])


def walked(value: Any, parts: list[str]) -> Any:
    """The oracle: at every map the whole rest is tried as a key before its first part."""
    if not parts:
        return value
    if not isinstance(value, dict):
        return MISSING
    rest = ".".join(parts)
    if rest in value:
        return value[rest]
    if len(parts) == 1 or parts[0] not in value or parts[1:] == [""]:
        return MISSING
    return walked(value[parts[0]], parts[1:])


@given(st.dictionaries(st.sampled_from("abc"), values, max_size=3), values)
def test_equal_locations_have_equal_terms(location: dict[str, Any], value: Any) -> None:
    """The term may find too much, never too little."""
    actor = Actor(id="x", name="x", location=location)
    terms = columns_of(actor)["terms"]
    assert isinstance(terms, tuple)
    for key, found in location.items():
        assert location_term(key, turned(found)) in terms
        condition = field_equals("actors", f"location.{key}", value)
        if same(found, value):
            assert location_term(key, value) in terms
        assert condition.check(actor) is same(found, value)


@given(st.text(min_size=300), st.text(max_size=3000))
def test_terms_fit_an_index(field: str, value: str) -> None:
    term = location_term(field, value)
    assert len(term.encode("utf-8", "surrogatepass")) <= 1000


class Colour(StrEnum):
    RED = "red"


def test_plain_values() -> None:
    event = Event(id="e", title="x", effects=[{"op": "set", "target": "world", "path": "a"}])  # type: ignore[list-item]
    assert plain(Colour.RED) == "red"
    assert type(plain(Colour.RED)) is str
    assert plain({"a": (1, [event.created_at])})["a"][1][0].endswith("Z")
    assert plain(event.effects)[0]["path"] == "a"
    for bad in ({1}, b"x", object(), {"a": [{1}]}):
        with pytest.raises(InvalidInputError, match="is no JSON value"):
            plain(bad)


@pytest.mark.parametrize(
    ("value", "can"),
    [
        (None, True),
        (True, True),
        (2**63 - 1, True),
        (2**63, False),
        (-(2**63), True),
        (float("inf"), False),
        (float("nan"), False),
        (1.5, True),
        ("x" * 1500, True),
        ("é" * 751, False),
        ("\ud800", False),
        ([], False),
        ({}, False),
    ],
)
def test_what_a_column_can_hold(value: Any, can: bool) -> None:
    assert storable(value) is can


@pytest.mark.parametrize(
    ("filters", "broad"),
    [
        ({}, True),
        ({"active": True}, False),
        ({"active": True, "metadata.x": 1}, True),
        ({"metadata.x": 1}, True),
        ({"name": "x", "metadata.x": 1}, False),
        ({"location.place": "x"}, False),
        ({"location": {}}, True),
        ({"affiliations": "x"}, False),
        ({"affiliations": ["x"]}, True),
        ({"id": "x"}, False),
    ],
)
def test_which_questions_would_read_everything(filters: dict[str, Any], broad: bool) -> None:
    conditions = [field_equals("actors", name, value) for name, value in filters.items()]
    assert divide(conditions).is_broad is broad


def test_one_list_filter_goes_to_the_server() -> None:
    filters = {"location.a": 1, "location.b": 2, "affiliations": "x", "type": EventType.SYSTEM}
    question = divide(field_equals("actors", name, value) for name, value in filters.items())
    assert [where.column for where in question.where] == ["terms", "type"]
    assert len(question.rest) == 3

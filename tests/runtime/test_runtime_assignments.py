"""`key=value` means what YAML 1.2 says, and nothing surprising."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai.errors import InvalidInputError
from scrai.runtime import assigned, parse_assignments, parse_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-7", -7),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("true", True),
        ("null", None),
        ("", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("08:30", "08:30"),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("007", "007"),
        (".nan", ".nan"),
        ("rainy day", "rainy day"),
        ('"3"', "3"),
        ("[a, 2, true]", ["a", 2, True]),
        ("{x: 1, y: [z]}", {"x": 1, "y": ["z"]}),
        ("nullable", "nullable"),
        ("3 pigs", "3 pigs"),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = parse_value(text, "here")
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "[1",
        "{a: ",
        "a: b: c",
        "{1: 2}",
        "[" * 5000,
        "!!python/object:os.system {}",
        "*a",
        "{a: 1, b: 2, a: 1}",
        "{a: !!set {x, y}}",
        "!!binary aGk=",
    ],
)
def test_bad_values_are_one_line(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_value(text, "here")
    assert re.match(r"here(, line 1, column \d+)?: ", caught.value.message)
    assert "\n" not in caught.value.message


def test_dots_lead_into_maps_and_lists() -> None:
    assert parse_assignments(["a.b=1", "a.c=x", "d=[]"]) == {"a": {"b": 1, "c": "x"}, "d": []}
    base = {"effects": [{"value": -30}], "kept": 1}
    assert assigned(base, ["effects.0.value=-10"]) == {"effects": [{"value": -10}], "kept": 1}
    assert base["effects"] == [{"value": -30}], "the original is left as it is"


@pytest.mark.parametrize(
    "text", ["a", "=3", "a.=3", ".a=3", "effects.1.x=3", "kept.x=1", "effects.x=1"]
)
def test_paths_that_lead_nowhere(text: str) -> None:
    with pytest.raises(InvalidInputError):
        assigned({"effects": [{"value": 1}], "kept": 1}, [text])


@given(st.text(max_size=40))
def test_any_text_is_a_value_or_a_clear_error(text: str) -> None:
    found = outcome(text)
    assert not isinstance(found, InvalidInputError) or re.match("here[:,] ", found.message)


def outcome(text: str) -> Any:
    """Return the value, or the one error that may be raised instead."""
    try:
        return parse_value(text, "here")
    except InvalidInputError as error:
        return error

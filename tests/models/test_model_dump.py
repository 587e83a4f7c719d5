"""The dump: fast, stable, and strict about what in-place edits can smuggle in."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, NamedTuple

import orjson
import pytest

from _model_samples import ACTION, ACTOR, MINIMAL, SAMPLES
from scrai.errors import ModelError
from scrai.models import Actor, Model, dump_bytes, load_bytes, to_stored


class Colour(StrEnum):
    RED = "red"


class Level(Enum):
    HIGH = 3


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Box:
    x: int


@pytest.mark.parametrize("cls", SAMPLES, ids=lambda cls: cls.__name__)
def test_the_dump_says_what_pydantic_would(cls: type[Model]) -> None:
    for model in (SAMPLES[cls], cls(**MINIMAL[cls])):
        assert to_stored(model) == model.model_dump(mode="json", exclude_defaults=True)
        assert orjson.loads(dump_bytes(model)) == to_stored(model)
        assert load_bytes(cls, dump_bytes(model)) == model
        assert list(to_stored(model)) == [n for n in cls.model_fields if n in to_stored(model)]


def test_assignment_does_not_change_the_order_of_fields() -> None:
    actor = ACTOR.model_copy(deep=True)
    actor.metadata = {}
    actor.name, actor.id = "A", "a"
    actor.metadata = {"note": "n"}
    assert list(to_stored(actor)) == list(to_stored(ACTOR))


@pytest.mark.parametrize(
    ("value", "path", "problem"),
    [
        ({1, 2}, "attributes.x", "a set is no JSON value"),
        (frozenset("a"), "attributes.x", "a frozenset is no"),
        (math.nan, "attributes.x", "nan is no JSON number"),
        ([1, {"y": -math.inf}], r"attributes\.x\[1\]\.y", "-inf is no JSON number"),
        ({"a": {1: "b"}}, r"attributes\.x\.a", "the key 1 is not text"),
        (b"x", "attributes.x", "a bytes is no"),
        (date(2000, 1, 1), "attributes.x", "a date is no"),
        (Decimal(1), "attributes.x", "a Decimal is no"),
        (Box(1), "attributes.x", "a Box is no"),
        (object(), "attributes.x", "a object is no"),
        ("\ud800", "attributes.x", "not valid Unicode"),
        ({"\ud800": 1}, "attributes.x", "not valid Unicode"),
        (2**64, "", "64-bit"),
    ],
)
@pytest.mark.parametrize("beside", [1, None], ids=["fast", "checked"])
def test_what_json_cannot_keep_is_refused_by_name(
    value: Any, path: str, problem: str, beside: Any
) -> None:
    actor = Actor(id="doctor", name="D", attributes={"a": beside})
    actor.attributes["x"] = value
    for dump in (dump_bytes, to_stored):
        with pytest.raises(ModelError, match=f"actor doctor.*{path}.*{problem}") as caught:
            dump(actor)
        assert "\n" not in str(caught.value)


def test_what_contains_itself_is_refused() -> None:
    actor = ACTOR.model_copy(deep=True)
    actor.attributes["x"] = actor.attributes
    with pytest.raises(ModelError, match=r"actor doctor: attributes\.x.*nested too deeply"):
        dump_bytes(actor)


def test_nan_in_a_nested_model_is_refused() -> None:
    action = ACTION.model_copy(deep=True)
    action.resource_costs["energy"] = math.nan
    with pytest.raises(ModelError, match=r"action visit: resource_costs\.energy: nan"):
        dump_bytes(action)


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ((1, (2,)), [1, [2]]),
        (Colour.RED, "red"),
        ({Colour.RED: Colour.RED}, {"red": "red"}),
        (Level.HIGH, 3),
        (Point(1, 2), [1, 2]),
        (datetime(2000, 1, 1), "2000-01-01T00:00:00.000000Z"),
        ([None, True, 0.1, 2**63 - 1], [None, True, 0.1, 2**63 - 1]),
        ({"": ""}, {"": ""}),
    ],
)
@pytest.mark.parametrize("beside", [1, None], ids=["fast", "checked"])
def test_what_has_a_plain_form_takes_it(value: Any, stored: Any, beside: Any) -> None:
    actor = Actor(id="a", name="A", attributes={"a": beside, "x": value})
    assert to_stored(actor)["attributes"] == {"a": beside, "x": stored}
    assert json.loads(dump_bytes(actor))["attributes"] == {"a": beside, "x": stored}


def test_every_in_place_change_shows() -> None:
    before = dump_bytes(ACTOR)
    for edit in (
        lambda a: a.attributes.update(energy=5.5),
        lambda a: a.attributes["tags"][2].update(deep=0.2),
        lambda a: a.affiliations.append("x"),
        lambda a: a.location.clear(),
        lambda a: a.attributes.update(energy=True),
    ):
        actor = ACTOR.model_copy(deep=True)
        assert dump_bytes(actor) == before
        edit(actor)
        assert dump_bytes(actor) != before


def test_an_in_place_edit_of_a_wrong_type_is_refused_on_loading() -> None:
    actor = Actor(id="a", name="A")
    actor.affiliations.append(3)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"actor a: affiliations\[0\]: .*valid string, not 3"):
        load_bytes(Actor, dump_bytes(actor))


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"3", b'{"id": "a"}', b"\xff", b'{"id":1}'])
def test_bytes_that_are_no_model(data: bytes) -> None:
    with pytest.raises(ModelError, match=r"^actor"):
        load_bytes(Actor, data)

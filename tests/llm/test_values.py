"""Requests, keys and outcomes as they are recorded, schemas as they are sent, and the import."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from _fakes import request
from scrai.errors import InvalidInputError
from scrai.llm import (
    CallKey,
    FailureKind,
    LLMAttempt,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMUsage,
    Structured,
)
from scrai.llm._schema import is_strict, wire_schema

FULL = LLMRequest(
    (LLMMessage("system", "s"), LLMMessage("user", "u\u20ac")),
    {"type": "object"}, "thing", "events", 9, 0.5, 0.9, 7, ("END",),
)  # fmt: skip


def test_a_request_survives_being_recorded() -> None:
    for asked in (FULL, request("x")):
        again = LLMRequest.from_json(json.loads(json.dumps(asked.to_json())))
        assert again == asked
        assert again.hash == asked.hash


def test_the_hash_covers_what_reaches_the_model_and_the_role() -> None:
    base = request("x")
    others = [
        request("y"), request("x", schema={}), request("x", role="events"),
        request("x", max_tokens=9), request("x", temperature=0), request("x", top_p=1),
        request("x", seed=0), request("x", stop=("a",)),
        LLMRequest((LLMMessage("system", "x"),)),
    ]  # fmt: skip
    assert len({base.hash, *(item.hash for item in others)}) == len(others) + 1
    assert request("x", temperature=0).hash == request("x", temperature=0.0).hash
    assert replace(base, seed=1).hash == request("x", seed=1).hash


def test_the_hash_and_the_id_of_a_call_stay_what_they_are() -> None:
    """Recordings of earlier versions are found by these."""
    assert FULL.hash == "ba2b43be992e64c60c097ea4b8eedc044d38f619a3f54453ff5b329876c97077"
    key = CallKey(1, "event_generation", 0, "events", 0, 0, FULL.hash)
    assert key.id == "7002ed7f2bc4a0416bd8f32a7b1647a1730a4107"
    assert CallKey.from_json(json.loads(json.dumps(key.to_json()))) == key


def test_an_outcome_survives_being_recorded() -> None:
    for outcome in (
        LLMOutcome("x", None, "p", "m", LLMUsage(1, 2, 1), "stop", (), 1.5),
        LLMOutcome(
            "half", LLMFailure(FailureKind.TRUNCATED, "cut"), "p", "m",
            LLMUsage(1, 2, estimated=True), "length",
            (LLMAttempt("p", "m", 500, "HTTP 500", 3.0), LLMAttempt("p", "m", 200, None, 1.0,
             LLMUsage(3, 4))),
        ),
    ):  # fmt: skip
        assert LLMOutcome.from_json(json.loads(json.dumps(outcome.to_json()))) == outcome
    with pytest.raises(InvalidInputError):
        LLMOutcome(None)


class Leaf(BaseModel):
    name: str
    kind: Literal["a"] = "a"


class Branch(BaseModel):
    """Described."""

    leaf: Leaf = Field(description="its leaf")
    again: Leaf | None = None
    notes: list[str] = []
    open: dict[str, int] = {}


class Knot(BaseModel):
    inner: Knot | None = None
    leaf: Leaf


def test_a_schema_is_written_out_closed_and_bounded() -> None:
    schema = Structured(Branch).schema
    text = json.dumps(schema)
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"default"' not in text
    leaf = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 1000},
            "kind": {"const": "a", "type": "string"},
        },
        "required": ["name", "kind"],
        "additionalProperties": False,
    }
    assert schema["properties"]["leaf"] == {**leaf, "description": "its leaf"}
    assert schema["properties"]["again"] == {"anyOf": [leaf, {"type": "null"}]}
    assert schema["properties"]["notes"]["maxItems"] == 64
    assert schema["properties"]["open"]["maxProperties"] == 64
    assert schema["required"] == ["leaf", "again", "notes", "open"]
    assert schema["description"] == "Described."
    assert not is_strict(schema), "an open map is beyond strict modes"
    assert is_strict(Structured(Leaf).schema)


def test_only_recursive_references_stay() -> None:
    schema = Structured(Knot).schema
    assert list(schema["$defs"]) == ["Knot"]
    assert "$ref" not in json.dumps(schema["$defs"]["Knot"]["properties"]["leaf"])


def test_a_property_may_be_called_like_a_keyword() -> None:
    class Odd(BaseModel):
        title: str
        default: int
        properties: list[int]

    schema = Structured(Odd).schema
    assert (
        set(schema["properties"]) == set(schema["required"]) == {"title", "default", "properties"}
    )


def test_a_schema_that_refers_to_nothing_or_explodes_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="gone"):
        wire_schema({"$ref": "#/$defs/gone"}, max_string=10)
    bomb = {
        "$defs": {f"D{n}": {"anyOf": [{"$ref": f"#/$defs/D{n + 1}"}] * 9} for n in range(9)}
        | {"D9": {"type": "null"}},
        "$ref": "#/$defs/D0",
    }
    with pytest.raises(InvalidInputError, match="too many"):
        wire_schema(bomb, max_string=10)


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, scrai.llm; "
        "print([n for n in ('httpx', 'tenacity', 'genai_prices', 'httpcore') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

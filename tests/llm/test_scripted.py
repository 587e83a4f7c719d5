"""The scripted provider: repeatable, true to any schema, and plainly no model."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, create_model

from _fakes import HELLO, request
from scrai.errors import ConfigurationError
from scrai.llm import (
    CallKey,
    FailureKind,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMService,
    LLMServiceConfig,
    ScriptedClient,
    Structured,
)
from scrai.llm._draws import Source
from scrai.llm._made_up import made_up


def scripted(client: ScriptedClient | None = None) -> LLMService:
    clients = {"scripted": client} if client else None
    return LLMService(LLMServiceConfig.from_spec("scripted", {}), env={}, clients=clients)


def key(slot: str = "act~a", turn: int = 0, cycle: int = 1) -> CallKey:
    return CallKey(cycle, "action_collection", 0, slot, 0, turn, "h")


class Color(Enum):
    RED = "red"
    BLUE = 3


class Tree(BaseModel):
    value: int = Field(ge=3, lt=9, multiple_of=2)
    left: Optional[Tree] = None  # noqa: UP045 - a forward reference
    kids: list[Tree] = Field(default=[], max_length=2)


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: Annotated[int, Field(gt=0, le=9)]


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(min_length=3, max_length=5)]


LEAVES = [
    int, float, bool, str, None, Color, Literal["a", "b"], Tree, Cat, Any,
    dt.datetime, dt.date, dt.time, uuid.UUID, Decimal,
    Annotated[Cat | Dog, Field(discriminator="kind")],
    Annotated[int, Field(gt=-5, le=-3)],
    Annotated[int, Field(ge=2**62)],
    Annotated[int, Field(multiple_of=7, ge=100, le=120)],
    Annotated[float, Field(gt=0, lt=0.001)],
    Annotated[float, Field(ge=1, le=1)],
    Annotated[float, Field(multiple_of=0.5)],
    Annotated[str, Field(min_length=80)],
    Annotated[str, Field(max_length=1)],
    Annotated[str, Field(pattern=r"^[a-z]{2,4}-\d{3}(x|y)?$")],
    Annotated[str, Field(pattern=r"^[^\s,]+ \w+\.$", max_length=20)],
    Annotated[list[int], Field(min_length=2, max_length=2)],
    Annotated[set[Color], Field(min_length=2)],
    Annotated[dict[str, int], Field(min_length=1, max_length=2)],
    tuple[int, str], dict[Literal["p", "q"], bool], frozenset[bool], list[Any], dict[str, Any],
]  # fmt: skip


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda t: list[t]),  # type: ignore[valid-type]
        inner.map(lambda t: dict[str, t]),  # type: ignore[valid-type]
        inner.map(lambda t: t | None if t is not None and t is not Any else t),
        st.lists(inner, min_size=1, max_size=4).map(
            lambda ts: create_model("M", **{f"f{i}": (t, ...) for i, t in enumerate(ts)})
        ),
    )


TYPES = st.recursive(st.sampled_from(LEAVES), containers, max_leaves=8)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TYPES, st.integers(0, 1000))
def test_a_reply_is_an_instance_of_whatever_type_is_asked(kind: Any, seed: int) -> None:
    structured: Structured[Any] = Structured(kind)
    value = made_up(structured.schema, Source(str(seed)))
    result = structured.judge(LLMOutcome(json.dumps(value)))
    assert not isinstance(result, LLMFailure), (result, value)
    assert made_up(structured.schema, Source(str(seed))) == value


@pytest.mark.parametrize("kind", LEAVES, ids=str)
def test_each_leaf_is_met(kind: Any) -> None:
    structured: Structured[Any] = Structured(kind)
    for seed in range(20):
        value = made_up(structured.schema, Source(str(seed)))
        result = structured.judge(LLMOutcome(json.dumps(value)))
        assert not isinstance(result, LLMFailure), (result, value)


def test_raw_schemas_with_references_and_alternatives() -> None:
    schema = {
        "$defs": {"N": {"allOf": [{"type": "integer", "minimum": 5}, {"maximum": 6}]}},
        "type": "object",
        "properties": {"n": {"$ref": "#/$defs/N"}, "c": {"const": [1]}, "t": {"type": ["null"]}},
        "required": ["n", "c", "t", "more"],
        "additionalProperties": {"enum": ["m"]},
    }
    value = made_up(schema, Source("1"))
    assert value["n"] in (5, 6)
    assert (value["c"], value["t"], value["more"]) == ([1], None, "m")


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "string", "minLength": 5, "maxLength": 4},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": "(?=a)b"},
        {"type": "string", "pattern": "("},
        {"$ref": "#/$defs/gone"},
        {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"},
        {"type": "array", "items": {"enum": [1]}, "uniqueItems": True, "minItems": 2},
    ],
)
def test_a_schema_that_nothing_meets_is_told(schema: Any) -> None:
    whole = {"type": "object", "properties": {"x": schema}, "required": ["x"]}
    if isinstance(schema, dict) and "$defs" in schema:
        whole["$defs"] = schema["$defs"]
    with pytest.raises(ConfigurationError, match="scripted"):
        made_up(whole, Source("1"))


def test_every_id_is_answered_once_where_items_carry_one() -> None:
    ids = ("a1", "a2", "a3", "a4")

    class Answer(BaseModel):
        action: Literal[ids]  # type: ignore[valid-type]
        outcome: str

    class Answers(BaseModel):
        answers: Annotated[list[Answer], Field(min_length=4, max_length=4)]

    structured = Structured(Answers)
    for seed in range(20):
        value = made_up(structured.schema, Source(str(seed)))
        assert sorted(item["action"] for item in value["answers"]) == list(ids)


async def test_the_same_call_gets_the_same_reply_and_another_another() -> None:
    structured = Structured(Dog)
    asked = structured.request([LLMMessage("user", "x")])
    llm = scripted()
    one = await llm.send(asked, key=key())
    assert (await scripted().send(asked, key=key())).content == one.content
    others = [
        await llm.send(asked),
        await llm.send(asked, key=key(cycle=2)),
        await llm.send(asked, key=key(slot="act~b")),
        await llm.send(structured.request([LLMMessage("user", "y")]), key=key()),
    ]
    assert one.content not in [item.content for item in others]


async def test_it_says_that_it_is_no_model() -> None:
    reply = await scripted().complete(HELLO)
    assert (reply.provider, reply.model) == ("scripted", "scripted (not a model)")
    assert "not a model" in reply.content
    assert await scripted().list_models() == ["scripted (not a model)"]
    assert await scripted().validate()
    with pytest.raises(ConfigurationError):
        await scripted().complete(HELLO, model="gpt-4o")


async def test_it_costs_nothing() -> None:
    llm = scripted()
    outcome = await llm.send(request())
    assert outcome.usage.output_tokens > 0
    assert llm.cost(outcome) == llm.worst_case(request()) == 0


async def test_it_streams_what_it_would_say() -> None:
    pieces = [piece async for piece in scripted().stream(HELLO)]
    assert len(pieces) > 2
    assert "".join(pieces) == (await scripted().complete(HELLO)).content


async def test_replies_are_laid_down_by_slot_and_turn() -> None:
    failure = LLMOutcome.failed(FailureKind.REFUSAL, "no")
    llm = scripted(
        ScriptedClient(
            {
                "text": "hello",
                "json": {"a": [1]},
                "turns": ["first", {"b": 2}],
                "fails": failure,
                "function": lambda asked, place: f"{asked.messages[0].content} {place.turn}",
                "*": "anything else",
            }
        )
    )
    said = {
        (slot, turn): (await llm.send(request("hi"), key=key(slot, turn))).content
        for slot in ("text", "json", "turns", "function", "other")
        for turn in (0, 1, 2)
    }
    assert said["text", 1] == "hello"
    assert said["json", 0] == '{"a":[1]}'
    assert [said["turns", turn] for turn in range(3)] == ["first", '{"b":2}', '{"b":2}']
    assert said["function", 2] == "hi 2"
    assert said["other", 0] == "anything else"
    assert (await llm.send(request(), key=key("fails"))).failure == failure.failure

"""Structured replies: judged strictly, repaired within bounds, never guessed at."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter

from _fakes import HELLO, Provider, request, said, service
from scrai.errors import InvalidInputError, LLMReplyError
from scrai.llm import (
    FailureKind,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    Structured,
    converse,
)


class Mood(StrEnum):
    GLAD = "glad"
    SAD = "sad"


class Effect(BaseModel):
    path: str
    amount: float = Field(ge=-10, le=10)


class Plan(BaseModel):
    id: Literal["a", "b"]
    status: Mood
    effects: list[Effect] = []


GOOD = {"id": "a", "status": "glad", "effects": [{"path": "x", "amount": 1}]}
PLAN = Structured(Plan)


def judged(content: Any) -> Any:
    text = content if isinstance(content, str) else json.dumps(content)
    return PLAN.judge(LLMOutcome(text))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD),
        f"  {json.dumps(GOOD)}\n",
        f"```json\n{json.dumps(GOOD)}\n```",
        f"Here you are:\n```\n{json.dumps(GOOD)}\n```\nDone.",
        f"<think>should I? {{}}</think>\n{json.dumps(GOOD)}",
    ],
)
def test_what_is_an_instance(text: str) -> None:
    plan = judged(text)
    assert isinstance(plan, Plan)
    assert plan.effects[0].amount == 1.0


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("", "empty"),
        ("<think>hm</think>", "empty"),
        ("yes", "malformed"),
        ("{", "malformed"),
        (f"Sure! {json.dumps(GOOD)}", "malformed"),
        (f"{json.dumps(GOOD)} {json.dumps(GOOD)}", "malformed"),
        (f"```\n{json.dumps(GOOD)}\n```\n```\n{json.dumps(GOOD)}\n```", "malformed"),
        (f"One:\n```\n{json.dumps(GOOD)}\n```\nor\n```\n{json.dumps(GOOD)}\n```", "malformed"),
        ('{"id": "a", "id": "b", "status": "glad"}', "malformed"),
        ('{"id": "a", "status": "glad", "effects": [{"path": "x", "amount": NaN}]}', "malformed"),
        ('{"id": "a", "status": "glad", "effects": [{"path": "x", "amount": 1e999}]}', "malformed"),
        ('{"a": -Infinity}', "malformed"),
        ('{"a": 99999999999999999999}', "malformed"),
        ('{"a": ' + "9" * 100_000 + "}", "malformed"),
        ('{"a": "\\ud800"}', "malformed"),
        ('{"\\udfff": 1}', "malformed"),
        ("[" * 30 + "]" * 30, "malformed"),
        ("[" * 100_000, "malformed"),
        ('{"a":' * 40_000, "malformed"),
        ({"a": "x" * 5000}, "too_large"),
        ({"a": "x" * 300_000}, "too_large"),
        ([1] * 20_000, "too_large"),
        ("x" * 10_000_000, "too_large"),
        ("hello", "malformed"),
        ('"a string"', "schema"),
        ("null", "schema"),
        ("[1, 2]", "schema"),
        (["a", "b"], "schema"),
        ({**GOOD, "id": "c"}, "schema"),
        ({**GOOD, "status": "partial"}, "schema"),
        ({**GOOD, "status": ["glad"]}, "schema"),
        ({**GOOD, "effects": "many"}, "schema"),
        ({**GOOD, "effects": [["path", "x"]]}, "schema"),
        ({**GOOD, "effects": [{"path": "x", "amount": "5"}]}, "schema"),
        ({**GOOD, "effects": [{"path": "x", "amount": 11}]}, "schema"),
        ({**GOOD, "effects": [{"path": "x", "amount": True}]}, "schema"),
        ({"status": "glad"}, "schema"),
    ],
)
def test_what_is_not(content: Any, kind: str) -> None:
    failure = judged(content)
    assert isinstance(failure, LLMFailure)
    assert failure.kind == kind
    assert len(failure.message) <= 500


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.text() | JSON.map(json.dumps) | st.builds(
    lambda noise: json.dumps({**GOOD, **noise}),
    st.fixed_dictionaries({}, optional={"id": JSON, "status": JSON, "effects": JSON}),
))  # fmt: skip
@example('{"id":"a","status":"glad","effects":[{"path":"\\u202e\\u0000","amount":0}]}')
def test_anything_at_all_is_an_instance_or_a_typed_failure(text: str) -> None:
    result = judged(text)
    if isinstance(result, Plan):
        again = Plan.model_validate_json(result.model_dump_json(), strict=True)
        assert again == result
    else:
        assert result.kind in FailureKind
        LLMOutcome(None, result).to_json()
        result.message.encode()


def test_other_types_than_models_are_wrapped_and_unwrapped() -> None:
    for kind, value in (
        (list[Mood], [Mood.GLAD]),
        (int, 3),
        (Literal["x", "y"], "x"),
        (TypeAdapter(int | None), None),
        (TypeAdapter(list[Effect]), [Effect(path="p", amount=1)]),
    ):
        wanted: Structured[Any] = Structured(kind)
        assert wanted.schema["type"] == "object"
        assert wanted.schema["required"] == ["value"]
        plain = TypeAdapter(Any).dump_python(value, mode="json")
        for content in ({"value": plain}, plain):
            assert wanted.judge(LLMOutcome(json.dumps(content))) == value


@pytest.mark.parametrize(
    "make",
    [
        lambda: Structured(Plan, -1),
        lambda: Structured(Plan, 99),
        lambda: Structured(Plan, max_string=0),
        lambda: Structured(object()),
        lambda: Structured(type(lambda: 0)),
    ],
)
def test_what_no_reply_can_be_is_refused(make: Any) -> None:
    with pytest.raises(InvalidInputError):
        make()


async def test_a_reply_is_repaired_with_what_was_wrong() -> None:
    fake = Provider(said("I think so"), said({**GOOD, "id": "zed"}), said(GOOD))
    reply = await service(fake).complete(HELLO, response_type=Plan)
    assert reply.parsed == Plan.model_validate(GOOD)
    assert (reply.usage.input_tokens, len(reply.attempts)) == (30, 3)
    first, second, third = (body["messages"] for body in fake.bodies)
    assert second[:-2] == third[:-2] == first
    assert [item["role"] for item in second[-2:]] == ["assistant", "user"]
    assert second[-2]["content"] == "I think so"
    assert "malformed" in second[-1]["content"]
    assert "id: Input should be 'a' or 'b'" in third[-1]["content"]


@pytest.mark.parametrize("repairs", [0, 1, 2])
async def test_repairs_are_bounded_and_the_last_failure_is_raised(repairs: int) -> None:
    fake = Provider(said("no"))
    with pytest.raises(LLMReplyError) as caught:
        await service(fake).complete(HELLO, response_type=Plan, max_repairs=repairs)
    assert caught.value.kind == "malformed"
    assert len(fake.requests) == repairs + 1


async def test_a_refusal_is_not_argued_with() -> None:
    fake = Provider(said(None, refusal="never"))
    with pytest.raises(LLMReplyError) as caught:
        await service(fake).complete(HELLO, response_type=Plan)
    assert caught.value.kind == "refusal"
    assert len(fake.requests) == 1


async def test_a_conversation_goes_through_the_callers_send() -> None:
    turns = []

    async def send(asked: LLMRequest, turn: int) -> LLMOutcome:
        turns.append((turn, asked.hash))
        return LLMOutcome("{}" if turn == 0 else json.dumps(GOOD))

    reply = await converse(PLAN, PLAN.request([LLMMessage("user", "x")]), send)
    assert reply.ok
    assert len(reply.outcomes) == 2
    assert [turn for turn, _ in turns] == [0, 1]
    assert turns[0][1] != turns[1][1]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=3000), st.text(max_size=3000), st.sampled_from(FailureKind))
def test_no_repair_is_longer_than_the_worst(said_: str, message: str, kind: FailureKind) -> None:
    first = request("base")
    repaired = PLAN.repair(first, LLMOutcome(said_), LLMFailure(kind, message))
    if repaired is not None:
        worst = PLAN.worst_repair(first)
        assert size(repaired) <= size(worst)
        assert len(repaired.messages) == len(worst.messages)


def size(asked: LLMRequest) -> int:
    return sum(len(message.content.encode()) for message in asked.messages)


class Weight(BaseModel):
    grams: bool | Annotated[int | float, Field(ge=0, le=5, allow_inf_nan=False)] | str


def test_a_complaint_is_the_same_in_every_process() -> None:
    """A replay asks the recorded complaint again; pydantic's own marks may hold addresses."""
    judged = Structured(Weight).judge(LLMOutcome('{"grams": 6.5e70}'))
    assert isinstance(judged, LLMFailure)
    assert "grams: Input should be less than or equal to 5" in judged.message
    assert "0x" not in judged.message
    assert "[" not in judged.message

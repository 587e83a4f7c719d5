"""The replay provider plays what was recorded, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from _fakes import HELLO, request
from scrai.errors import ConfigurationError, LLMUnrecordedError
from scrai.llm import CallKey, FailureKind, LLMOutcome, LLMService, LLMServiceConfig, LLMUsage

ASKED = request("who are you?")
KEY = CallKey(2, "action_collection", 0, "act~a", 1, 0, ASKED.hash)
SAID = LLMOutcome("an oak", None, "openai", "gpt-4o", LLMUsage(10, 3), "stop", (), 123.0)
NEVER = LLMOutcome.failed(FailureKind.REFUSAL, "no", provider="openai", model="gpt-4o")


def cassette(path: Path, *records: Any) -> LLMService:
    lines = [{"scrai_cassette": 1}]
    lines += [
        {"id": key.id, "key": key.to_json(), "request": ASKED.to_json(), "outcome": o.to_json()}
        for key, o in records
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", "utf-8")
    return playing(path)


def playing(path: Path) -> LLMService:
    return LLMService(LLMServiceConfig.from_spec(f"replay:{path}", {}), env={})


async def test_a_recorded_call_is_served_and_costs_nothing(tmp_path: Path) -> None:
    llm = cassette(tmp_path / "run.jsonl", (KEY, SAID), (replace(KEY, slot="act~b"), NEVER))
    outcome = await llm.send(ASKED, key=KEY)
    assert (outcome.content, outcome.usage, outcome.finish_reason) == (
        "an oak",
        SAID.usage,
        "stop",
    )
    assert (outcome.provider, outcome.model) == ("replay", "openai/gpt-4o")
    assert llm.cost(outcome) == llm.worst_case(ASKED) == 0
    assert (await llm.send(ASKED, key=replace(KEY, slot="act~b"))).failure == NEVER.failure
    assert await llm.list_models() == ["openai/gpt-4o"]
    assert await llm.validate()


async def test_an_earlier_try_stands_in_then_a_later_one(tmp_path: Path) -> None:
    later = replace(KEY, attempt=KEY.attempt + 4)
    other = replace(SAID, content="an elm")
    llm = cassette(tmp_path / "run.jsonl", (KEY, SAID), (later, other))
    said = {
        attempt: (await llm.send(ASKED, key=replace(KEY, attempt=attempt))).content
        for attempt in (0, KEY.attempt, KEY.attempt + 2, KEY.attempt + 9)
    }
    assert list(said.values()) == ["an oak", "an oak", "an oak", "an elm"]


async def test_an_outage_is_not_played_again(tmp_path: Path) -> None:
    out = LLMOutcome.failed(FailureKind.UNAVAILABLE, "nobody there")
    later = replace(KEY, attempt=KEY.attempt + 1)
    llm = cassette(tmp_path / "run.jsonl", (KEY, out), (later, SAID))
    assert (await llm.send(ASKED, key=KEY)).content == "an oak"
    alone = cassette(tmp_path / "out.jsonl", (KEY, out))
    failure = (await alone.send(ASKED, key=KEY)).failure
    assert failure is not None
    assert failure.kind is FailureKind.UNAVAILABLE


@pytest.mark.parametrize(
    "other",
    [{"cycle": 3}, {"phase": "x"}, {"passes": 1}, {"slot": "y"}, {"turn": 1},
     {"request_hash": "z"}],
)  # fmt: skip
async def test_another_place_is_not_served(tmp_path: Path, other: dict[str, Any]) -> None:
    llm = cassette(tmp_path / "run.jsonl", (KEY, SAID))
    outcome = await llm.send(ASKED, key=replace(KEY, **other))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.UNRECORDED
    assert "run.jsonl" in outcome.failure.message


async def test_without_a_key_the_request_decides(tmp_path: Path) -> None:
    llm = cassette(tmp_path / "run.jsonl", (KEY, SAID))
    messages = [{"role": "user", "content": "who are you?"}]
    assert (await llm.complete(messages)).content == "an oak"
    assert [piece async for piece in llm.stream(messages)] == ["an oak"]
    with pytest.raises(LLMUnrecordedError):
        await llm.complete(HELLO)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"key": {}}', '{"scrai_cassette": 2}', '{"key": {"cycle": 1}}', "null"]
)
async def test_a_file_that_is_no_recording_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=r"run\.jsonl"):
        await playing(path).send(ASKED)
    assert await playing(path).validate() is False


async def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        await playing(tmp_path / "gone.jsonl").send(ASKED)

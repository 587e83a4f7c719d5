"""The model of meaning that a package brings: no network, and it knows more than spelling."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import pytest

from scrai.engine.minds import Meaning, recall, remember
from scrai.engine.minds._memory import understand
from scrai.errors import ConfigurationError, LLMRejectedError
from scrai.llm import LLMService, LLMServiceConfig, nearness
from scrai.llm import _wordllama as wordllama
from scrai.models import Actor

HERE = find_spec("wordllama") is not None


@pytest.fixture(scope="module")
def llm() -> LLMService:
    if not HERE:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must test this, but wordllama is not installed", pytrace=False)
        pytest.skip("NOT TESTED: wordllama is not installed")
    return LLMService(LLMServiceConfig.from_spec("wordllama"), env={})


async def test_what_is_meant_alike_is_near(llm: LLMService) -> None:
    found = await llm.embed(
        ["thunder over the hill", "bakery goods cost more", "the price of bread", "bad weather"]
    )
    assert found.model == "wordllama/l2_supercat_256"
    assert {len(row) for row in found.rows} == {256}
    storm, bakery, bread, weather = found.rows
    assert nearness(bakery, bread) > max(nearness(bakery, storm), nearness(bakery, weather)) + 100
    assert nearness(storm, weather) > max(nearness(storm, bread), nearness(storm, bakery)) + 100


@pytest.mark.parametrize(
    ("asked", "by_words", "by_meaning"),
    [
        ("the price of bread", "the price of peace is patience", "bakery goods cost more now"),
        (
            "has the baker any bread left",
            "the left wheel of the cart broke",
            "loaves were sold out",
        ),
    ],
)
async def test_memories_are_found_by_meaning_where_words_mislead(
    llm: LLMService, asked: str, by_words: str, by_meaning: str
) -> None:
    lines = [by_words, by_meaning, "rain all day"]
    vectors = await llm.embed([*lines, asked])
    meanings = [Meaning(vectors.model, row) for row in vectors.rows]
    ada = Actor(id="ada", name="Ada")
    for line in lines:
        remember(ada, line, cycle=1)
    understand(ada, dict(zip(lines, meanings, strict=False)))
    assert recall(ada, asked, cycle=1, most=1)[0].text == by_words
    assert recall(ada, asked, cycle=1, most=1, meaning=meanings[-1])[0].text == by_meaning


async def test_any_text_has_a_vector_and_always_the_same(llm: LLMService) -> None:
    texts = ["", "\n", "🌧", "x" * 600, "the mill"]
    found = await llm.embed(texts)
    assert all(any(row) for row in found.rows)
    alone = [(await llm.embed([text])).rows[0] for text in texts]
    assert all(nearness(*pair) > 995 for pair in zip(alone, found.rows, strict=True))


async def test_it_does_not_talk(llm: LLMService) -> None:
    with pytest.raises(LLMRejectedError, match="does not talk"):
        await llm.complete([{"role": "user", "content": "hello"}])
    with pytest.raises(LLMRejectedError, match="does not talk"):
        _ = [piece async for piece in llm.stream([{"role": "user", "content": "hello"}])]
    assert await llm.list_models() == ["l2_supercat_256"]


def test_there_is_one_model_only() -> None:
    if HERE:
        with pytest.raises(ConfigurationError, match="wordllama has no model 'large'"):
            LLMService(LLMServiceConfig.from_spec("wordllama/large"), env={})


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordllama, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="wordllama is not installed") as caught:
        LLMService(LLMServiceConfig.from_spec("wordllama"), env={})
    assert "--extra embeddings" in (caught.value.hint or "")


async def test_a_version_without_its_model_is_a_refusal(
    llm: LLMService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Any) -> Any:
        raise FileNotFoundError("no weights")

    monkeypatch.setattr(wordllama.WordLlamaClient, "_model", gone)
    with pytest.raises(LLMRejectedError, match="does not bring its model"):
        await llm.embed(["a"])

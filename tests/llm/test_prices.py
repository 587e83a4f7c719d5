"""What calls cost: whole nano-USD, never too little, never 0 for what is not known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _fakes import Provider, provider, request, said, service
from scrai.errors import ConfigurationError
from scrai.llm import (
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMUsage,
    PriceBook,
    ProviderConfig,
    worst_usage,
)

PRICES = {"openai-compatible/m": {"input": 0.15, "output": "0.6", "cached": 0.075}}


@pytest.mark.parametrize(
    ("provider_", "model", "url", "wanted"),
    [
        ("openai", "gpt-4o-mini", None, 195_000),
        ("openrouter", "openai/gpt-4o-mini", None, 195_000),
        ("openai", "no-such-model-at-all", None, None),
        ("openai", "text-embedding-3-small", None, None),  # no price of output is listed
        ("openai", "", None, None),
        ("unheard-of", "gpt-4o-mini", None, None),
        ("openai-compatible", "gpt-4o-mini", "http://localhost:1/v1", None),
        ("lm_proxy", "gpt-4o-mini", None, None),
        ("ollama", "smol", None, 0),
        ("ollama", "smol", "http://127.0.0.1:9/v1", 0),
        ("ollama", "smol", "http://box:11434/v1", None),
        ("lmstudio", "x", None, 0),
        ("scripted", "x", None, 0),
        ("replay", "x", None, 0),
    ],
)
def test_prices_by_provider(
    provider_: str, model: str, url: str | None, wanted: int | None
) -> None:
    cost = PriceBook().cost(provider_, model, LLMUsage(1000, 100, 200), base_url=url)
    assert cost == wanted


def test_a_price_with_tiers_goes_by_the_size_of_the_input() -> None:
    book = PriceBook()
    small = book.cost("openrouter", "google/gemini-2.5-pro", LLMUsage(100_000, 0)) or 0
    large = book.cost("openrouter", "google/gemini-2.5-pro", LLMUsage(300_000, 0)) or 0
    assert large > 3 * small > 0


def test_overrides_go_first_and_round_up() -> None:
    book = PriceBook(PRICES | {"openai/gpt-4o-mini": {"input": 1, "output": 1}})
    assert book.cost("openai-compatible", "m", LLMUsage(1000, 100, 200)) == 195_000
    assert book.cost("openai-compatible", "m", LLMUsage(1)) == 150
    assert book.cost("openai-compatible", "m", LLMUsage(1, cached_tokens=1)) == 75
    assert book.cost("openai", "gpt-4o-mini", LLMUsage(1)) == 1000
    tiny = PriceBook({"a/b": {"input": 0.0001, "output": 0}})
    assert tiny.cost("a", "b", LLMUsage(1)) == 1
    star = PriceBook({"box/*": {"input": 0, "output": 0}})
    assert star.cost("openai-compatible", "any", LLMUsage(5, 5), label="box") == 0


@pytest.mark.parametrize(
    "prices",
    [
        {"m": {"input": 1, "output": 1}},
        {"a/b": {"input": 1}},
        {"a/b": 3},
        {"a/b": {"input": -1, "output": 1}},
        {"a/b": {"input": "x", "output": 1}},
        {"a/b": {"input": True, "output": 1}},
        {"a/b": {"input": float("nan"), "output": 1}},
        {"a/b": {"input": 1, "output": 1, "otput": 1}},
    ],
)
def test_a_price_that_cannot_be_meant_is_refused(prices: Any) -> None:
    with pytest.raises(ConfigurationError, match="price of"):
        PriceBook(prices)


@settings(max_examples=150, deadline=None)
@given(
    texts=st.lists(st.text(max_size=200), min_size=1, max_size=5),
    max_tokens=st.integers(1, 5000),
    share=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    model=st.sampled_from(["gpt-4o-mini", "m"]),
)
def test_no_honest_usage_costs_more_than_the_worst_case(
    texts: list[str], max_tokens: int, share: tuple[float, float, float], model: str
) -> None:
    name = "openai" if model == "gpt-4o-mini" else "openai-compatible"
    llm = service(Provider(500), provider(name, model=model), prices=PRICES)
    asked = LLMRequest(tuple(LLMMessage("user", t) for t in texts), max_tokens=max_tokens)
    worst = worst_usage(asked)
    used = LLMUsage(
        int(worst.input_tokens * share[0]),
        int(max_tokens * share[1]),
        int(worst.input_tokens * share[0] * share[2]),
    )
    cost = llm.cost(LLMOutcome("x", provider=name, model=model, usage=used))
    bound = llm.worst_case(asked)
    assert cost is not None
    assert bound is not None
    assert cost <= bound
    assert worst.input_tokens >= sum(len(text.encode()) for text in texts)


def test_the_worst_case_of_a_chain_is_its_dearest_and_unknown_if_one_is() -> None:
    cheap = provider()
    dear = ProviderConfig("openai", "gpt-4o", api_key="k")
    alone = service(Provider(500), cheap, prices=PRICES).worst_case(request())
    both = service(Provider(500), cheap, dear, prices=PRICES).worst_case(request())
    assert alone is not None
    assert both is not None
    assert both > alone
    unknown = service(Provider(500), dear, provider(model="x"), prices=PRICES)
    assert unknown.worst_case(request()) is None
    assert unknown.worst_case(request(), "openai") is not None


async def test_an_outcome_is_priced_by_who_answered() -> None:
    fake = Provider(said("hi", usage=(1000, 100)))
    llm = service(fake, provider(provider_label="box"), prices=PRICES)
    outcome = await llm.send(request())
    assert llm.cost(outcome) == 1000 * 150 + 100 * 600
    failed = await service(Provider(404), prices=PRICES).send(request())
    assert llm.cost(failed) == 0

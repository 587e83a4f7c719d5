"""Configurations from the environment, a settings file, and short texts."""

from __future__ import annotations

from typing import Any

import pytest

from _fakes import HELLO, Provider, said, service
from scrai.errors import ConfigurationError, LLMRejectedError
from scrai.llm import LLMService, LLMServiceConfig, ProviderConfig


def chain(config: LLMServiceConfig) -> list[tuple[str, str | None, str | None, str | None]]:
    return [(c.name, c.model, c.base_url, c.api_key) for c in config.providers]


def test_one_provider_by_all_of_our_variables() -> None:
    config = LLMServiceConfig.from_env(
        {
            "SCRAI_LLM_PROVIDER": "openrouter",
            "SCRAI_LLM_MODEL": "vendor/x",
            "SCRAI_LLM_BASE_URL": "http://here/v1/",
            "SCRAI_LLM_API_KEY": "k",
            "SCRAI_LLM_API_KEY_HEADER": "X-Key",
            "SCRAI_LLM_TIMEOUT": "12.5",
            "SCRAI_LLM_MAX_RETRIES": "7",
            "SCRAI_LLM_EXTRA_HEADERS": '{"A": "b"}',
            "SCRAI_LLM_PROVIDER_LABEL": "mine",
            "SCRAI_LLM_CONCURRENCY": "4",
            "SCRAI_LLM_REQUESTS_PER_MINUTE": "60",
            "SCRAI_LLM_TOKENS_PER_MINUTE": "9000",
            "SCRAI_LLM_MAX_REPLY_BYTES": "4096",
            "SCRAI_LLM_DEADLINE": "99",
            "SCRAI_LLM_FALLBACKS": "ollama/smol, scripted",
            "SCRAI_LLM_ROLES": '{"events": "scripted"}',
            "SCRAI_LLM_PRICES": '{"mine/*": {"input": 1, "output": 2}}',
        }
    )
    assert config.primary == ProviderConfig(
        "openrouter", "vendor/x", "http://here/v1", "k", "X-Key", 12.5, 7, {"A": "b"}, "mine",
        4, 60, 9000, 4096,
    )  # fmt: skip
    assert [item.name for item in config.fallbacks] == ["ollama", "scripted"]
    assert (config.deadline, config.roles) == (99.0, {"events": "scripted"})
    assert LLMService(config, env={}).prices.cost("mine", "x", _million()) == 1_000_000_000


def _million() -> Any:
    from scrai.llm import LLMUsage

    return LLMUsage(1_000_000, 0)


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        ({}, [("openrouter", "openai/gpt-4o-mini", "https://openrouter.ai/api/v1", None)]),
        (
            {"OPENROUTER_API_KEY": "k", "OPENROUTER_MODEL": "v/m"},
            [("openrouter", "v/m", "https://openrouter.ai/api/v1", "k")],
        ),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://o/v1", "OPENAI_MODEL": "z"},
            [("openai", "z", "http://o/v1", "k")],
        ),
        (
            {"LM_STUDIO_BASE_URL": "http://s:1/v1", "LM_PROXY_MODEL": "p", "OLLAMA_MODEL": "q"},
            [
                ("lmstudio", None, "http://s:1/v1", None),
                ("lm_proxy", "p", "http://localhost:4000/v1", None),
                ("ollama", "q", "http://localhost:11434/v1", None),
            ],
        ),
        (
            {"OLLAMA_BASE_URL": "http://box:11434/v1", "SCRAI_LLM_PROVIDER": "ollama/smol"},
            [("ollama", "smol", "http://box:11434/v1", None)],
        ),
        (
            {"SCRAI_LLM_BASE_URL": "http://x/v1", "SCRAI_LLM_MODEL": "m", "OPENAI_API_KEY": "k"},
            [("openai-compatible", "m", "http://x/v1", None)],
        ),
        (
            {"SCRAI_LLM_PROVIDER": "lm-studio", "OPENAI_API_KEY": "k"},
            [("lmstudio", None, "http://localhost:1234/v1", None)],
        ),
        ({"OPENAI_API_KEY": "  "}, None),
    ],
)
def test_the_chain_that_an_environment_sets_up(env: dict[str, str], wanted: Any) -> None:
    found = chain(LLMServiceConfig.from_env(env))
    assert found == (wanted or chain(LLMServiceConfig.from_env({})))


def test_the_environment_goes_before_a_settings_file() -> None:
    table = {"provider": "ollama", "model": "a", "timeout": 5, "fallbacks": ["scripted"],
             "roles": {"events": "scripted"}, "prices": {}}  # fmt: skip
    config = LLMServiceConfig.from_env({"SCRAI_LLM_MODEL": "b"}, table)
    assert (config.primary.name, config.primary.model, config.primary.timeout) == ("ollama", "b", 5)
    assert [item.name for item in config.fallbacks] == ["scripted"]


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"SCRAI_LLM_PROVIDER": "olama"}, "SCRAI_LLM_PROVIDER.*olama"),
        ({"SCRAI_LLM_FALLBACKS": "scripted,opnai"}, "SCRAI_LLM_FALLBACKS.*opnai"),
        ({"SCRAI_LLM_MODELL": "x"}, "SCRAI_LLM_MODELL is no setting"),
        ({"SCRAI_LLM_TIMEOUT": "soon"}, "SCRAI_LLM_TIMEOUT must be a number"),
        ({"SCRAI_LLM_MAX_RETRIES": "1.5"}, "SCRAI_LLM_MAX_RETRIES must be a whole"),
        ({"SCRAI_LLM_EXTRA_HEADERS": "A: b"}, "SCRAI_LLM_EXTRA_HEADERS must be a JSON object"),
        ({"SCRAI_LLM_ROLES": "[]"}, "SCRAI_LLM_ROLES must be a JSON object"),
        ({"SCRAI_LLM_API_KEY": "k"}, "SCRAI_LLM_API_KEY is set, but not whose"),
        ({"SCRAI_LLM_BASE_URL": "here"}, "http"),
    ],
)
def test_a_wrong_variable_is_named(env: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        LLMServiceConfig.from_env(env)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("scripted", [("scripted", "scripted (not a model)", None, None)]),
        ("ollama/smollm2:135m", [("ollama", "smollm2:135m", "http://localhost:11434/v1", None)]),
        (
            "openrouter/openai/gpt-4o",
            [("openrouter", "openai/gpt-4o", "https://openrouter.ai/api/v1", "key")],
        ),
        ("http://box:8080/v1#m/x", [("openai-compatible", "m/x", "http://box:8080/v1", None)]),
        ("http://box:8080/v1", [("openai-compatible", None, "http://box:8080/v1", None)]),
        ("replay:a,b.jsonl", [("replay", "a,b.jsonl", None, None)]),
        (
            "ollama/x, scripted",
            [
                ("ollama", "x", "http://localhost:11434/v1", None),
                ("scripted", "scripted (not a model)", None, None),
            ],
        ),
    ],
)
def test_what_a_short_text_means(spec: str, wanted: Any) -> None:
    assert chain(LLMServiceConfig.from_spec(spec, {"OPENROUTER_API_KEY": "key"})) == wanted


@pytest.mark.parametrize("spec", ["", "gpt-4o", "replay", "replay:", "scripted/x", "http://", "a,"])
def test_a_text_that_means_nothing_is_told(spec: str) -> None:
    with pytest.raises(ConfigurationError):
        LLMServiceConfig.from_spec(spec, {})


@pytest.mark.parametrize("name", ["openrouter", "openai"])
async def test_a_key_is_needed_except_on_this_machine(name: str) -> None:
    fake = Provider(said("hi"))
    with pytest.raises(LLMRejectedError, match=f"{name.upper()}_API_KEY is not set") as caught:
        await service(fake, ProviderConfig(name)).complete(HELLO)
    assert "scripted" in (caught.value.hint or "")
    assert not fake.requests
    for url in ("http://localhost:1/v1", "http://127.0.0.1:1/v1", "http://[::1]:1/v1"):
        assert (await service(fake, ProviderConfig(name, base_url=url)).complete(HELLO)).content
    local = ProviderConfig(name, base_url="http://localhost.evil.example/v1")
    with pytest.raises(LLMRejectedError):
        await service(fake, local).complete(HELLO)


def test_a_provider_without_an_address_says_so() -> None:
    with pytest.raises(ConfigurationError, match="no base URL"):
        LLMService(LLMServiceConfig(ProviderConfig("openai-compatible")), env={})


def test_by_default_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAI_LLM_PROVIDER", "scripted")
    assert LLMService().config.primary.name == "scripted"


def test_a_short_text_says_who_is_asked_and_the_settings_say_how() -> None:
    table = {"timeout": 9, "concurrency": 2, "requests_per_minute": 7, "model": "not this"}
    env = {"SCRAI_LLM_DEADLINE": "50", "SCRAI_LLM_TIMEOUT": "8", "SCRAI_LLM_PROVIDER": "openai"}
    config = LLMServiceConfig.from_spec("ollama/x,scripted", env, table)
    assert [(c.name, c.timeout, c.concurrency) for c in config.providers] == [
        ("ollama", 8.0, 2),
        ("scripted", 8.0, 2),
    ]
    assert (config.primary.model, config.deadline) == ("x", 50.0)
    assert config.primary.requests_per_minute == 7

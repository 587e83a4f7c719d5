"""A chain that nobody could answer is refused before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrai.errors import ConfigurationError, InvalidInputError
from scrai.llm import LLMServiceConfig, check_ready

KEY = {"OPENROUTER_API_KEY": "sk-x"}


@pytest.mark.parametrize(
    ("spec", "env"),
    [
        ("scripted", {}),
        ("ollama/llama", {}),
        ("openrouter/a/b", KEY),
        ("openrouter/a/b,scripted", {}),
        ("openai/x", {"OPENAI_BASE_URL": "http://127.0.0.1:8000/v1"}),
        ("http://models.example/v1#m", {}),
    ],
)
def test_somebody_can_answer(spec: str, env: dict[str, str]) -> None:
    check_ready(LLMServiceConfig.from_spec(spec, env))


@pytest.mark.parametrize("spec", ["openrouter/a/b", "openai/x,openrouter/a/b"])
def test_nobody_has_a_key(spec: str) -> None:
    with pytest.raises(ConfigurationError, match="_API_KEY is not set"):
        check_ready(LLMServiceConfig.from_spec(spec, {}))


def test_a_recording_must_be_there(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    with pytest.raises(InvalidInputError, match=r"no recording .*calls\.jsonl"):
        check_ready(LLMServiceConfig.from_spec(f"replay:{file}", {}))
    file.touch()
    check_ready(LLMServiceConfig.from_spec(f"replay:{file}", {}))

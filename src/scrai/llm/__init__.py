"""Talking to language models: providers, structured replies, prices, records of what was said."""

from __future__ import annotations

from scrai.llm._types import (
    CallKey,
    FailureKind,
    LLMAttempt,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMResponse,
    LLMUsage,
    canonical,
)

__all__ = [
    "CallKey",
    "FailureKind",
    "LLMAttempt",
    "LLMFailure",
    "LLMMessage",
    "LLMOutcome",
    "LLMRequest",
    "LLMResponse",
    "LLMUsage",
    "canonical",
]

"""Talking to language models: providers, structured replies, prices, records of what was said."""

from __future__ import annotations

from scrai.llm._budget import Budget, nano, usd
from scrai.llm._calls import Calls
from scrai.llm._recovery import Recovered, recover
from scrai.llm._sites import Ask, CallSite, Settlement
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
    "Ask",
    "Budget",
    "CallKey",
    "CallSite",
    "Calls",
    "FailureKind",
    "LLMAttempt",
    "LLMFailure",
    "LLMMessage",
    "LLMOutcome",
    "LLMRequest",
    "LLMResponse",
    "LLMUsage",
    "Recovered",
    "Settlement",
    "canonical",
    "nano",
    "recover",
    "usd",
]

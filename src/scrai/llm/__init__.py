"""Talking to language models: providers, structured replies, prices, records of what was said."""

from __future__ import annotations

from scrai.llm._base import LLMClient
from scrai.llm._budget import Budget, nano, usd
from scrai.llm._calls import Calls
from scrai.llm._config import LLMServiceConfig, ProviderConfig
from scrai.llm._failures import error_of
from scrai.llm._prices import PriceBook, worst_usage
from scrai.llm._recovery import Recovered, recover
from scrai.llm._scripted import ScriptedClient
from scrai.llm._secret import Secret
from scrai.llm._service import LLMService
from scrai.llm._sites import Ask, CallSite, Settlement
from scrai.llm._structured import Reply, Structured, converse
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
    "LLMClient",
    "LLMFailure",
    "LLMMessage",
    "LLMOutcome",
    "LLMRequest",
    "LLMResponse",
    "LLMService",
    "LLMServiceConfig",
    "LLMUsage",
    "PriceBook",
    "ProviderConfig",
    "Recovered",
    "Reply",
    "ScriptedClient",
    "Secret",
    "Settlement",
    "Structured",
    "canonical",
    "converse",
    "error_of",
    "nano",
    "recover",
    "usd",
    "worst_usage",
]

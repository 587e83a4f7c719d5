"""Talking to language models: providers, structured replies, prices, records of what was said."""

from __future__ import annotations

from scrai.llm._base import LLMClient
from scrai.llm._budget import Budget, nano, usd
from scrai.llm._cache import ReplyCache, clear_cache
from scrai.llm._calls import Calls
from scrai.llm._cassette import ReplayClient, recorded_minds
from scrai.llm._clock import Clock
from scrai.llm._config import LLMServiceConfig
from scrai.llm._costs import CostReport, CostTotal, costs_of
from scrai.llm._deadline import Deadline
from scrai.llm._environment import SETTINGS
from scrai.llm._export import export_cassette
from scrai.llm._failures import error_of
from scrai.llm._openai import OpenAICompatibleClient
from scrai.llm._prices import PriceBook, worst_usage
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._ready import check_ready
from scrai.llm._recovery import Recovered, recover
from scrai.llm._replaying import ReplayedCalls
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
from scrai.llm._vectors import (
    EMBEDDINGS,
    MOST_TEXTS,
    Vectors,
    embedding_request,
    nearness,
    vector_of,
    vector_text,
)

__all__ = [
    "EMBEDDINGS",
    "MOST_TEXTS",
    "SETTINGS",
    "Ask",
    "Budget",
    "CallKey",
    "CallSite",
    "Calls",
    "Clock",
    "CostReport",
    "CostTotal",
    "Deadline",
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
    "OpenAICompatibleClient",
    "PriceBook",
    "ProviderConfig",
    "Recovered",
    "ReplayClient",
    "ReplayedCalls",
    "Reply",
    "ReplyCache",
    "ScriptedClient",
    "Secret",
    "Settlement",
    "Structured",
    "Vectors",
    "canonical",
    "check_ready",
    "clear_cache",
    "converse",
    "costs_of",
    "embedding_request",
    "error_of",
    "export_cassette",
    "nano",
    "nearness",
    "recorded_minds",
    "recover",
    "usd",
    "vector_of",
    "vector_text",
    "worst_usage",
]

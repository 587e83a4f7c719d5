"""Typed failures: which move on to the next provider, and which error each one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from scrai.errors import (
    BudgetError,
    LLMError,
    LLMRejectedError,
    LLMReplyError,
    LLMTimeoutError,
    LLMUnavailableError,
    LLMUnrecordedError,
)
from scrai.llm._types import FailureKind, LLMAttempt, LLMFailure, LLMOutcome

UNREACHED: Final = frozenset({FailureKind.UNAVAILABLE, FailureKind.TIMEOUT})
"""The provider did not do its work; its breaker counts these."""

_MOVING_ON: Final = UNREACHED | {FailureKind.REJECTED}

_ERRORS: Final[dict[FailureKind, type[LLMError]]] = {
    FailureKind.UNAVAILABLE: LLMUnavailableError,
    FailureKind.TIMEOUT: LLMTimeoutError,
    FailureKind.REJECTED: LLMRejectedError,
    FailureKind.UNRECORDED: LLMUnrecordedError,
    FailureKind.BUDGET: BudgetError,
    FailureKind.CANCELLED: LLMError,
}
_HINTS: Final = {
    LLMUnavailableError: "scrai doctor says which providers can be reached",
    LLMRejectedError: "SCRAI_LLM_PROVIDER=scripted runs without a model",
}


def moves_on(outcome: LLMOutcome) -> bool:
    """Say whether the next provider of a chain is to be asked."""
    return outcome.failure is not None and outcome.failure.kind in _MOVING_ON


def usable_text(outcome: LLMOutcome) -> bool:
    """Say whether free text can be used although it was cut off."""
    cut = outcome.failure is not None and outcome.failure.kind is FailureKind.TRUNCATED
    return bool(outcome.content) and (outcome.failure is None or cut)


def error_of(failure: LLMFailure, outcome: LLMOutcome | None = None) -> LLMError:
    """Return the error that a failure is raised as."""
    kind = _ERRORS.get(failure.kind, LLMReplyError)
    return kind(failure.message, kind=failure.kind.value, outcome=outcome, hint=_HINTS.get(kind))


def together(
    outcomes: Sequence[LLMOutcome], attempts: Sequence[LLMAttempt], latency_ms: float
) -> LLMOutcome:
    """Return the last outcome with every attempt; if all failed, it says so of each provider."""
    last = outcomes[-1]
    failure = last.failure
    if failure is not None and moves_on(last) and len(outcomes) > 1:
        each = "; ".join(o.failure.message for o in outcomes if o.failure is not None)
        failure = LLMFailure(failure.kind, each)
    return replace(last, failure=failure, attempts=tuple(attempts), latency_ms=round(latency_ms, 3))

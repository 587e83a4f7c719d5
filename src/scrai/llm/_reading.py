"""What a chat completion says. Nothing in it is trusted to be of the right type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from scrai.llm._attempt import AttemptError, of_status
from scrai.llm._http_types import Answer
from scrai.llm._prices import worst_usage
from scrai.llm._types import FailureKind, Json, LLMFailure, LLMRequest, LLMUsage

_MOST_TOKENS: Final = 1 << 31
_SUCCESS: Final = 200
_MULTIPLE: Final = 300
_BAD_GATEWAY: Final = 502
_STATUSES: Final = range(400, 600)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said, or why that cannot be used; and what was counted."""

    content: str | None
    failure: LLMFailure | None
    usage: LLMUsage
    finish_reason: str | None


def read_completion(answer: Answer, request: LLMRequest, now: datetime) -> Reading:
    """Return what a completion says.

    Raises:
        AttemptError: it is an error, or no completion at all.
    """
    value = read_json(answer, now)
    choices = value.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise AttemptError(
            FailureKind.UNAVAILABLE,
            "the answer is no chat completion",
            status=answer.status,
            retryable=True,
            lost=True,
        )
    content, finish = _text(message.get("content")), _word(choice.get("finish_reason"))
    counted = _usage(value.get("usage"))
    if finish == "error" and counted is None:
        error = _inner_error(choice.get("error"), answer, now)
        error.lost = True  # it broke off: the model had begun
        raise error
    usage = counted or _bounded_usage(request, content, finish)
    return Reading(content, _failure(message, content, finish, request), usage, finish)


def read_json(answer: Answer, now: datetime) -> Json:
    """Return the JSON object of a successful answer.

    Raises:
        AttemptError: the answer is an error, also one that calls itself a success.
    """
    if not _SUCCESS <= answer.status < _MULTIPLE:
        raise of_status(answer.status, answer.headers, answer.body, now)
    value = _loaded(answer.body)
    if not isinstance(value, dict):
        raise AttemptError(
            FailureKind.UNAVAILABLE,
            "the answer is no JSON object",
            status=answer.status,
            retryable=True,
            lost=True,
        )
    if value.get("error") and not value.get("choices"):
        raise _inner_error(value["error"], answer, now)
    return value


def too_large(error: AttemptError) -> Reading:
    """Return the reading of a reply that was not read to its end; its attempt is lost."""
    return Reading(None, LLMFailure(FailureKind.TOO_LARGE, error.message), LLMUsage(), None)


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # More lenient: half a surrogate pair in the model's words does not make the rest unread.
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _inner_error(error: Any, answer: Answer, now: datetime) -> AttemptError:
    code = error.get("code") if isinstance(error, dict) else None
    known = isinstance(code, int) and not isinstance(code, bool) and code in _STATUSES
    body = orjson.dumps({"error": error}, default=str, option=orjson.OPT_NON_STR_KEYS)
    return of_status(int(code or 0) if known else _BAD_GATEWAY, answer.headers, body, now)


def _failure(
    message: Json, content: str | None, finish: str | None, request: LLMRequest
) -> LLMFailure | None:
    if refusal := _text(message.get("refusal")):
        return LLMFailure(FailureKind.REFUSAL, f"the model refuses: {refusal[:300]}")
    if finish == "content_filter":
        return LLMFailure(FailureKind.REFUSAL, "the provider's filter held the reply back")
    if content is None or not content.strip():
        return _nothing_said(finish)
    if not content.isascii() and _broken(content):
        return LLMFailure(FailureKind.MALFORMED, "the reply is not valid Unicode")
    return _broken_off(finish, request)


def _nothing_said(finish: str | None) -> LLMFailure:
    if finish == "length":
        return LLMFailure(FailureKind.TRUNCATED, "max_tokens were used up before the first word")
    return LLMFailure(FailureKind.EMPTY, "the reply is empty")


def _broken_off(finish: str | None, request: LLMRequest) -> LLMFailure | None:
    if finish == "length" and request.schema is not None:
        return LLMFailure(FailureKind.TRUNCATED, f"cut off at {request.max_tokens} tokens")
    if finish == "error":
        return LLMFailure(FailureKind.MALFORMED, "the provider broke the reply off")
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        parts = [part.get("text") for part in value if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return None


def _word(value: Any) -> str | None:
    return value[:40] if isinstance(value, str) and value.isprintable() else None


def _broken(content: str) -> bool:
    try:
        content.encode()
    except UnicodeEncodeError:
        return True
    return False


def _usage(value: Any) -> LLMUsage | None:
    """Return what was counted, None if it does not say so or says nonsense."""
    if not isinstance(value, dict):
        return None
    given, said = count(value.get("prompt_tokens")), count(value.get("completion_tokens"))
    if given is None or said is None or given + said == 0:
        return None
    details = value.get("prompt_tokens_details")
    cached = count(details.get("cached_tokens")) if isinstance(details, dict) else 0
    return LLMUsage(given, said, min(cached or 0, given))


def count(value: Any) -> int | None:
    """Return a number of tokens, None if it is none that can be meant."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return int(value) if whole and 0 <= value <= _MOST_TOKENS else None


def _bounded_usage(request: LLMRequest, content: str | None, finish: str | None) -> LLMUsage:
    said = len((content or "").encode("utf-8", "surrogatepass"))
    worst = worst_usage(request)
    # Who was cut off, or said nothing, may have thought as long as was allowed.
    output = request.max_tokens if finish == "length" or not said else said
    return LLMUsage(worst.input_tokens, min(request.max_tokens, output), 0, estimated=True)

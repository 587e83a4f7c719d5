"""What an answer of `/embeddings` says. Nothing in it is trusted to be of the right type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from scrai.llm._attempt import AttemptError
from scrai.llm._http_types import Answer
from scrai.llm._prices import worst_usage
from scrai.llm._reading import Reading, count, read_json
from scrai.llm._types import FailureKind, Json, LLMFailure, LLMRequest, LLMUsage
from scrai.llm._vectors import LONGEST_GIVEN, Vectors, packed

_MISSING = frozenset({404, 405, 501})
_NUMBERS = frozenset({int, float})


def embedding_body(request: LLMRequest, model: str) -> Json:
    """Return what is sent for a request."""
    texts = [message.content for message in request.messages]
    return {"model": model, "input": texts, "encoding_format": "float"}


def read_embeddings(answer: Answer, request: LLMRequest, model: str, now: datetime) -> Reading:
    """Return the vectors of an answer, made ready to be recorded.

    Raises:
        AttemptError: it is an error, or the server embeds nothing.
    """
    try:
        value = read_json(answer, now)
    except AttemptError as error:
        raise _missing(error) if error.status in _MISSING else error from None
    usage = _usage(value.get("usage"), request)
    try:
        rows = _rows(value.get("data"), len(request.messages))
    except ValueError as problem:
        failure = LLMFailure(FailureKind.MALFORMED, f"unusable embeddings: {problem}")
        return Reading(None, failure, usage, None)
    return Reading(Vectors(model, rows).to_text(), None, usage, None)


def _missing(error: AttemptError) -> AttemptError:
    text = f"it embeds no texts ({error.message})"
    return AttemptError(FailureKind.REJECTED, text, status=error.status)


def _rows(data: Any, wanted: int) -> tuple[bytes, ...]:
    if not isinstance(data, list) or len(data) != wanted:
        told = len(data) if isinstance(data, list) else "no"
        raise ValueError(f"{told} vectors for {wanted} texts")
    found: dict[int, Sequence[float]] = {}
    for position, item in enumerate(data):
        index = item.get("index", position) if isinstance(item, dict) else None
        if type(index) is not int or not 0 <= index < wanted or index in found:
            raise ValueError(f"vector {position} has no place of its own")
        found[index] = _numbers(item.get("embedding"))
    lengths = {len(row) for row in found.values()}
    if len(lengths) != 1:
        raise ValueError(f"vectors of {min(lengths)} and of {max(lengths)} numbers")
    return tuple(packed(found[index]) for index in range(wanted))


def _numbers(value: Any) -> list[float]:
    if not isinstance(value, list) or not 0 < len(value) <= LONGEST_GIVEN:
        raise ValueError(f"a vector is a list of 1 to {LONGEST_GIVEN} numbers")
    if not {*map(type, value)} <= _NUMBERS:
        raise ValueError("a vector holds what is no number")
    try:
        found = [float(number) for number in value]
    except OverflowError:
        found = [math.inf]
    if not all(map(math.isfinite, found)):
        raise ValueError("a vector holds a number that is not finite")
    if not any(found):
        raise ValueError("a vector holds zeros only")
    return found


def _usage(value: Any, request: LLMRequest) -> LLMUsage:
    given = count(value.get("prompt_tokens")) if isinstance(value, dict) else None
    if given is None:
        return LLMUsage(worst_usage(request).input_tokens, 0, 0, estimated=True)
    return LLMUsage(given, 0)

"""Server-sent events of a streamed chat completion."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import orjson

from scrai.llm._attempt import AttemptError, of_status
from scrai.llm._http_types import Answer
from scrai.llm._types import FailureKind, Json

_DONE: Final = b"[DONE]"
_BAD_GATEWAY: Final = 502


async def pieces(lines: AsyncIterator[bytes], head: Answer, now: datetime) -> AsyncIterator[str]:
    """Yield the pieces of text of a stream.

    Raises:
        AttemptError: the stream breaks off before its end, is no stream, or tells an error.
    """
    finished = False
    async for line in lines:
        data = _data(line)
        if data is None:
            continue
        if data == _DONE:
            return
        event = _event(data)
        if event.get("error"):
            body = orjson.dumps({"error": event["error"]})
            raise of_status(_BAD_GATEWAY, head.headers, body, now)
        text, ended = _piece(event)
        finished = finished or ended
        if text:
            yield text
    if not finished:
        raise AttemptError(
            FailureKind.UNAVAILABLE, "the stream broke off", status=head.status, retryable=True
        )


def _data(line: bytes) -> bytes | None:
    """Return what a data line carries; comments, names and blank lines carry nothing."""
    text = line.rstrip(b"\r")
    return text[5:].strip() if text.startswith(b"data:") else None


def _event(data: bytes) -> Json:
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise AttemptError(
            FailureKind.UNAVAILABLE, "the stream has an event that is no JSON", retryable=True
        )
    return value


def _piece(event: Json) -> tuple[str, bool]:
    choices = event.get("choices")
    choice: Any = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        return "", False
    delta = choice.get("delta")
    text = delta.get("content") if isinstance(delta, dict) else None
    return (text if isinstance(text, str) else ""), choice.get("finish_reason") is not None

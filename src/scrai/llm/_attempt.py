"""One attempt that failed, with what decides whether another may help."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import orjson

from scrai.llm._types import FailureKind

RETRYABLE: Final = frozenset({408, 409, 425, 429})
TOO_MANY: Final = 429
_REDIRECT: Final = 300
_CLIENT_ERROR: Final = 400
_SERVER_ERROR: Final = 500
_NOT_BEGUN: Final = frozenset({501, 503, 505, 529})
"""Errors of a server that say that it did not begin: not able to, or too busy."""
_LONGEST: Final = 86_400.0
_SHOWN: Final = 300


class AttemptError(Exception):
    """An attempt came to nothing.

    Attributes:
        kind: why.
        message: one line, without secrets.
        status: the HTTP status, None if no answer came.
        retryable: whether the same may succeed later.
        retry_after: seconds that the provider asks to wait, None if it does not say.
        lost: a model may have worked on it all the same, and what that costs is not known.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        lost: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retryable = retryable
        self.retry_after = retry_after
        self.lost = lost


def may_have_worked(status: int) -> bool:
    """Say whether a model may have worked, and be charged for, behind an answer of that status.

    A redirect and a refusal (any 4xx) come instead of the work. So do "not implemented",
    "unavailable" and "overloaded". Any other 5xx may come after it: a server broke when the model
    had spoken, or a gateway lost sight of somebody who works on.
    """
    return status < _REDIRECT or (status >= _SERVER_ERROR and status not in _NOT_BEGUN)


def of_status(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> AttemptError:
    """Return the error that an HTTP answer other than success is."""
    retryable = status in RETRYABLE or status >= _SERVER_ERROR
    kind = FailureKind.UNAVAILABLE if retryable else FailureKind.REJECTED
    if not retryable and status < _CLIENT_ERROR:
        text = f"HTTP {status}: answered with a redirect, which is not followed"
    else:
        said = told(body)
        text = f"HTTP {status}: {said}" if said else f"HTTP {status}"
    return AttemptError(
        kind,
        text,
        status=status,
        retryable=retryable,
        retry_after=retry_after(headers, now),
        lost=may_have_worked(status),
    )


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or as a date."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return min(milliseconds / 1000, _LONGEST)
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return min(seconds, _LONGEST)
    try:
        moment = parsedate_to_datetime(value or "")
        wait = (moment - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(0.0, wait), _LONGEST)


def told(body: bytes) -> str:
    """Return what an error's body says, in one line."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return one_line(body[: _SHOWN * 4].decode("utf-8", "replace"))
    found = value.get("error", value) if isinstance(value, dict) else value
    if isinstance(found, dict):
        found = found.get("message") or found.get("detail") or found.get("code") or found
    return one_line(found if isinstance(found, str) else orjson.dumps(found).decode())


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, cut to a readable length."""
    shown = "".join(c if c.isprintable() else " " for c in text[: _SHOWN * 4])
    return " ".join(shown.split())[:_SHOWN]


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None

"""A model's words to a JSON value: bounded, strict, and without guessing.

What comes back is untrusted. Duplicate keys, NaN and infinities, numbers beyond 64 bits, text
that is not Unicode, deep nesting and long strings are refused here, so that nobody behind meets
them.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final, NoReturn

from scrai.llm._types import FailureKind

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 16
MAX_STRING: Final = 1000
MAX_WIDTH: Final = 10_000
_MAX_INT: Final = 2**63
_MOST_DIGITS: Final = 40

_THOUGHTS: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE: Final = re.compile(r"\A```[A-Za-z]*\s*\n(.*)\n\s*```\Z", re.DOTALL)
_FENCED: Final = re.compile(r"```[A-Za-z]*\s*\n(.*?)\n\s*```", re.DOTALL)


class ParseError(Exception):
    """A reply is not the JSON that it should be: a kind of failure, and why in one line."""

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


def parse_reply(content: str, *, max_bytes: int = MAX_BYTES, max_string: int = MAX_STRING) -> Any:
    """Return the one JSON value of a reply.

    A value may stand in one code fence or after a reasoning model's thoughts, because models
    without a JSON mode put it there; anything else around it is refused, not guessed at.

    Raises:
        ParseError: empty, malformed or too_large.
    """
    if len(content) > max_bytes or len(content.encode("utf-8", "surrogatepass")) > max_bytes:
        raise ParseError(FailureKind.TOO_LARGE, f"the reply is over {max_bytes} bytes")
    text = _bare(content)
    if not text:
        raise ParseError(FailureKind.EMPTY, "the reply is empty")
    value = _load(text)
    _check(value, max_string)
    return value


def _bare(content: str) -> str:
    text = _THOUGHTS.sub("", content, count=1).strip().removeprefix("\ufeff")
    if text.startswith(("{", "[")):
        return text
    if whole := _FENCE.match(text):
        return whole[1].strip()
    fenced = _FENCED.findall(text)
    return fenced[0].strip() if len(fenced) == 1 else text


def _load(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except json.JSONDecodeError as error:
        raise ParseError(
            FailureKind.MALFORMED,
            f"not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}",
        ) from None
    except RecursionError:
        raise ParseError(FailureKind.MALFORMED, "nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        again = next(name for name in names if names.count(name) > 1)
        raise ParseError(FailureKind.MALFORMED, f"the key {again!r:.60} is there twice")
    return value


def _constant(name: str) -> NoReturn:
    raise ParseError(FailureKind.MALFORMED, f"{name} is no JSON number")


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ParseError(FailureKind.MALFORMED, f"the number {text:.40} is out of range")
    return value


def _int(text: str) -> int:
    # Checked before conversion: int() of many digits is slow, and refused by Python itself.
    if len(text) > _MOST_DIGITS or not -_MAX_INT <= (value := int(text)) < _MAX_INT:
        raise ParseError(FailureKind.MALFORMED, f"the number {text:.40} is beyond 64 bits")
    return value


def _check(root: Any, max_string: int) -> None:
    level = [root]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value, max_string)
            elif isinstance(value, dict):
                for key in value:
                    _check_text(key, max_string)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if not below:
            return
        if len(below) > MAX_WIDTH:
            raise ParseError(FailureKind.TOO_LARGE, f"over {MAX_WIDTH} values at one depth")
        level = below
    raise ParseError(FailureKind.MALFORMED, f"nested deeper than {MAX_DEPTH} levels")


def _check_text(text: str, max_string: int) -> None:
    if len(text) > max_string:
        raise ParseError(FailureKind.TOO_LARGE, f"a string is longer than {max_string} characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ParseError(FailureKind.MALFORMED, "a string is not valid Unicode") from None

"""Texts that a regular expression matches, for the scripted provider."""

from __future__ import annotations

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Final

from scrai.llm._draws import Source

_PRINTABLE: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _-.,!?:;'()"
_MORE: Final = 8
_TRIES: Final = 60


class NoMatchError(Exception):
    """No matching text was found."""


def matching(pattern: str, low: int, high: int, source: Source) -> str:
    """Return a text of low to high characters that `pattern` is found in.

    Raises:
        NoMatchError: none was found; the pattern may be beyond what is understood here.
    """
    try:
        parsed = _parser.parse(pattern)
        wanted = re.compile(pattern)
        for attempt in range(_TRIES):
            # Later tries repeat what may repeat more often, for patterns of a least length.
            text = _text(parsed, source, _MORE + attempt * max(1, low // 4))
            if low <= len(text) <= high and wanted.search(text):
                return text
    except (re.error, NotImplementedError, RecursionError, OverflowError) as error:
        raise NoMatchError(f"the pattern {pattern!r:.80} is not understood") from error
    raise NoMatchError(f"no text for the pattern {pattern!r:.80}")


def _text(parsed: Any, source: Source, more: int) -> str:
    return "".join(_part(kind, value, source, more) for kind, value in parsed)


def _part(kind: Any, value: Any, source: Source, more: int) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind in (op.ANY, op.NOT_LITERAL, op.IN):
        return source.choice(_characters(kind, value))
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        low, high, body = value
        times = source.integer(low, max(low, min(int(high), low + more)))
        return "".join(_text(body, source, more) for _ in range(times))
    if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
        return _text(value[3] if kind is op.SUBPATTERN else value, source, more)
    if kind is op.BRANCH:
        return _text(source.choice(value[1]), source, more)
    if kind in (op.AT, op.ASSERT, op.ASSERT_NOT):
        return ""  # what they demand is checked on the whole text
    raise NotImplementedError(str(kind))


def _characters(kind: Any, value: Any) -> str:
    if kind is op.ANY:
        return _PRINTABLE
    if kind is op.NOT_LITERAL:
        return _PRINTABLE.replace(chr(value), "")
    negated = value[0][0] is op.NEGATE
    chosen = "".join(_class(*item) for item in value[negated:])
    return "".join(c for c in _PRINTABLE if c not in chosen) if negated else chosen


def _class(kind: Any, value: Any) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.RANGE:
        return "".join(map(chr, range(value[0], min(value[1], value[0] + 127) + 1)))
    name = str(value).removeprefix("CATEGORY_")
    tests = {"DIGIT": str.isdigit, "SPACE": str.isspace, "WORD": _is_word}
    test = tests[name.removeprefix("NOT_")]
    return "".join(c for c in _PRINTABLE if test(c) != name.startswith("NOT_"))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"

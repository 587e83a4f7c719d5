"""Fencing: texts of the simulated world reach a model as data, never as instructions."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

import orjson

OPEN: Final = "<<DATA"
CLOSE: Final = "DATA>>"
LONGEST: Final = 4000
_MARK: Final = re.compile(r"(<(?=<)|>(?=>))")
_KEEP: Final = frozenset("\n\t")


def clean(text: str, longest: int = LONGEST) -> str:
    """Return a text without control and direction characters and without fence marks."""
    kept = "".join(x for x in text if x in _KEEP or unicodedata.category(x)[0] != "C")
    kept = _MARK.sub(r"\1 ", kept)
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def fence(text: str, longest: int = LONGEST) -> str:
    """Return a text as a block of data that it cannot get out of."""
    return f"{OPEN}\n{clean(text, longest)}\n{CLOSE}"


def as_json(value: Any, longest: int = LONGEST) -> str:
    """Return a JSON value as one fenced line, its keys in order."""
    return fence(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode(), longest)

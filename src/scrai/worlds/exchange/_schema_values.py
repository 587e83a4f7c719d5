"""Checks of single values and of maps, by the tables of keys."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from scrai.worlds.exchange._schema_keys import LARGEST, Key
from scrai.worlds.exchange._schema_report import Report, near, shown
from scrai.worlds.exchange._yaml12 import Path

Check: TypeAlias = Callable[[Report, Path, Any], None]
LONGEST_TEXT: Final = 200
_KINDS: Final = {
    "int": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "text": "text",
    "choice": "a word",
}


def is_number(value: Any) -> bool:
    """Say whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Say whether a value is a whole number, 3.0 included."""
    return is_number(value) and (isinstance(value, int) or value.is_integer())


def _is_of(kind: str, value: Any) -> bool:
    if kind == "int":
        return is_whole(value)
    if kind == "number":
        return is_number(value) and (isinstance(value, int) or math.isfinite(value))
    return isinstance(value, bool) if kind == "flag" else isinstance(value, str)


def check_value(key: Key, report: Report, path: Path, value: Any) -> bool:
    """Report what is wrong with a simple value; say whether it is right."""
    text = _wrong(key, value)
    if text is not None:
        report.error(path, text)
    return text is None


def _wrong(key: Key, value: Any) -> str | None:
    if not _is_of(key.kind, value):
        return f"must be {_KINDS[key.kind]}{limits(key)}, not {shown(value)}"
    if key.kind == "choice":
        known = value in key.choices
        return None if known else f"unknown {shown(value)} ({near(value, key.choices)})"
    if key.kind == "text":
        fits = len(value.strip()) > 0 and len(value) <= LONGEST_TEXT
        return None if fits else f"must be text of 1 to {LONGEST_TEXT} characters"
    if key.without is not None and value == key.without:
        return f"must be other than {key.without:g}"
    return None if _within(key, value) else f"must be {limits(key).strip()}, not {shown(value)}"


def _within(key: Key, value: Any) -> bool:
    if key.kind == "flag":
        return True
    return (
        (key.low is None or value >= key.low)
        and (key.high is None or value <= key.high)
        and (key.above is None or value > key.above)
        and (key.below is None or value < key.below)
        and (key.without is None or value != key.without)
    )


def limits(key: Key) -> str:
    """Return the bounds of a key in words, with a space before them; nothing if it has none."""
    if key.low is not None and key.low == key.high:
        return f" {_told(key.low)}"
    words = []
    if key.above is not None:
        words.append(f"above {key.above:g}")
    elif key.low is not None and key.low > -LARGEST:
        words.append(f"at least {_told(key.low)}")
    if key.high is not None and key.high < LARGEST:
        words.append(f"at most {_told(key.high)}")
    if key.without is not None:
        words.append(f"other than {key.without:g}")
    if not words and key.high == LARGEST:
        words.append("within 1e15 of 0")
    return f" {', '.join(words)}" if words else ""


def _told(bound: float) -> str:
    return f"{bound:,.0f}" if float(bound).is_integer() else f"{bound:g}"


def simple(key: Key) -> Check:
    """Return the check of a simple value."""

    def check(report: Report, path: Path, value: Any) -> None:
        check_value(key, report, path, value)

    return check


def checks(keys: Iterable[Key]) -> dict[str, Check]:
    """Return the checks of simple keys by name."""
    return {key.name: simple(key) for key in keys}


def required(keys: Iterable[Key]) -> tuple[str, ...]:
    """Return the names of the keys that must be there."""
    return tuple(key.name for key in keys if key.required)


def check_map(
    report: Report, path: Path, value: Any, known: Mapping[str, Check], needed: Iterable[str] = ()
) -> bool:
    """Check a map key by key; say whether it is one.

    Where a key may be absent, null means that it is.
    """
    if not isinstance(value, Mapping):
        report.error(path, f"must be a map of {', '.join(known)}, not {shown(value)}")
        return False
    must = set(needed)
    for name, item in value.items():
        if name not in known:
            report.error((*path, str(name)), f"unknown key ({near(str(name), known)})")
        elif item is not None or name in must:
            known[name](report, (*path, name), item)
    for name in needed:
        if name not in value:
            report.error(path, f"{name} is missing")
    return True


def map_of(keys: Iterable[Key]) -> Check:
    """Return the check of a map of simple keys."""
    listed = tuple(keys)
    known, needed = checks(listed), required(listed)

    def check(report: Report, path: Path, value: Any) -> None:
        check_map(report, path, value, known, needed)

    return check

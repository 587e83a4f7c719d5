"""Words that every layer says to people in the same way."""

from __future__ import annotations


def plural(count: int, word: str) -> str:
    """Return a number with its noun: `1 event`, `2 events`, `1,200 events`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"

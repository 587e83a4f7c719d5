"""Words that every layer says to people in the same way."""

from __future__ import annotations


def plural(count: int, word: str) -> str:
    """Return a number with its noun: `1 event`, `2 events`, `1,200 events`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def extra(name: str) -> str:
    """Return how to get what is optional. ScrAI is on no index, so all of it needs the clone."""
    return f"in the clone: uv run --extra {name} scrai ..., or pip install '.[{name}]'"


def storable(text: str, size: int) -> str:
    """Return a text of at most so many bytes that any store takes.

    File names and foreign errors may bring half a surrogate pair, which is no Unicode.
    """
    if text.isascii():
        return text[:size]
    return text.encode("utf-8", "backslashreplace")[:size].decode("utf-8", "ignore")

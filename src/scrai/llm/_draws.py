"""Numbers and words that follow from a text alone, for replies that nobody said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import count
from typing import Final, TypeVar

T = TypeVar("T")

_TEXT: Final = (
    "the market opens late and people talk about rain while someone carries bread along a quiet "
    "road where neighbours agree to mend old fences before evening comes with news from north "
    "that nobody expected but everyone wants to hear again"
)
_WORDS: Final = tuple(_TEXT.split())


class Source:
    """An endless stream of draws, the same for the same text everywhere."""

    __slots__ = ("_words",)

    def __init__(self, text: str) -> None:
        self._words = _stream(text.encode("utf-8", "replace"))

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        # 64 bits against the spans here: the bias is beyond notice, and this is no statistics.
        return low + (next(self._words) << 64 | next(self._words)) % (high - low + 1)

    def unit(self) -> float:
        """Return a float in [0, 1)."""
        return (next(self._words) >> 11) * 2.0**-53

    def choice(self, items: Sequence[T]) -> T:
        """Return one of the items."""
        return items[self.integer(0, len(items) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        left = list(items)
        return [left.pop(self.integer(0, len(left) - 1)) for _ in range(len(left))]


def sentence(source: Source, words: int = 8) -> str:
    """Return a sentence that means nothing."""
    text = " ".join(source.choice(_WORDS) for _ in range(words))
    return f"{text[:1].upper()}{text[1:]}."


def _stream(text: bytes) -> Iterator[int]:
    key = blake2b(text, digest_size=32).digest()
    for index in count():
        block = blake2b(index.to_bytes(8, "little"), key=key, digest_size=64).digest()
        for offset in range(0, 64, 8):
            yield int.from_bytes(block[offset : offset + 8], "little")

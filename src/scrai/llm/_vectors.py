"""Vectors of meaning, as small whole numbers: what is recorded ranks alike on every machine.

A provider's floats are folded to a bounded length and rounded to a byte each before they are
recorded. From then on there is only integer arithmetic.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from operator import mul
from typing import Any, Final

import orjson

from scrai.errors import InvalidInputError
from scrai.llm._types import LLMMessage, LLMRequest

LONGEST: Final = 384
"""Numbers of a kept vector; longer ones are folded."""
LONGEST_GIVEN: Final = 16_384
MOST_TEXTS: Final = 64
"""Texts of one request: their kept vectors fit into one record."""
NEAREST: Final = 1000
EMBEDDINGS: Final = "embeddings"
"""The role that embeds."""
_LARGEST: Final = 127


@dataclass(frozen=True, slots=True)
class Vectors:
    """What texts mean to a model, in their order.

    Attributes:
        model: whose vectors they are; those of different models cannot be compared.
        rows: one signed byte for each number.
    """

    model: str
    rows: tuple[bytes, ...]

    def to_text(self) -> str:
        """Return them as the content that is recorded."""
        rows = [vector_text(row) for row in self.rows]
        return orjson.dumps({"model": self.model, "vectors": rows}).decode()

    @classmethod
    def from_text(cls, text: str, count: int) -> Vectors:
        """Return what `to_text` wrote of so many texts.

        Raises:
            InvalidInputError: it did not write that.
        """
        try:
            value = orjson.loads(text)
            model, rows = value["model"], tuple(map(vector_of, value["vectors"]))
        except (ValueError, KeyError, TypeError):
            raise InvalidInputError("no vectors of meaning") from None
        if not isinstance(model, str) or len(rows) != count or len({*map(len, rows)}) != 1:
            raise InvalidInputError(f"not {count} vectors of one model")
        return cls(model, rows)


def embedding_request(texts: Iterable[str], role: str = "default") -> LLMRequest:
    """Return the request for the vectors of some texts.

    Raises:
        InvalidInputError: there is none, or there are more than go into one request.
    """
    messages = tuple(LLMMessage("user", text) for text in texts)
    if not 0 < len(messages) <= MOST_TEXTS:
        raise InvalidInputError(f"1 to {MOST_TEXTS} texts are embedded at once")
    return LLMRequest(messages, role=role, embeds=True)


def packed(values: Sequence[float]) -> bytes:
    """Return finite numbers, at least one of them not 0, as a kept vector."""
    folded = _folded(values) if len(values) > LONGEST else values
    largest = max(map(abs, folded))
    if not largest:  # what was folded cancels out
        return bytes(len(folded))
    return bytes(round(value / largest * _LARGEST) & 0xFF for value in folded)


def vector_text(row: bytes) -> str:
    """Return a kept vector in base64."""
    return b64encode(row).decode()


def vector_of(text: Any) -> bytes:
    """Return a kept vector that was written in base64.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str) or len(text) > 4 * -(-LONGEST // 3):
        raise ValueError("no vector")
    row = b64decode(text, validate=True)
    if not 0 < len(row) <= LONGEST:
        raise ValueError("no vector")
    return row


def nearness(one: bytes, other: bytes) -> int:
    """Return the cosine of two kept vectors of a model in thousandths, by integers alone."""
    first, second = _signed(one), _signed(other)
    length = math.isqrt(sum(map(mul, first, first)) * sum(map(mul, second, second)))
    return sum(map(mul, first, second)) * NEAREST // length if length else 0


def _signed(row: bytes) -> memoryview:
    return memoryview(row).cast("b")


def _folded(values: Sequence[float]) -> list[float]:
    """Add numbers up in fewer places, each with a sign of its own: angles stay about the same."""
    largest = max(map(abs, values))
    places: list[list[float]] = [[] for _ in range(LONGEST)]
    for value, (place, sign) in zip(values, _places(len(values)), strict=True):
        places[place].append(value / largest * sign)
    return [math.fsum(each) for each in places]


@lru_cache(maxsize=8)
def _places(size: int) -> tuple[tuple[int, int], ...]:
    """Return for each number where it goes and with which sign: spread evenly, always the same."""
    digests = [blake2b(number.to_bytes(4, "big"), digest_size=8).digest() for number in range(size)]
    found = [(0, 0)] * size
    for rank, number in enumerate(sorted(range(size), key=digests.__getitem__)):
        found[number] = (rank % LONGEST, 1 if digests[number][0] & 1 else -1)
    return tuple(found)

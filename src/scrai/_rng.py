"""Reproducible numbers and ids, keyed by (seed, cycle, phase, pass, stream).

A counter-based generator: block i is BLAKE2b(i) under a key made from the coordinates, so that
streams are independent of one another and of the order in which they are drawn, and a phase
that is run again after a crash draws the same numbers. The derived distributions are our own,
so that no Python version changes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from typing import TypeVar

T = TypeVar("T")

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Where in a simulation numbers are drawn."""

    seed: int
    cycle: int
    phase: str
    passes: int

    def key(self, stream: str) -> bytes:
        """Return the 32-byte key of a stream here."""
        text = f"{self.seed}|{self.cycle}|{self.phase}|{self.passes}|{stream}"
        return blake2b(text.encode(), digest_size=32).digest()


class Rng:
    """A stream of reproducible random numbers.

    Draws are uniform unless the method says otherwise. The same key gives the same draws on
    every platform and Python version; `normal` uses the C library's log and cos.
    """

    __slots__ = ("_key", "_words")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._words = self._blocks()

    def _blocks(self) -> Iterator[int]:
        for index in count():
            block = blake2b(index.to_bytes(8, "little"), key=self._key, digest_size=64).digest()
            for offset in range(0, 64, 8):
                yield int.from_bytes(block[offset : offset + 8], "little")

    def bits(self) -> int:
        """Return 64 random bits."""
        return next(self._words)

    def random(self) -> float:
        """Return a float in [0, 1) with 53 random bits."""
        return (next(self._words) >> 11) * _UNIT

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a float in [low, high)."""
        return low + (high - low) * self.random()

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.random() < probability

    def integer(self, low: int, high: int) -> int:
        """Return an integer in [low, high], both ends included, without bias."""
        if high < low:
            raise ValueError(f"empty range: {low} to {high}")
        span = high - low + 1
        if span > 1 << 64:
            raise ValueError(f"range of more than 2^64 integers: {low} to {high}")
        limit = (1 << 64) - (1 << 64) % span
        while True:
            word = next(self._words)
            if word < limit:
                return low + word % span

    def choice(self, items: Sequence[T]) -> T:
        """Return one of `items`."""
        if not items:
            raise ValueError("cannot choose from nothing")
        return items[self.integer(0, len(items) - 1)]

    def weighted(self, items: Sequence[T], weights: Sequence[float]) -> T:
        """Return one of `items` with chances proportional to `weights` (>= 0, not all 0)."""
        total = math.fsum(weights)
        if len(items) != len(weights) or not total > 0 or min(weights) < 0:
            raise ValueError("weights: one each, none negative, and not all zero")
        mark = self.random() * total
        reached = 0.0
        for item, weight in zip(items, weights, strict=True):
            reached += weight
            if mark < reached:
                return item
        return items[max(i for i, weight in enumerate(weights) if weight > 0)]

    def shuffle(self, items: MutableSequence[T]) -> None:
        """Shuffle in place (Fisher-Yates)."""
        for last in range(len(items) - 1, 0, -1):
            other = self.integer(0, last)
            items[last], items[other] = items[other], items[last]

    def sample(self, items: Sequence[T], size: int) -> list[T]:
        """Return `size` distinct positions of `items`, in random order."""
        if not 0 <= size <= len(items):
            raise ValueError(f"cannot draw {size} of {len(items)}")
        pool = list(items)
        for index in range(size):
            other = self.integer(index, len(pool) - 1)
            pool[index], pool[other] = pool[other], pool[index]
        return pool[:size]

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Return a normal variate (Box-Muller; two words a draw)."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.random()))
        return mean + deviation * radius * math.cos(2.0 * math.pi * self.random())


class IdMaker:
    """Makes local ids that are the same when the same phase is run again."""

    __slots__ = ("_coordinates", "_counts")

    def __init__(self, coordinates: Coordinates) -> None:
        self._coordinates = coordinates
        self._counts: dict[str, int] = {}

    def __call__(self, key: str) -> str:
        """Return a fresh id that starts with `key`: `{key}-{cycle}-{ten base-32 digits}`."""
        number = self._counts.get(key, 0)
        self._counts[key] = number + 1
        word = int.from_bytes(self._coordinates.key(f"id|{key}|{number}")[:8], "little")
        digits = "".join(_ALPHABET[(word >> shift) & 31] for shift in range(0, 50, 5))
        return f"{key}-{self._coordinates.cycle}-{digits}"

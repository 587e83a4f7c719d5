"""Keys kept in order, in blocks, so that adding one costs the same among ten and a million."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Any, TypeAlias

Key: TypeAlias = tuple[Any, ...]
_BLOCK = 512


class SortedKeys:
    """A set of distinct tuples in order."""

    __slots__ = ("_blocks", "_last", "_size")

    def __init__(self) -> None:
        self._blocks: list[list[Key]] = []
        self._last: list[Key] = []  # the last key of every block
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, key: Key) -> None:
        """Add a key that is not in the set."""
        self._size += 1
        last = self._last
        if not last:
            self._blocks.append([key])
            last.append(key)
            return
        at = bisect_left(last, key)
        if at == len(last):
            at -= 1
            self._blocks[at].append(key)
            last[at] = key
        else:
            insort(self._blocks[at], key)
        if len(self._blocks[at]) > 2 * _BLOCK:
            self._split(at)

    def _split(self, at: int) -> None:
        block = self._blocks[at]
        self._blocks[at : at + 1] = [block[:_BLOCK], block[_BLOCK:]]
        self._last[at : at + 1] = [block[_BLOCK - 1], block[-1]]

    def discard(self, key: Key) -> None:
        """Take a key out, if it is there."""
        at = bisect_left(self._last, key)
        if at == len(self._last):
            return
        block = self._blocks[at]
        place = bisect_left(block, key)
        if block[place] != key:
            return
        self._size -= 1
        del block[place]
        if not block:
            del self._blocks[at], self._last[at]
        elif place == len(block):
            self._last[at] = block[-1]

    def ascending(self, low: Key, high: Key) -> Iterator[Key]:
        """Yield the keys with low <= key < high, smallest first."""
        at = bisect_left(self._last, low)
        while at < len(self._blocks):
            block = self._blocks[at]
            start = bisect_left(block, low)
            stop = bisect_left(block, high)
            yield from block[start:stop]
            if stop < len(block):
                return
            at += 1

    def descending(self, low: Key, high: Key) -> Iterator[Key]:
        """Yield the keys with low <= key < high, largest first."""
        at = min(bisect_right(self._last, high), len(self._blocks) - 1)
        while at >= 0:
            block = self._blocks[at]
            start = bisect_left(block, low)
            stop = bisect_left(block, high)
            yield from reversed(block[start:stop])
            if start > 0:
                return
            at -= 1

"""Worlds at hand: a cycle that follows another in one process need not set the world up anew."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from scrai.worlds.exchange._core import State

_MOST: Final = 4
_ROOM: Final = 32 * 1024 * 1024


class Lives:
    """Worlds by what they were packed into. Whoever takes one owns it, so none is used twice.

    The newest one is kept whatever its size; others only as long as all are few and small, so that
    big worlds that have ended, or that another worker goes on with, do not add up.

    Args:
        room: bytes that several worlds may take together.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._worlds: dict[Hashable, State] = {}
        self._room = room

    def take(self, key: Hashable) -> State | None:
        """Return the world of a key and forget it; None if it is not at hand."""
        return self._worlds.pop(key, None)

    def keep(self, key: Hashable, state: State) -> None:
        """Keep a world under a key, in place of those kept longest if that is too much."""
        self._worlds[key] = state
        sizes = {each: _size(world) for each, world in self._worlds.items()}
        while len(sizes) > 1 and (len(sizes) > _MOST or sum(sizes.values()) > self._room):
            oldest = next(iter(sizes))
            del sizes[oldest], self._worlds[oldest]


def _size(state: State) -> int:
    """Return the bytes of a world's arrays."""
    return sum(values.nbytes for values in state.world)

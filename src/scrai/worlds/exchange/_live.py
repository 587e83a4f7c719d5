"""Worlds at hand: a cycle that follows another in one process need not set the world up anew."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from scrai.worlds.exchange._core import State

_MOST: Final = 4


class Lives:
    """Worlds by what they were packed into. Whoever takes one owns it, so none is used twice."""

    def __init__(self) -> None:
        self._worlds: dict[Hashable, State] = {}

    def take(self, key: Hashable) -> State | None:
        """Return the world of a key and forget it; None if it is not at hand."""
        return self._worlds.pop(key, None)

    def keep(self, key: Hashable, state: State) -> None:
        """Keep a world under a key, in place of the one kept longest if there are too many."""
        self._worlds[key] = state
        if len(self._worlds) > _MOST:
            del self._worlds[next(iter(self._worlds))]

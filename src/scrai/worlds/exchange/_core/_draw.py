"""What is drawn at set-up, from streams of the engine's generator.

Whole streams are drawn at once here; they are the very words that `Rng` gives one by one.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from scrai.engine import Coordinates, Rng
from scrai.worlds.exchange._core._layout import Bytes, Ints

_PHASE = "exchange"
_BATCH = 1 << 17  # cells drawn at once: little memory beside the world's own


def key_of(seed: int, tick: int, stream: str) -> bytes:
    """Return the key of a stream of the world: set-up is tick 0."""
    return Coordinates(seed, tick, _PHASE, 0).key(stream)


def words(key: bytes, count: int, first: int = 0) -> npt.NDArray[np.uint64]:
    """Return `count` 64-bit words of a stream from word `first`, a multiple of 8, on."""
    blocks = range(first // 8, (first + count + 7) // 8)
    data = b"".join(
        blake2b(index.to_bytes(8, "little"), key=key, digest_size=64).digest() for index in blocks
    )
    return np.frombuffer(data, "<u8")[:count]


def resources(seed: int, cells: int, density: float) -> Bytes:
    """Return the good of each cell in x-major order: 0 none, 1 A, 2 B.

    One word a cell: its upper 53 bits decide by density whether there is a resource, its lowest
    bit which good it is.
    """
    good = np.zeros(cells, np.uint8)
    key = key_of(seed, 0, "resources")
    for first in range(0, cells if density > 0.0 else 0, _BATCH):
        drawn = words(key, min(_BATCH, cells - first), first)
        bears = (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53 < density
        kinds = 1 + (drawn & np.uint64(1)).astype(np.uint8)
        good[first : first + drawn.size] = kinds * bears
    return good


def places(seed: int, agents: int, cells: int, shared: bool) -> Ints:
    """Return the starting cell of each agent; no two the same unless cells may be shared."""
    rng = Rng(key_of(seed, 0, "places"))
    if shared:
        return np.array([rng.integer(0, cells - 1) for _ in range(agents)], np.int64)
    # A shuffle of all cells, of which only what the agents touch is kept.
    moved: dict[int, int] = {}
    chosen = np.empty(agents, np.int64)
    for index in range(agents):
        other = rng.integer(index, cells - 1)
        chosen[index] = moved.get(other, other)
        moved[other] = moved.get(index, index)
    return chosen


def tick_words(seed: int, first: int, count: int, needed: bool) -> Ints:
    """Return a random number for each tick from `first`, zeros if no protocol needs them."""
    if not needed:
        return np.zeros(count, np.int64)
    ticks = range(first, first + count)
    drawn = [Rng(key_of(seed, tick, "matching")).bits() >> 2 for tick in ticks]
    return np.array(drawn, np.int64)

"""One scenario, lived twice in ways that must not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scrai.worlds.exchange._core import pack, run_ticks, set_up, unpack, world_hash
from scrai.worlds.exchange._economy import Economy
from scrai.worlds.exchange._load import read_document


def live_twice(file: Path, ticks: int, seed: int) -> dict[str, Any]:
    """Return the hashes of a scenario's world after some ticks, lived in two ways."""
    spec = Economy.of(read_document(file)).spec(seed)
    at_once = set_up(spec, seed)
    run_ticks(at_once, ticks)
    by_tick = set_up(spec, seed)
    for _ in range(ticks):
        run_ticks(by_tick, 1, "full")
        by_tick = unpack(spec, seed, pack(by_tick))
    hashes = [world_hash(state) for state in (at_once, by_tick)]
    identical = hashes[0] == hashes[1]
    return {"ticks": ticks, "seed": seed, "hashes": hashes, "identical": identical}

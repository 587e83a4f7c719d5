"""The numeric core of the exchange world: packed state, ticks, records, hash."""

from scrai.worlds.exchange._core._jit import must_compile
from scrai.worlds.exchange._core._live import agents_now, run_ticks
from scrai.worlds.exchange._core._pack import pack, unpack, world_hash
from scrai.worlds.exchange._core._records import CATEGORIES, Records
from scrai.worlds.exchange._core._state import State, set_up

__all__ = [
    "CATEGORIES",
    "Records",
    "State",
    "agents_now",
    "must_compile",
    "pack",
    "run_ticks",
    "set_up",
    "unpack",
    "world_hash",
]

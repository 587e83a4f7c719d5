"""A state as bytes, and its hash.

Packed is only what set-up cannot give again: where agents are, what they hold, lambdas, pairs,
commitments, cooldowns, and the cells below their cap. Columns are as narrow as their values allow,
compressed together.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from scrai.errors import StoreCorruptError
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._layout import Ints, World
from scrai.worlds.exchange._core._room import cooling_pairs, with_cooling
from scrai.worlds.exchange._core._state import State, set_up
from scrai.worlds.exchange._core._tick import mode_at
from scrai.worlds.exchange._spec import ExchangeSpec

_MAGIC = b"SCX1"
_PIECE = 1 << 16
_AGENT_ROWS = {
    "x": at.A_X, "y": at.A_Y, "A": at.A_GOOD, "B": at.A_GOOD_B, "M": at.A_MONEY,
    "partner": at.A_PARTNER, "cell": at.A_CELL,
}  # fmt: skip


def _lowered(world: World) -> npt.NDArray[np.intp]:
    """Return the resource cells below their cap, ascending.

    They are looked for piece by piece: masks of a whole world would take 3 B a cell.
    """
    units, good, cap = world.stock[at.S_UNITS], world.cell[at.K_GOOD], world.ci[at.C_CAP]
    found = [
        first
        + np.flatnonzero((units[first : first + _PIECE] < cap) & (good[first : first + _PIECE] > 0))
        for first in range(0, good.size, _PIECE)
    ]
    return np.concatenate(found)


def columns_of(world: World) -> dict[str, npt.NDArray[Any]]:
    """Return the columns that make up a state, in a fixed order."""
    lowered, cool = _lowered(world), cooling_pairs(world)
    columns: dict[str, npt.NDArray[Any]] = {
        name: world.ai[row] for name, row in _AGENT_ROWS.items()
    }
    return columns | {
        "cool_low": cool[0],
        "cool_high": cool[1],
        "cool_until": cool[2],
        "lowered": np.diff(lowered, prepend=0),
        "units": world.stock[at.S_UNITS, lowered],
        "last": world.stock[at.S_LAST, lowered],
        "lambda": world.af[at.N_LAMBDA],
    }


def _narrow(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return integers in the narrowest little-endian type that holds them."""
    if values.dtype.kind == "f":
        return values.astype("<f8")
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    for width in (1, 2, 4):
        bound = 1 << (8 * width - 1)
        if -bound <= low and high < bound:
            return values.astype(f"<i{width}")
    return values.astype("<i8")


def pack(state: State) -> bytes:
    """Return the state as bytes: magic, header length, JSON header, compressed columns."""
    columns = {name: _narrow(values) for name, values in columns_of(state.world).items()}
    shapes = [[name, values.dtype.str, values.size] for name, values in columns.items()]
    head = json.dumps({"tick": state.tick, "columns": shapes}, separators=(",", ":")).encode()
    body = zlib.compress(b"".join(values.tobytes() for values in columns.values()), 3)
    return _MAGIC + len(head).to_bytes(4, "little") + head + body


def _read(data: bytes, agents: int) -> tuple[int, dict[str, npt.NDArray[Any]]]:
    """Return tick and columns of a packed state; any error means that it is none."""
    if data[:4] != _MAGIC:
        raise ValueError("no packed exchange state")
    length = int.from_bytes(data[4:8], "little")
    head = json.loads(data[8 : 8 + length])
    body, offset, columns = zlib.decompress(data[8 + length :]), 0, {}
    for name, kind, size in head["columns"]:
        values = np.frombuffer(body, kind, size, offset)
        offset += values.nbytes
        columns[name] = values.astype(np.float64 if kind == "<f8" else np.int64)
    if columns["x"].size != agents:
        raise ValueError(f"{columns['x'].size} agents, the scenario has {agents}")
    return int(head["tick"]), columns


def unpack(spec: ExchangeSpec, seed: int, data: bytes) -> State:
    """Return the state that `pack` wrote for a world of this specification and seed.

    Raises:
        StoreCorruptError: the bytes are not a packed state, or one of another world.
    """
    try:
        tick, columns = _read(data, spec.agents)
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise StoreCorruptError(f"packed state of {spec.name!r}: {error}") from error
    state = set_up(spec, seed)
    _put(state.world, tick, columns)
    cool = np.stack([columns[name] for name in ("cool_low", "cool_high", "cool_until")])
    state.world = with_cooling(state.world, cool)
    return state


def _put(world: World, tick: int, columns: dict[str, npt.NDArray[Any]]) -> None:
    """Write a state's columns into a world that was just set up."""
    for name, row in _AGENT_ROWS.items():
        world.ai[row] = columns[name]
    world.af[at.N_LAMBDA] = columns["lambda"]
    if tick:
        world.ci[at.C_MODE] = mode_at(world, tick)
    world.ci[at.C_TICK] = tick
    if world.ci[at.C_CLAIMING]:
        claimed = world.ai[at.A_CELL]
        world.cell[at.K_CLAIMED, claimed[claimed >= 0]] = 1
    _put_stocks(world, np.cumsum(columns["lowered"]), columns["units"], columns["last"])


def _put_stocks(world: World, cells: Ints, units: Ints, last: Ints) -> None:
    """Write the stocks of the cells below their cap, and what follows from them."""
    world.stock[at.S_UNITS, cells] = units
    world.stock[at.S_LAST, cells] = last
    if world.ci[at.C_GROWTH]:
        world.stock[at.S_BELOW, : cells.size] = cells
        world.ci[at.C_BELOW] = cells.size
    for good in (1, 2):
        here = world.cell[at.K_GOOD] == good
        world.ci[at.C_STOCK_A + good - 1] = world.stock[at.S_UNITS, here].sum()


def world_hash(state: State) -> str:
    """Return the SHA-256 of the state: integers, and floats at 9 significant digits.

    The same for any telemetry level, any grouping of ticks, compiled or not, interrupted or not.
    """
    digest = hashlib.sha256(f"exchange 1|{state.tick}".encode())
    for name, values in columns_of(state.world).items():
        digest.update(f"|{name}|{values.size}|".encode())
        if values.dtype.kind == "f":
            digest.update(",".join(f"{value:.8e}" for value in values.tolist()).encode())
        else:
            digest.update(values.astype("<i8").tobytes())
    return digest.hexdigest()

"""Room in the packed world: made between ticks, so that a tick never runs out of it."""

from __future__ import annotations

import numpy as np

from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._layout import Ints, World

_MOST_SLOTS = 1 << 22


def cooling_pairs(world: World) -> Ints:
    """Return the pairs still forbidden in the next tick: (3, k) low, high, until, sorted."""
    found: list[tuple[int, int, int]] = []
    for low in np.flatnonzero(world.ai[at.A_COOL] >= 0):
        entry = int(world.ai[at.A_COOL, low])
        while entry >= 0:
            other, until, following = world.cool[:, entry].tolist()
            if until > world.ci[at.C_TICK] + 1:
                found.append((int(low), other, until))
            entry = following
    return np.array(sorted(found), np.int64).reshape(-1, 3).T


def with_cooling(world: World, entries: Ints) -> World:
    """Return the world with just these pairs in cooldown, and room for many more."""
    count = entries.shape[1]
    room = 2 * (count + int(world.ci[at.C_AGENTS]) // 2) + 16
    cool = np.zeros((3, room), np.int64)
    cool[at.L_LINK] = np.arange(1, room + 1)
    cool[at.L_LINK, room - 1] = -1
    world.ai[at.A_COOL] = -1
    for k in range(count):
        low, high, until = entries[:, k].tolist()
        cool[:, k] = high, until, world.ai[at.A_COOL, low]
        world.ai[at.A_COOL, low] = k
    world.ci[at.C_FREE], world.ci[at.C_ROOM] = count, room - count
    return world._replace(cool=cool)


def with_more_pairs(world: World) -> World:
    """Return the world with room for twice as many candidate pairs."""
    return world._replace(meet=np.zeros((3, 2 * world.meet.shape[1])))


def with_more_sales(world: World) -> World:
    """Return the world with room for more trades to record; those recorded stay."""
    used = int(world.ci[at.C_SALES])
    room = 2 * used + int(world.ci[at.C_AGENTS]) // 2 + 16
    sale = np.zeros((room, at.SALE_ROW))
    sale[:used] = world.sale[:used]
    return world._replace(sale=sale)


def with_enough_cache(world: World) -> World:
    """Return the world with a larger cache of joint gains if many pairs meet in a tick."""
    slots, met = world.cache.shape[1], int(world.ci[at.C_MET])
    if 2 * met <= slots or slots >= _MOST_SLOTS:
        return world
    slots = min(_MOST_SLOTS, 1 << (4 * met).bit_length())
    return world._replace(cache=np.full((4, slots), -1.0))


def made_room(world: World, reason: int) -> World:
    """Return the world with more of what a run lacked."""
    if reason == at.MORE_PAIRS:
        return with_more_pairs(world)
    if reason == at.MORE_ROOM:
        return with_cooling(world, cooling_pairs(world))
    return with_more_sales(world)


def recording(world: World, level: int, ticks: int) -> World:
    """Return the world ready to record `ticks` ticks: 0 nothing, 1 sums, 2 trades, 3 all."""
    world.ci[at.C_RECORD], world.ci[at.C_TALLIES], world.ci[at.C_SALES] = level, 0, 0
    return world._replace(tally=np.zeros((ticks if level else 0, at.TALLY_ROW)))

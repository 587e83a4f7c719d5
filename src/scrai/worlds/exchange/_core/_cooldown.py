"""Pairs that failed and may not meet again yet: a linked list for each lower id."""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_COOL,
    C_COOLDOWN,
    C_FREE,
    C_ROOM,
    C_TICK,
    L_LINK,
    L_OTHER,
    L_UNTIL,
    World,
)


def cooling(w: World, low: int, high: int) -> bool:
    """Tell whether a pair is forbidden in this tick."""
    entry = w.ai[A_COOL, low]
    while entry >= 0:
        if w.cool[L_OTHER, entry] == high and w.cool[L_UNTIL, entry] > w.ci[C_TICK]:
            return True
        entry = w.cool[L_LINK, entry]
    return False


def release(w: World, entry: int) -> None:
    """Give the room of an entry back."""
    w.cool[L_LINK, entry] = w.ci[C_FREE]
    w.ci[C_FREE] = entry
    w.ci[C_ROOM] += 1


def sweep(w: World, low: int) -> None:
    """Drop the entries of an agent that forbid nothing any more."""
    before, entry = -1, w.ai[A_COOL, low]
    while entry >= 0:
        following = w.cool[L_LINK, entry]
        if w.cool[L_UNTIL, entry] > w.ci[C_TICK]:
            before = entry
        else:
            if before < 0:
                w.ai[A_COOL, low] = following
            else:
                w.cool[L_LINK, before] = following
            release(w, entry)
        entry = following


def forbid(w: World, low: int, high: int, until: int) -> None:
    """Forbid a pair until a tick; there is room, for it is seen to before each tick."""
    if w.ci[C_COOLDOWN] == 0:
        return
    sweep(w, low)
    entry = w.ci[C_FREE]
    w.ci[C_FREE] = w.cool[L_LINK, entry]
    w.ci[C_ROOM] -= 1
    w.cool[L_OTHER, entry] = high
    w.cool[L_UNTIL, entry] = until
    w.cool[L_LINK, entry] = w.ai[A_COOL, low]
    w.ai[A_COOL, low] = entry

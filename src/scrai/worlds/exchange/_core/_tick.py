"""A tick: seven steps, and the run of many."""

from __future__ import annotations

from scrai.worlds.exchange._core._cells import best_cell, commit, drop_spent, forage, let_go, regrow
from scrai.worlds.exchange._core._housekeeping import housekeeping, measure
from scrai.worlds.exchange._core._layout import (
    A_AIM,
    A_CELL,
    A_DECISION,
    A_HOME_X,
    A_HOME_Y,
    A_PARTNER,
    BOTH,
    C_AGENTS,
    C_FORAGE_TICKS,
    C_MODE,
    C_RECORD,
    C_REGIME,
    C_ROOM,
    C_SALES,
    C_SIDE,
    C_START,
    C_STREAM,
    C_TALLIES,
    C_TICK,
    C_TRADE_TICKS,
    DONE,
    FORAGE,
    GATED,
    GO_FORAGE,
    GO_HOME,
    GO_TRADE,
    MORE_PAIRS,
    MORE_ROOM,
    MORE_SALES,
    TRADE,
    Ints,
    World,
)
from scrai.worlds.exchange._core._move import move
from scrai.worlds.exchange._core._near import index_agents, see_sellers
from scrai.worlds.exchange._core._pairing import (
    find_pairs,
    judge,
    keep_open,
    pair_up,
    score_pairs,
    weigh_forage,
)
from scrai.worlds.exchange._core._quotes import requote_changed
from scrai.worlds.exchange._core._trade import trade


def mode_at(w: World, tick: int) -> int:
    """Return the mode of a tick; ticks are counted from 1."""
    length = w.ci[C_FORAGE_TICKS] + w.ci[C_TRADE_TICKS]
    if length == 0:
        return BOTH
    place = (tick - 1) % length
    if w.ci[C_START] == FORAGE:
        return FORAGE if place < w.ci[C_FORAGE_TICKS] else TRADE
    return TRADE if place < w.ci[C_TRADE_TICKS] else FORAGE


def change_mode(w: World, mode: int) -> None:
    """Enter a mode; where it differs from the last, all pairs and commitments end."""
    if mode != w.ci[C_MODE]:
        for i in range(w.ci[C_AGENTS]):
            w.ai[A_PARTNER, i] = -1
            let_go(w, i)
    w.ci[C_MODE] = mode


def settle_on(w: World, i: int) -> None:
    """Let agent i choose what to do: its partner, its cell, a new cell, or home."""
    if w.ai[A_PARTNER, i] >= 0:
        w.ai[A_DECISION, i] = GO_TRADE
        w.ai[A_AIM, i] = w.ai[A_PARTNER, i]
        return
    if w.ai[A_CELL, i] < 0 and w.ci[C_MODE] != TRADE:
        cell = best_cell(w, i)[0]
        if cell >= 0:
            commit(w, i, cell)
    if w.ai[A_CELL, i] >= 0:
        w.ai[A_DECISION, i] = GO_FORAGE
        w.ai[A_AIM, i] = w.ai[A_CELL, i]
    else:
        w.ai[A_DECISION, i] = GO_HOME
        w.ai[A_AIM, i] = w.ai[A_HOME_X, i] * w.ci[C_SIDE] + w.ai[A_HOME_Y, i]


def decide(w: World) -> bool:
    """Form pairs and choose targets; False, with nothing decided, if there is too little room."""
    drop_spent(w)
    if w.ci[C_MODE] != FORAGE:
        count = find_pairs(w)
        if count > w.meet.shape[1]:
            return False
        weigh_forage(w)
        score_pairs(w, count)
        judge(w)
        pair_up(w, keep_open(w, count))
    for i in range(w.ci[C_AGENTS]):
        settle_on(w, i)
    return True


def lacking(w: World) -> int:
    """Return what there may be too little room for in the next tick; DONE if for nothing."""
    most = w.ci[C_AGENTS] // 2
    if w.ci[C_ROOM] < most:
        return MORE_ROOM
    if w.ci[C_RECORD] > 1 and w.sale.shape[0] - w.ci[C_SALES] < most:
        return MORE_SALES
    return DONE


def tick(w: World) -> bool:
    """Live one tick; False, with the world as before, if the candidate pairs need more room."""
    w.ci[C_TICK] += 1
    change_mode(w, mode_at(w, w.ci[C_TICK]))
    index_agents(w)
    if w.ci[C_REGIME] == GATED:
        see_sellers(w)
    if not decide(w):
        w.ci[C_TICK] -= 1
        return False
    move(w)
    if w.ci[C_MODE] != FORAGE:
        trade(w)
    if w.ci[C_MODE] != TRADE:
        forage(w)
    regrow(w)
    housekeeping(w)
    if w.ci[C_RECORD]:
        w.ci[C_TALLIES] += 1
    return True


def run(w: World, words: Ints) -> int:
    """Live a tick for each random word; return early, saying why, if room must be made first.

    The caller counts the ticks done by the world's clock and calls again with what is left.
    Without words a fresh or loaded world gets its quotes and utilities.
    """
    requote_changed(w)
    for k in range(words.shape[0]):
        reason = lacking(w)
        if reason != DONE:
            return reason
        w.ci[C_STREAM] = words[k]
        if not tick(w):
            return MORE_PAIRS
    measure(w)
    return DONE

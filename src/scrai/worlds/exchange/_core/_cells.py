"""Resource cells: the best one in sight, claims, harvests, regrowth."""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_CELL,
    A_CHANGED,
    A_GOOD,
    A_PARTNER,
    A_X,
    A_Y,
    C_AGENTS,
    C_BELOW,
    C_CAP,
    C_CLAIMING,
    C_GROWTH,
    C_NEAREST,
    C_RATE,
    C_RECORD,
    C_REGROW,
    C_SIDE,
    C_SINGLE,
    C_STOCK_A,
    C_TALLIES,
    C_TICK,
    C_VISION,
    F_BETA,
    F_THRESHOLD,
    G_HARVEST,
    K_CLAIMED,
    K_GOOD,
    N_GAIN,
    N_GAIN_MAX,
    S_BELOW,
    S_LAST,
    S_UNITS,
    TOLERANCE,
    World,
)
from scrai.worlds.exchange._core._quotes import harvest_gain, revalue, worth


def offered_gain(w: World, i: int, cell: int) -> float:
    """Return what agent i would gain by one harvest of a stocked cell."""
    good, units = w.cell[K_GOOD, cell], w.stock[S_UNITS, cell]
    if units < min(w.ci[C_RATE], w.ci[C_CAP]):
        return harvest_gain(w, i, good, units)
    gain: float = w.af[N_GAIN + good - 1, i]
    return gain


def forage_score(w: World, gain: float, away: int) -> float:
    """Return what a gain at a distance counts under the search protocol."""
    if w.ci[C_NEAREST]:
        gain = 1.0 if gain > w.cf[F_THRESHOLD] else 0.0
    score: float = gain * w.cf[F_BETA + away]
    return score


def cell_distance(w: World, i: int, cell: int) -> int:
    """Return the Manhattan distance of agent i from a cell."""
    side = w.ci[C_SIDE]
    steps: int = abs(w.ai[A_X, i] - cell // side) + abs(w.ai[A_Y, i] - cell % side)
    return steps


def judged(w: World, i: int, cell: int, away: int, best: float) -> float:
    """Return the score of a cell if it is free, wanted and better than `best`, else `best`."""
    if w.stock[S_UNITS, cell] == 0 or w.cell[K_CLAIMED, cell]:
        return best
    gain = offered_gain(w, i, cell)
    if not worth(w, i, w.cell[K_GOOD, cell], gain):
        return best
    score = forage_score(w, gain, away)
    if score > best + TOLERANCE * abs(best):
        return score
    return best


def best_cell(w: World, i: int) -> tuple[int, float]:
    """Return the best free cell that agent i sees, and its score; (-1, -1) if there is none.

    Rings of growing distance, each by x, then y: a later cell must be better, not as good. The
    search ends where not even the best harvest could win any more.
    """
    side, found, best = w.ci[C_SIDE], -1, -1.0
    if w.af[N_GAIN_MAX, i] < 0.0:
        return found, best
    x, y = w.ai[A_X, i], w.ai[A_Y, i]
    for away in range(w.ci[C_VISION] + 1):
        if found >= 0 and forage_score(w, w.af[N_GAIN_MAX, i], away) <= best:
            break
        for column in range(max(0, x - away), min(side, x + away + 1)):
            rest = away - abs(column - x)
            for turn in range(1 if rest == 0 else 2):
                row = y + rest if turn else y - rest
                if 0 <= row < side:
                    score = judged(w, i, column * side + row, away, best)
                    if score != best:
                        found, best = column * side + row, score
    return found, best


def still_wanted(w: World, i: int, cell: int) -> bool:
    """Tell whether agent i would still harvest the cell that it is committed to."""
    if w.stock[S_UNITS, cell] == 0:
        return False
    return worth(w, i, w.cell[K_GOOD, cell], offered_gain(w, i, cell))


def commit(w: World, i: int, cell: int) -> None:
    """Commit agent i to a cell, and claim it where cells are claimed."""
    w.ai[A_CELL, i] = cell
    if w.ci[C_CLAIMING]:
        w.cell[K_CLAIMED, cell] = 1


def let_go(w: World, i: int) -> None:
    """End agent i's commitment, and its claim with it."""
    cell = w.ai[A_CELL, i]
    if cell >= 0:
        w.cell[K_CLAIMED, cell] = 0
        w.ai[A_CELL, i] = -1


def drop_spent(w: World) -> None:
    """End the commitments to cells that are empty or no longer wanted."""
    for i in range(w.ci[C_AGENTS]):
        cell = w.ai[A_CELL, i]
        if cell >= 0 and not still_wanted(w, i, cell):
            let_go(w, i)


def harvest(w: World, i: int, cell: int) -> None:
    """Take one harvest from a cell, if agent i wants it."""
    if w.ai[A_CHANGED, i]:
        revalue(w, i)
    good, gain = w.cell[K_GOOD, cell], offered_gain(w, i, cell)
    if not worth(w, i, good, gain):
        return
    units = min(w.ci[C_RATE], w.stock[S_UNITS, cell])
    if w.ci[C_GROWTH] and w.stock[S_UNITS, cell] == w.ci[C_CAP]:
        w.stock[S_BELOW, w.ci[C_BELOW]] = cell
        w.ci[C_BELOW] += 1
    w.stock[S_UNITS, cell] -= units
    w.stock[S_LAST, cell] = w.ci[C_TICK]
    w.ai[A_GOOD + good - 1, i] += units
    w.ai[A_CHANGED, i] = 1
    w.ci[C_STOCK_A + good - 1] -= units
    if w.ci[C_RECORD]:
        w.tally[w.ci[C_TALLIES], G_HARVEST + good - 1] += units


def forage(w: World) -> None:
    """Let unpaired agents harvest where they stand, in id order."""
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_PARTNER, i] >= 0:
            continue
        cell = w.ai[A_X, i] * w.ci[C_SIDE] + w.ai[A_Y, i]
        taken = w.ci[C_SINGLE] and w.stock[S_LAST, cell] == w.ci[C_TICK]
        if w.stock[S_UNITS, cell] > 0 and not taken:
            harvest(w, i, cell)


def regrow(w: World) -> None:
    """Grow the cells below their cap that were left alone long enough."""
    k = 0
    while k < w.ci[C_BELOW]:
        cell = w.stock[S_BELOW, k]
        if w.ci[C_TICK] - w.stock[S_LAST, cell] >= w.ci[C_REGROW]:
            units = w.stock[S_UNITS, cell]
            grown = min(w.ci[C_CAP], units + w.ci[C_GROWTH])
            w.stock[S_UNITS, cell] = grown
            w.ci[C_STOCK_A + w.cell[K_GOOD, cell] - 1] += grown - units
        if w.stock[S_UNITS, cell] == w.ci[C_CAP]:
            w.ci[C_BELOW] -= 1
            w.stock[S_BELOW, k] = w.stock[S_BELOW, w.ci[C_BELOW]]
        else:
            k += 1

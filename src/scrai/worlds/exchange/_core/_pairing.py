"""Who would trade with whom, and the one greedy pass that pairs them."""

from __future__ import annotations

from scrai.worlds.exchange._core._cells import (
    best_cell,
    cell_distance,
    forage_score,
    let_go,
    offered_gain,
)
from scrai.worlds.exchange._core._cooldown import cooling
from scrai.worlds.exchange._core._layout import (
    A_CELL,
    A_NEXT,
    A_OPEN,
    A_PARTNER,
    A_VERSION,
    A_X,
    A_Y,
    BOTH,
    C_AGENTS,
    C_HEADS,
    C_MET,
    C_MODE,
    C_NEAREST,
    C_RANDOM,
    C_REGIME,
    C_SQUARES,
    C_STREAM,
    C_VISION,
    F_BETA,
    GATED,
    N_FORAGE,
    N_PAIR,
    TOLERANCE,
    World,
)
from scrai.worlds.exchange._core._near import distance, end_square, first_square, open_to_barter
from scrai.worlds.exchange._core._quotes import at_most
from scrai.worlds.exchange._core._search import joint_gain
from scrai.worlds.exchange._core._sort import sort_entries

_PRIME = 2147483647


def known_joint(w: World, low: int, high: int) -> float:
    """Return the joint gain of a pair, computed anew only when a holding changed."""
    open_barter = w.ci[C_REGIME] != GATED or open_to_barter(w, low, high)
    key = (low * w.ci[C_AGENTS] + high) * 2 + int(open_barter)
    slot = ((low * 73856093) ^ (high * 19349663)) & (w.cache.shape[1] - 1)
    mine, other = w.ai[A_VERSION, low], w.ai[A_VERSION, high]
    if w.cache[0, slot] != key or w.cache[1, slot] != mine or w.cache[2, slot] != other:
        w.cache[3, slot] = joint_gain(w, low, high, open_barter)
        w.cache[0, slot] = key
        w.cache[1, slot] = mine
        w.cache[2, slot] = other
    joint: float = w.cache[3, slot]
    return joint


def pair_score(w: World, low: int, high: int, away: int) -> float:
    """Return what meeting counts for two agents; 0 if they are no candidates."""
    if cooling(w, low, high):
        return 0.0
    w.ci[C_MET] += 1
    joint = known_joint(w, low, high)
    if w.ci[C_NEAREST] and joint > 0.0:
        joint = 1.0
    score: float = joint * w.cf[F_BETA + away]
    return score


def meet(w: World, i: int, j: int, away: int, count: int) -> int:
    """Note the pair of i < j if it is a candidate; return the new count, room or not."""
    score = pair_score(w, i, j, away)
    if not score > 0.0:
        return count
    w.af[N_PAIR, i] = max(w.af[N_PAIR, i], score)
    w.af[N_PAIR, j] = max(w.af[N_PAIR, j], score)
    if count < w.meet.shape[1]:
        w.meet[0, count] = i
        w.meet[1, count] = j
        w.meet[2, count] = score
    return count + 1


def meet_around(w: World, i: int, count: int) -> int:
    """Note the candidate pairs of agent i with higher ids; return the new count."""
    x, y = w.ai[A_X, i], w.ai[A_Y, i]
    for row in range(first_square(w, x), end_square(w, x)):
        for column in range(first_square(w, y), end_square(w, y)):
            j = w.ci[C_HEADS + row * w.ci[C_SQUARES] + column]
            while j >= 0:
                if j > i and w.ai[A_PARTNER, j] < 0:
                    away = distance(w, i, j)
                    if away <= w.ci[C_VISION]:
                        count = meet(w, i, j, away, count)
                j = w.ai[A_NEXT, j]
    return count


def find_pairs(w: World) -> int:
    """Note all candidate pairs; return their number, which may be more than there is room for."""
    count = 0
    w.ci[C_MET] = 0
    for i in range(w.ci[C_AGENTS]):
        w.af[N_PAIR, i] = 0.0
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_PARTNER, i] < 0:
            count = meet_around(w, i, count)
    return count


def prefers_to_meet(w: World, i: int) -> bool:
    """Tell whether half of agent i's best pair score is at least its best forage score."""
    cell = w.ai[A_CELL, i]
    if cell >= 0:
        best = forage_score(w, offered_gain(w, i, cell), cell_distance(w, i, cell))
    else:
        found, best = best_cell(w, i)
        if found < 0:
            best = 0.0
    w.af[N_FORAGE, i] = best
    return at_most(best, w.af[N_PAIR, i] / 2.0)


def judge(w: World) -> None:
    """Let every agent that could pair decide whether it is open to it."""
    for i in range(w.ci[C_AGENTS]):
        w.ai[A_OPEN, i] = 0
        w.af[N_FORAGE, i] = 0.0
        if w.ai[A_PARTNER, i] < 0 and w.af[N_PAIR, i] > 0.0:
            w.ai[A_OPEN, i] = int(w.ci[C_MODE] != BOTH or prefers_to_meet(w, i))


def mixed_up(word: int, value: int) -> int:
    """Return a number below 2^31 - 1 that looks unrelated to its two arguments."""
    mixed = (word ^ (word >> 15)) % _PRIME
    mixed = (mixed * 48271 + value + 1) % _PRIME
    mixed ^= mixed >> 13
    mixed = (mixed * 69621 + 7) % _PRIME
    mixed ^= mixed >> 16
    return (mixed * 39373 + 11) % _PRIME


def drawn_key(word: int, low: int, high: int) -> float:
    """Return the place of a pair in the random order of a tick, from the tick's random word."""
    return float(mixed_up(mixed_up(word, low), high))


def keep_open(w: World, count: int) -> int:
    """Keep the pairs whose agents are both open; return how many they are."""
    kept = 0
    for k in range(count):
        low, high = int(w.meet[0, k]), int(w.meet[1, k])
        if w.ai[A_OPEN, low] and w.ai[A_OPEN, high]:
            w.meet[0, kept] = low
            w.meet[1, kept] = high
            w.meet[2, kept] = w.meet[2, k]
            if w.ci[C_RANDOM]:
                w.meet[2, kept] = drawn_key(w.ci[C_STREAM], low, high)
            kept += 1
    return kept


def join(w: World, low: int, high: int) -> None:
    """Make two agents a pair, unless one of them just found another partner."""
    if w.ai[A_PARTNER, low] < 0 and w.ai[A_PARTNER, high] < 0:
        w.ai[A_PARTNER, low] = high
        w.ai[A_PARTNER, high] = low
        let_go(w, low)
        let_go(w, high)


def pair_up(w: World, count: int) -> None:
    """Pair greedily: by descending score, equals (1e-9 relative) by lower id, then other id."""
    sort_entries(w.meet, 0, count, False)
    slack = 0.0 if w.ci[C_RANDOM] else TOLERANCE
    first = 0
    while first < count:
        end, top = first + 1, w.meet[2, first]
        while end < count and w.meet[2, end] >= top - slack * top:
            end += 1
        sort_entries(w.meet, first, end, True)
        for k in range(first, end):
            join(w, int(w.meet[0, k]), int(w.meet[1, k]))
        first = end

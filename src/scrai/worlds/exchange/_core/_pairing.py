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
    A_MEETS,
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
    C_RECORD,
    C_SQUARES,
    C_STREAM,
    C_VISION,
    F_BETA,
    N_FORAGE,
    N_PAIR,
    RECORD_ALL,
    TOLERANCE,
    World,
)
from scrai.worlds.exchange._core._near import distance, end_square, first_square, may_barter
from scrai.worlds.exchange._core._quotes import at_most
from scrai.worlds.exchange._core._search import joint_gain, joint_promise
from scrai.worlds.exchange._core._sort import sort_entries

_PRIME = 2147483647


def known_joint(w: World, low: int, high: int) -> float:
    """Return the joint gain of a pair, computed anew only when a holding changed."""
    open_barter = may_barter(w, low, high)
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


def counted(w: World, joint: float, away: int) -> float:
    """Return what a joint gain at a distance counts under the search protocol."""
    if w.ci[C_NEAREST] and joint > 0.0:
        joint = 1.0
    score: float = joint * w.cf[F_BETA + away]
    return score


def meet(w: World, i: int, j: int, away: int, count: int) -> int:
    """Note the pair of i < j, with the most it may score, if it may be a candidate at all."""
    if cooling(w, i, j):
        return count
    promise = counted(w, joint_promise(w, i, j, may_barter(w, i, j)), away)
    if not promise > 0.0:
        return count
    if count < w.meet.shape[1]:
        w.meet[0, count] = i
        w.meet[1, count] = j
        w.meet[2, count] = promise
    w.ai[A_MEETS, i] = 1
    w.ai[A_MEETS, j] = 1
    return count + 1


def meet_around(w: World, i: int, count: int) -> int:
    """Note the pairs of agent i with higher ids; return the new count, room or not."""
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
    """Note all pairs that may be candidates; return how many, room for them or not."""
    count = 0
    w.ci[C_MET] = 0
    for i in range(w.ci[C_AGENTS]):
        w.ai[A_MEETS, i] = 0
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_PARTNER, i] < 0:
            count = meet_around(w, i, count)
    return count


def best_forage(w: World, i: int) -> float:
    """Return agent i's best forage score: of the cell it is committed to, or of any in sight."""
    cell = w.ai[A_CELL, i]
    if cell >= 0:
        return forage_score(w, offered_gain(w, i, cell), cell_distance(w, i, cell))
    found, best = best_cell(w, i)
    return best if found >= 0 else 0.0


def weigh_forage(w: World) -> None:
    """Find what each agent that may pair would do without a partner."""
    for i in range(w.ci[C_AGENTS]):
        w.af[N_PAIR, i] = 0.0
        w.af[N_FORAGE, i] = 0.0
        w.ai[A_OPEN, i] = 0
        if w.ai[A_MEETS, i] and w.ci[C_MODE] == BOTH:
            w.af[N_FORAGE, i] = best_forage(w, i)


def prefers_to_meet(w: World, i: int, score: float) -> bool:
    """Tell whether half of a pair score is at least agent i's best forage score."""
    return at_most(w.af[N_FORAGE, i], score / 2.0)


def score_pair(w: World, k: int) -> None:
    """Put the score of a noted pair in the place of what was promised."""
    low, high = int(w.meet[0, k]), int(w.meet[1, k])
    w.ci[C_MET] += 1
    score = counted(w, known_joint(w, low, high), distance(w, low, high))
    w.meet[2, k] = score
    w.af[N_PAIR, low] = max(w.af[N_PAIR, low], score)
    w.af[N_PAIR, high] = max(w.af[N_PAIR, high], score)


def may_match(w: World, count: int) -> None:
    """Mark the agents that a noted pair might open, and of these those with another such agent."""
    for k in range(count):
        low, high, promise = int(w.meet[0, k]), int(w.meet[1, k]), w.meet[2, k]
        w.ai[A_OPEN, low] |= int(prefers_to_meet(w, low, promise))
        w.ai[A_OPEN, high] |= int(prefers_to_meet(w, high, promise))
    for k in range(count):
        low, high = int(w.meet[0, k]), int(w.meet[1, k])
        if w.ai[A_OPEN, low] and w.ai[A_OPEN, high]:
            w.ai[A_MEETS, low] = 2
            w.ai[A_MEETS, high] = 2


def undecided(w: World, i: int, promise: float) -> bool:
    """Tell whether it matters for agent i, and only a pair's score can tell, if it is open."""
    if w.ai[A_MEETS, i] < 2 or (w.af[N_PAIR, i] > 0.0 and prefers_to_meet(w, i, w.af[N_PAIR, i])):  # noqa: PLR2004
        return False
    return prefers_to_meet(w, i, promise)


def score_pairs(w: World, count: int) -> None:
    """Score the pairs that decide who is open to trade; of the others negate the promise.

    An agent that no open partner waits for need not be known to be open. All pairs are scored
    where scores are recorded.
    """
    may_match(w, count)
    for k in range(count):
        low, high, promise = int(w.meet[0, k]), int(w.meet[1, k]), w.meet[2, k]
        needed = undecided(w, low, promise) or undecided(w, high, promise)
        if needed or w.ci[C_RECORD] == RECORD_ALL:
            score_pair(w, k)
        else:
            w.meet[2, k] = -promise


def judge(w: World) -> None:
    """Let every agent that could pair decide whether it is open to it."""
    for i in range(w.ci[C_AGENTS]):
        w.ai[A_OPEN, i] = 0
        if w.af[N_PAIR, i] > 0.0:
            w.ai[A_OPEN, i] = int(prefers_to_meet(w, i, w.af[N_PAIR, i]))
        else:
            w.af[N_FORAGE, i] = 0.0


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
    """Keep the candidate pairs whose agents are both open; return how many they are."""
    kept = 0
    for k in range(count):
        low, high = int(w.meet[0, k]), int(w.meet[1, k])
        if not (w.ai[A_OPEN, low] and w.ai[A_OPEN, high]):
            continue
        if w.meet[2, k] < 0.0:
            score_pair(w, k)
        if w.meet[2, k] > 0.0:
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

"""Housekeeping: quotes, lambda, repair, and the sums of the tick."""

from __future__ import annotations

import math

from scrai.worlds.exchange._core._layout import (
    A_DECISION,
    A_IN_M,
    A_MONEY,
    A_NEXT,
    A_PARTNER,
    A_VERSION,
    A_X,
    A_Y,
    C_AGENTS,
    C_HEADS,
    C_KKT,
    C_LOG,
    C_MODE,
    C_RECORD,
    C_SQUARES,
    C_STOCK_A,
    C_TALLIES,
    C_TICK,
    C_VISION,
    EPS,
    F_LAMBDA_MAX,
    F_LAMBDA_MIN,
    F_RATE,
    F_SCALE,
    G_FORAGING,
    G_LAMBDA,
    G_MODE,
    G_PAIRS,
    G_PRICE,
    G_SPREAD,
    G_STOCK,
    G_TICK,
    G_TRADES,
    G_WELFARE,
    GO_FORAGE,
    N_ASK,
    N_LAMBDA,
    N_M0,
    N_MU,
    N_MU_B,
    N_NEXT,
    N_TOTAL,
    World,
)
from scrai.worlds.exchange._core._near import distance, end_square, first_square, index_agents
from scrai.worlds.exchange._core._quotes import quote_money, requote_changed
from scrai.worlds.exchange._core._sort import sort_entries
from scrai.worlds.exchange._core._utility import total_utility


def median_ask(w: World, i: int, market: int) -> float:
    """Return the lower median of the asks that agent i sees, its own included, in major units."""
    count = 0
    for row in range(first_square(w, w.ai[A_X, i]), end_square(w, w.ai[A_X, i])):
        for column in range(first_square(w, w.ai[A_Y, i]), end_square(w, w.ai[A_Y, i])):
            j = w.ci[C_HEADS + row * w.ci[C_SQUARES] + column]
            while j >= 0:
                if distance(w, i, j) <= w.ci[C_VISION]:
                    w.meet[2, count] = w.af[N_ASK + market, j]
                    count += 1
                j = w.ai[A_NEXT, j]
    sort_entries(w.meet, 0, count, False)
    # Descending: the lower of the two in the middle comes second.
    price: float = w.meet[2, count // 2] / w.cf[F_SCALE]
    return price


def aimed_lambda(w: World, i: int) -> float:
    """Return the lambda that makes agent i as eager for money as for the goods it can buy."""
    worth_a = max(w.af[N_MU, i], 0.0) / max(median_ask(w, i, A_IN_M), EPS)
    worth_b = max(w.af[N_MU_B, i], 0.0) / max(median_ask(w, i, A_IN_M + 1), EPS)
    aim: float = min(worth_a, worth_b)
    if w.ci[C_LOG]:
        aim = aim * max(w.ai[A_MONEY, i] / w.cf[F_SCALE] + w.af[N_M0, i], EPS)
    return aim


def update_lambdas(w: World) -> None:
    """Move all lambdas at once, from one snapshot of the quotes, and requote those that moved."""
    index_agents(w)
    rate = w.cf[F_RATE]
    for i in range(w.ci[C_AGENTS]):
        moved = (1.0 - rate) * w.af[N_LAMBDA, i] + rate * aimed_lambda(w, i)
        w.af[N_NEXT, i] = max(w.cf[F_LAMBDA_MIN], min(moved, w.cf[F_LAMBDA_MAX]))
    for i in range(w.ci[C_AGENTS]):
        if w.af[N_NEXT, i] != w.af[N_LAMBDA, i]:
            w.af[N_LAMBDA, i] = w.af[N_NEXT, i]
            w.ai[A_VERSION, i] += 1
            quote_money(w, i)


def repair(w: World) -> None:
    """Free agents whose partner does not know them, should a loaded world hold any."""
    for i in range(w.ci[C_AGENTS]):
        partner = w.ai[A_PARTNER, i]
        if partner >= 0 and w.ai[A_PARTNER, partner] != i:
            w.ai[A_PARTNER, i] = -1


def measure(w: World) -> None:
    """Compute the total utility of every agent, money included."""
    for i in range(w.ci[C_AGENTS]):
        w.af[N_TOTAL, i] = total_utility(w, i)


def rate_spread(w: World) -> float:
    """Return the standard deviation of ln MRS over the agents that quote; 0 in a market at rest."""
    count, total, squares = 0, 0.0, 0.0
    for i in range(w.ci[C_AGENTS]):
        if w.af[N_ASK, i] > 0.0:
            rate = math.log(w.af[N_ASK, i])
            count += 1
            total += rate
            squares += rate * rate
    mean = total / max(count, 1)
    return math.sqrt(max(0.0, squares / max(count, 1) - mean * mean))


def tally(w: World) -> None:
    """Complete the sums of the tick."""
    row, agents = w.ci[C_TALLIES], w.ci[C_AGENTS]
    w.tally[row, G_TICK], w.tally[row, G_MODE] = w.ci[C_TICK], w.ci[C_MODE]
    w.tally[row, G_STOCK] = w.ci[C_STOCK_A]
    w.tally[row, G_STOCK + 1] = w.ci[C_STOCK_A + 1]
    measure(w)
    for i in range(agents):
        w.tally[row, G_PAIRS] += int(w.ai[A_PARTNER, i] > i)
        w.tally[row, G_FORAGING] += int(w.ai[A_DECISION, i] == GO_FORAGE)
        w.tally[row, G_WELFARE] += w.af[N_TOTAL, i]
        w.tally[row, G_LAMBDA] += w.af[N_LAMBDA, i] / agents
    w.tally[row, G_SPREAD] = rate_spread(w)
    for kind in range(3):
        w.tally[row, G_PRICE + kind] /= max(w.tally[row, G_TRADES + kind], 1)


def housekeeping(w: World) -> None:
    """Recompute what changed, move lambdas, repair, record."""
    requote_changed(w)
    if w.ci[C_KKT]:
        update_lambdas(w)
    repair(w)
    if w.ci[C_RECORD]:
        tally(w)

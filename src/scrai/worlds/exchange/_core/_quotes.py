"""What an agent asks and bids, recomputed only when its holdings or its lambda changed.

Four markets: A paid in B, B paid in A, A and B paid in money (minor units). A negative quote means
that there is none.
"""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_CHANGED,
    A_GOOD,
    A_GOOD_B,
    A_IN_B,
    A_IN_M,
    A_TYPE,
    A_VERSION,
    B_IN_A,
    B_IN_M,
    BARTER_ONLY,
    C_AGENTS,
    C_CAP,
    C_RATE,
    C_REGIME,
    EPS,
    F_SCALE,
    F_SPREAD,
    F_THRESHOLD,
    N_ASK,
    N_BID,
    N_GAIN,
    N_GAIN_B,
    N_GAIN_MAX,
    N_MU,
    N_MU_B,
    N_U,
    TOLERANCE,
    World,
)
from scrai.worlds.exchange._core._utility import (
    goods_gain,
    holding_utility,
    marginals,
    money_marginal,
)

_LEAST_RATE, _MOST_RATE = 1e-6, 1e6
_MANY_AMOUNTS = 8
_NO_BOUND = 1e308


def at_most(low: float, high: float) -> bool:
    """Tell whether low <= high, within 1e-9 relative."""
    return low <= high + TOLERANCE * max(abs(low), abs(high))


def put_quote(w: World, i: int, market: int, price: float) -> None:
    """Ask and bid around one price, a spread apart on either side."""
    w.af[N_ASK + market, i] = price * (1.0 + w.cf[F_SPREAD])
    w.af[N_BID + market, i] = max(price * (1.0 - w.cf[F_SPREAD]), 0.0)


def quote_barter(w: World, i: int, mu_a: float, mu_b: float) -> None:
    """Quote A in B and B in A from the marginal rate of substitution."""
    if mu_a <= 0.0 and mu_b <= 0.0:
        for market in range(A_IN_B, B_IN_A + 1):
            w.af[N_ASK + market, i] = -1.0
            w.af[N_BID + market, i] = -1.0
        return
    rate = _MOST_RATE
    if mu_b > 0.0:
        rate = max(_LEAST_RATE, min(mu_a / mu_b, _MOST_RATE))
    put_quote(w, i, A_IN_B, rate)
    put_quote(w, i, B_IN_A, 1.0 / rate)
    if mu_a <= 0.0:
        w.af[N_BID + A_IN_B, i] = 0.0


def harvest_gain(w: World, i: int, good: int, units: int) -> float:
    """Return what harvesting `units` of a good (1 is A, 2 is B) adds to agent i's utility."""
    if good == 1:
        return goods_gain(w, i, units, 0)
    return goods_gain(w, i, 0, units)


def worth(w: World, i: int, good: int, gain: float) -> bool:
    """Tell whether a harvest of that gain is wanted: it improves, or is free of a good desired."""
    wanted: bool = w.af[N_MU + good - 1, i] > 0.0
    return gain > w.cf[F_THRESHOLD] or (gain >= 0.0 and wanted)


def expect_harvest(w: World, i: int) -> None:
    """Keep the gain of one full harvest of each good, and a bound for harvests of any size."""
    units = min(w.ci[C_RATE], w.ci[C_CAP])
    w.af[N_GAIN, i] = harvest_gain(w, i, 1, units)
    w.af[N_GAIN_B, i] = harvest_gain(w, i, 2, units)
    most = max(w.af[N_GAIN, i], w.af[N_GAIN_B, i])
    if units > _MANY_AMOUNTS:
        most = _NO_BOUND
    else:
        for fewer in range(1, units):
            most = max(most, harvest_gain(w, i, 1, fewer), harvest_gain(w, i, 2, fewer))
    w.af[N_GAIN_MAX, i] = most


def revalue(w: World, i: int) -> None:
    """Bring agent i's utility, marginal utilities and harvest gains up to its holdings."""
    w.af[N_U, i] = holding_utility(w, i, 0, 0)
    units_a, units_b = float(w.ai[A_GOOD, i]), float(w.ai[A_GOOD_B, i])
    mu_a, mu_b = marginals(w.af, i, w.ai[A_TYPE, i], units_a, units_b)
    w.af[N_MU, i], w.af[N_MU_B, i] = max(mu_a, 0.0), max(mu_b, 0.0)
    expect_harvest(w, i)


def requote(w: World, i: int) -> None:
    """Bring all that follows from agent i's holdings and lambda up to date."""
    w.ai[A_CHANGED, i] = 0
    w.ai[A_VERSION, i] += 1
    revalue(w, i)
    mu_a, mu_b = w.af[N_MU, i], w.af[N_MU_B, i]
    quote_barter(w, i, mu_a, mu_b)
    if w.ci[C_REGIME] != BARTER_ONLY:
        unit = w.cf[F_SCALE] / max(money_marginal(w, i), EPS)
        put_quote(w, i, A_IN_M, unit * mu_a)
        put_quote(w, i, B_IN_M, unit * mu_b)


def requote_changed(w: World) -> None:
    """Requote every agent whose holdings changed."""
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_CHANGED, i]:
            requote(w, i)

"""What an agent asks and bids, recomputed only when its holdings or its lambda changed.

Four markets: A paid in B, B paid in A, A and B paid in money (minor units). A negative quote means
that there is none.
"""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import (
    A_BOUNDED,
    A_CHANGED,
    A_CONVEX,
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
    C_LOG,
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
    N_LAMBDA,
    N_MU,
    N_MU_B,
    N_MU_M,
    N_U,
    QUADRATIC,
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
_EXACT = 1e4  # utilities below it are told apart more finely than any threshold
_STEEP = 1e15


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
    w.af[N_MU, i], w.af[N_MU_B, i] = mu_a, mu_b
    expect_harvest(w, i)


def promises(w: World, i: int) -> bool:
    """Tell whether agent i gains no more by any trade than its marginal utilities promise.

    So it is for concave tastes, with numbers so plain that floats do not hide it.
    """
    if not (w.ai[A_CONVEX, i] or w.ai[A_TYPE, i] == QUADRATIC):
        return False
    steepest = max(abs(w.af[N_MU, i]), abs(w.af[N_MU_B, i]), w.af[N_MU_M, i])
    if w.ci[C_LOG] and not w.af[N_LAMBDA, i] < _EXACT:
        return False
    plain: bool = abs(w.af[N_U, i]) < _EXACT and steepest < _STEEP
    return plain


def quote_money(w: World, i: int) -> None:
    """Bring all that follows from agent i's holdings of money and its lambda up to date."""
    if w.ci[C_REGIME] != BARTER_ONLY:
        worth = money_marginal(w, i)
        unit = w.cf[F_SCALE] / max(worth, EPS)
        w.af[N_MU_M, i] = worth / w.cf[F_SCALE]
        put_quote(w, i, A_IN_M, unit * max(w.af[N_MU, i], 0.0))
        put_quote(w, i, B_IN_M, unit * max(w.af[N_MU_B, i], 0.0))
    w.ai[A_BOUNDED, i] = int(promises(w, i))


def requote(w: World, i: int) -> None:
    """Bring all that follows from agent i's holdings and lambda up to date."""
    w.ai[A_CHANGED, i] = 0
    w.ai[A_VERSION, i] += 1
    revalue(w, i)
    quote_barter(w, i, w.af[N_MU, i], w.af[N_MU_B, i])
    quote_money(w, i)


def requote_changed(w: World) -> None:
    """Requote every agent whose holdings changed."""
    for i in range(w.ci[C_AGENTS]):
        if w.ai[A_CHANGED, i]:
            requote(w, i)

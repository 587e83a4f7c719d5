"""The five utilities, their marginal utilities, and the money term.

Scalar code with the C library's pow, exp and log, so that compiled and uncompiled runs agree in
every bit. Powers are scaled by the larger term, so that nothing overflows.
"""

from __future__ import annotations

import math

from scrai.worlds.exchange._core._layout import (
    A_GOOD,
    A_GOOD_B,
    A_MONEY,
    A_TYPE,
    C_LOG,
    C_REGIME,
    CES,
    EPS,
    F_SCALE,
    LINEAR,
    N_LAMBDA,
    N_M0,
    N_P,
    N_P1,
    N_P2,
    N_P3,
    N_P4,
    N_P5,
    N_U,
    QUADRATIC,
    TRANSLOG,
    Floats,
    World,
)

_LN_EPS = math.log(EPS)
_LEAST, _MOST = 1e-300, 1e300
_EXPONENT = 690.0


def ces(rho: float, w_a: float, w_b: float, a: float, b: float) -> float:
    """Return (w_a a^rho + w_b b^rho)^(1/rho), for rho = 0 the limit with shares w/(w_a + w_b)."""
    if rho == 0.0:
        share = w_a / (w_a + w_b)
        return math.pow(a, share) * math.pow(b, 1.0 - share)
    if rho < 0.0 and (a <= 0.0 or b <= 0.0):
        return 0.0
    # The term that dominates is taken out; the other is then at most its weight.
    if (a >= b) == (rho > 0.0):
        top, w_top, other, w_other = a, w_a, b, w_b
    else:
        top, w_top, other, w_other = b, w_b, a, w_a
    if top <= 0.0:
        return 0.0
    inner = math.log(w_top + w_other * math.pow(other / top, rho)) / rho
    if inner > _EXPONENT:
        return _MOST
    return top * math.exp(inner)


def quadratic(p: Floats, i: int, a: float, b: float) -> float:
    """Return -(a-A*)^2/sA^2 - (b-B*)^2/sB^2 - g (a-A*)(b-B*)."""
    x, y = a - p[N_P, i], b - p[N_P1, i]
    value: float = (
        -x * x / (p[N_P2, i] * p[N_P2, i]) - y * y / (p[N_P3, i] * p[N_P3, i]) - p[N_P4, i] * x * y
    )
    return value


def translog(p: Floats, i: int, a: float, b: float) -> float:
    """Return exp of the second-order form in the logarithms of a and b."""
    x, y = math.log(max(a, EPS)), math.log(max(b, EPS))
    value: float = (
        p[N_P, i]
        + p[N_P1, i] * x
        + p[N_P2, i] * y
        + p[N_P3, i] / 2.0 * x * x
        + p[N_P4, i] / 2.0 * y * y
        + p[N_P5, i] * x * y
    )
    return math.exp(min(value, _EXPONENT))


def soft_log(z: float) -> float:
    """Return ln z, and below 1e-12 the tangent there."""
    if z < EPS:
        return _LN_EPS + (z - EPS) / EPS
    return math.log(z)


def utility(p: Floats, i: int, kind: int, a: float, b: float) -> float:
    """Return agent i's utility of a units of A and b of B, money not included."""
    if kind == CES:
        return ces(p[N_P, i], p[N_P1, i], p[N_P2, i], a, b)
    if kind == LINEAR:
        value: float = p[N_P, i] * a + p[N_P1, i] * b
        return value
    if kind == QUADRATIC:
        return quadratic(p, i, a, b)
    if kind == TRANSLOG:
        return translog(p, i, a, b)
    total: float = p[N_P, i] * soft_log(a - p[N_P2, i]) + p[N_P1, i] * soft_log(b - p[N_P3, i])
    return total


def ces_marginal(rho: float, weight: float, u: float, x: float) -> float:
    """Return weight (u/x)^(1-rho), kept finite and positive."""
    ratio = math.log(max(u, _LEAST) / x)
    return weight * math.exp(max(-_EXPONENT, min((1.0 - rho) * ratio, _EXPONENT)))


def marginals(p: Floats, i: int, kind: int, a: float, b: float) -> tuple[float, float]:
    """Return agent i's marginal utilities of A and B at (a, b)."""
    mu_a: float
    mu_b: float
    if kind == CES:
        rho, w_a, w_b = p[N_P, i], p[N_P1, i], p[N_P2, i]
        x, y = max(a, EPS), max(b, EPS)
        u = ces(rho, w_a, w_b, x, y)
        if rho == 0.0:
            return w_a / (w_a + w_b) * u / x, w_b / (w_a + w_b) * u / y
        return ces_marginal(rho, w_a, u, x), ces_marginal(rho, w_b, u, y)
    if kind == LINEAR:
        mu_a, mu_b = p[N_P, i], p[N_P1, i]
    elif kind == QUADRATIC:
        x, y = a - p[N_P, i], b - p[N_P1, i]
        mu_a = -2.0 * x / (p[N_P2, i] * p[N_P2, i]) - p[N_P4, i] * y
        mu_b = -2.0 * y / (p[N_P3, i] * p[N_P3, i]) - p[N_P4, i] * x
    elif kind == TRANSLOG:
        u = translog(p, i, a, b)
        x, y = math.log(max(a, EPS)), math.log(max(b, EPS))
        mu_a = u * (p[N_P1, i] + p[N_P3, i] * x + p[N_P5, i] * y) / max(a, EPS)
        mu_b = u * (p[N_P2, i] + p[N_P4, i] * y + p[N_P5, i] * x) / max(b, EPS)
        mu_a, mu_b = max(mu_a, 0.0), max(mu_b, 0.0)
    else:
        mu_a = p[N_P, i] / max(a - p[N_P2, i], EPS)
        mu_b = p[N_P1, i] / max(b - p[N_P3, i], EPS)
    return mu_a, mu_b


def money_marginal(w: World, i: int) -> float:
    """Return agent i's marginal utility of a major unit of money."""
    worth: float = w.af[N_LAMBDA, i]
    if w.ci[C_LOG]:
        worth = worth / max(w.ai[A_MONEY, i] / w.cf[F_SCALE] + w.af[N_M0, i], EPS)
    return worth


def money_gain(w: World, i: int, change: int) -> float:
    """Return what `change` minor units of money add to agent i's utility."""
    scale = w.cf[F_SCALE]
    if not w.ci[C_LOG]:
        linear: float = w.af[N_LAMBDA, i] * (change / scale)
        return linear
    base = w.af[N_M0, i]
    after = math.log(max((w.ai[A_MONEY, i] + change) / scale + base, EPS))
    before = math.log(max(w.ai[A_MONEY, i] / scale + base, EPS))
    gain: float = w.af[N_LAMBDA, i] * (after - before)
    return gain


def total_utility(w: World, i: int) -> float:
    """Return agent i's utility now, with its money where the regime knows money."""
    u = holding_utility(w, i, 0, 0)
    if w.ci[C_REGIME] == 0:
        return u
    m = w.ai[A_MONEY, i] / w.cf[F_SCALE]
    if w.ci[C_LOG]:
        m = math.log(max(m + w.af[N_M0, i], EPS))
    total: float = u + w.af[N_LAMBDA, i] * m
    return total


def holding_utility(w: World, i: int, a: int, b: int) -> float:
    """Return agent i's utility, money not included, with a more units of A and b of B."""
    units_a, units_b = float(w.ai[A_GOOD, i] + a), float(w.ai[A_GOOD_B, i] + b)
    return utility(w.af, i, w.ai[A_TYPE, i], units_a, units_b)


def goods_gain(w: World, i: int, a: int, b: int) -> float:
    """Return what a more units of A and b of B add to agent i's utility (quotes up to date)."""
    gain: float = holding_utility(w, i, a, b) - w.af[N_U, i]
    return gain

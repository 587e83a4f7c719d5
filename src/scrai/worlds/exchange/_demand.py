"""What agents would buy: the best bundles on a budget line, in closed form where there is one."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from scrai.worlds.exchange._tastes import Floats, Tastes

_ROUNDS: Final = 45
_STEEPEST: Final = 300.0


def demand(tastes: Tastes, price: Floats, wealth: Floats) -> tuple[Floats, Floats]:
    """Return the best A and B for a wealth and a price of A, both in B; one column per agent.

    Where the bundle that satiates an agent can be paid, it is that one, and wealth is left over.
    """
    price, wealth = np.broadcast_arrays(price, np.maximum(wealth, 0.0))
    a = np.empty(wealth.shape)
    for kind, members, params in tastes.kinds:
        p, w = price[..., members], wealth[..., members]
        closed = _CLOSED.get(kind)
        found = closed(p, w, params) if closed else _searched(tastes.of(members), p, w)
        a[..., members] = np.clip(found, 0.0, w / p)
    best_a, best_b = tastes.bliss()
    sated = price * best_a + best_b <= wealth
    b = np.maximum(wealth - price * a, 0.0)
    return np.where(sated, best_a, a), np.where(sated, best_b, b)


def _ces(price: Floats, wealth: Floats, p: dict[str, Floats]) -> Floats:
    steep = np.log(p["wA"] / (p["wB"] * price)) / (1.0 - p["rho"])
    ratio = np.exp(np.clip(steep, -_STEEPEST, _STEEPEST))
    return ratio * wealth / (1.0 + price * ratio)


def _linear(price: Floats, wealth: Floats, p: dict[str, Floats]) -> Floats:
    return np.where(p["vA"] > price * p["vB"], wealth / price, 0.0)


def _quadratic(price: Floats, wealth: Floats, p: dict[str, Floats]) -> Floats:
    """The derivative along the budget line is linear in A: this is its zero."""
    of_a = price * p["gamma"] - 2.0 / p["sigma_A"] ** 2
    of_b = 2.0 * price / p["sigma_B"] ** 2 - p["gamma"]
    rest = wealth - p["B_star"]
    return (p["A_star"] * of_a - rest * of_b) / (of_a - price * of_b)


def _searched(tastes: Tastes, price: Floats, wealth: Floats) -> Floats:
    """Find the zero of the derivative along the budget line by bisection."""
    low, high = np.zeros(wealth.shape), wealth / price
    for _ in range(_ROUNDS):
        middle = (low + high) / 2.0
        of_a, of_b = tastes.marginal(middle, np.maximum(wealth - price * middle, 0.0))
        more = of_a > price * of_b
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return (low + high) / 2.0


_CLOSED: Final[dict[str, Any]] = {"ces": _ces, "linear": _linear, "quadratic": _quadratic}

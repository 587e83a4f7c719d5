"""Utilities over real bundles, for whole arrays at once: what benchmarks and pictures need.

The core values integer bundles with scalar code of its own; these agree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from scrai.worlds.exchange._spec import PARAMETERS, UtilitySpec

Floats: TypeAlias = npt.NDArray[np.float64]
EPS: Final = 1e-12


class Tastes:
    """The utilities of some agents. Bundles have one column per agent, any rows before that.

    Attributes:
        size: how many agents.
        kinds: (type, which agents, their parameters by name) of each type that occurs.
    """

    def __init__(self, utilities: Sequence[UtilitySpec]) -> None:
        self.size = len(utilities)
        self._utilities = utilities
        self.kinds: list[tuple[str, npt.NDArray[np.intp], dict[str, Floats]]] = []
        for kind, keys in PARAMETERS.items():
            members = [i for i, each in enumerate(utilities) if each.type == kind]
            params = {
                key: np.array([float(utilities[i].params.get(key, 0.0)) for i in members])
                for key in keys
            }
            if members:
                self.kinds.append((kind, np.array(members), params))

    def of(self, members: npt.NDArray[np.intp]) -> Tastes:
        """Return the tastes of some of the agents."""
        return Tastes([self._utilities[i] for i in members.tolist()])

    def utility(self, a: Floats, b: Floats) -> Floats:
        """Return the utility of goods, money left out."""
        return self._each(a, b, lambda kind: _VALUES[kind])

    def marginal(self, a: Floats, b: Floats) -> tuple[Floats, Floats]:
        """Return the marginal utilities of A and of B, not clipped."""
        of_a = self._each(a, b, lambda kind: lambda x, y, p: _MARGINAL[kind](x, y, p)[0])
        of_b = self._each(a, b, lambda kind: lambda x, y, p: _MARGINAL[kind](x, y, p)[1])
        return of_a, of_b

    def bliss(self) -> tuple[Floats, Floats]:
        """Return the bundle that each agent wants no more than; infinite where there is none."""
        a, b = np.full(self.size, np.inf), np.full(self.size, np.inf)
        for kind, members, p in self.kinds:
            if kind == "quadratic":
                a[members], b[members] = p["A_star"], p["B_star"]
        return a, b

    def _each(self, a: Floats, b: Floats, find: Callable[[str], Any]) -> Floats:
        a, b, _ = np.broadcast_arrays(a, b, np.zeros(self.size))
        found = np.empty(a.shape)
        with np.errstate(all="ignore"):
            for kind, members, params in self.kinds:
                found[..., members] = find(kind)(a[..., members], b[..., members], params)
        return found


def _ces(a: Floats, b: Floats, p: dict[str, Floats]) -> Floats:
    rho, w_a, w_b = p["rho"], p["wA"], p["wB"]
    limit = rho == 0.0
    r = np.where(limit, 1.0, rho)
    x, y = np.maximum(a, EPS), np.maximum(b, EPS)
    # The larger power is taken out, so that none overflows.
    log_x, log_y = np.log(w_a) + r * np.log(x), np.log(w_b) + r * np.log(y)
    value = np.exp(np.logaddexp(log_x, log_y) / r)
    share = w_a / (w_a + w_b)
    value = np.where(limit, np.exp(share * np.log(x) + (1.0 - share) * np.log(y)), value)
    empty = (rho <= 0.0) & ((a <= 0.0) | (b <= 0.0))
    return np.where(empty, 0.0, value)


def _ces_marginal(a: Floats, b: Floats, p: dict[str, Floats]) -> tuple[Floats, Floats]:
    rho = p["rho"]
    x, y = np.maximum(a, EPS), np.maximum(b, EPS)
    value = _ces(x, y, p)
    total = np.where(rho == 0.0, p["wA"] + p["wB"], 1.0)
    of_a = p["wA"] / total * (value / x) ** (1.0 - rho)
    return of_a, p["wB"] / total * (value / y) ** (1.0 - rho)


def _linear(a: Floats, b: Floats, p: dict[str, Floats]) -> Floats:
    return p["vA"] * a + p["vB"] * b


def _linear_marginal(a: Floats, b: Floats, p: dict[str, Floats]) -> tuple[Floats, Floats]:
    return p["vA"] + 0.0 * a, p["vB"] + 0.0 * b


def _quadratic(a: Floats, b: Floats, p: dict[str, Floats]) -> Floats:
    x, y = a - p["A_star"], b - p["B_star"]
    return -((x / p["sigma_A"]) ** 2) - (y / p["sigma_B"]) ** 2 - p["gamma"] * x * y


def _quadratic_marginal(a: Floats, b: Floats, p: dict[str, Floats]) -> tuple[Floats, Floats]:
    x, y = a - p["A_star"], b - p["B_star"]
    of_a = -2.0 * x / p["sigma_A"] ** 2 - p["gamma"] * y
    return of_a, -2.0 * y / p["sigma_B"] ** 2 - p["gamma"] * x


def _translog(a: Floats, b: Floats, p: dict[str, Floats]) -> Floats:
    x, y = np.log(np.maximum(a, EPS)), np.log(np.maximum(b, EPS))
    first = p["alpha_0"] + p["alpha_A"] * x + p["alpha_B"] * y
    return np.exp(first + (p["beta_AA"] * x * x + p["beta_BB"] * y * y) / 2 + p["beta_AB"] * x * y)


def _translog_marginal(a: Floats, b: Floats, p: dict[str, Floats]) -> tuple[Floats, Floats]:
    value = _translog(a, b, p)
    a, b = np.maximum(a, EPS), np.maximum(b, EPS)
    x, y = np.log(a), np.log(b)
    of_a = p["alpha_A"] + p["beta_AA"] * x + p["beta_AB"] * y
    return value / a * of_a, value / b * (p["alpha_B"] + p["beta_BB"] * y + p["beta_AB"] * x)


def _log_above(z: Floats) -> Floats:
    """Return ln z, continued along its tangent below EPS."""
    return np.where(z < EPS, np.log(EPS) + (z - EPS) / EPS, np.log(np.maximum(z, EPS)))


def _stone_geary(a: Floats, b: Floats, p: dict[str, Floats]) -> Floats:
    of_a = p["alpha_A"] * _log_above(a - p["gamma_A"])
    return of_a + p["alpha_B"] * _log_above(b - p["gamma_B"])


def _stone_geary_marginal(a: Floats, b: Floats, p: dict[str, Floats]) -> tuple[Floats, Floats]:
    of_a = p["alpha_A"] / np.maximum(a - p["gamma_A"], EPS)
    return of_a, p["alpha_B"] / np.maximum(b - p["gamma_B"], EPS)


_VALUES: Final = {
    "ces": _ces,
    "linear": _linear,
    "quadratic": _quadratic,
    "translog": _translog,
    "stone_geary": _stone_geary,
}
_MARGINAL: Final = {
    "ces": _ces_marginal,
    "linear": _linear_marginal,
    "quadratic": _quadratic_marginal,
    "translog": _translog_marginal,
    "stone_geary": _stone_geary_marginal,
}

"""Utilities, marginal utilities and MRS against high-precision arithmetic (mpmath)."""

from __future__ import annotations

import numpy as np
import pytest
from _exchange_specs import utilities
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core._utility import marginals, utility
from scrai.worlds.exchange._spec import UtilitySpec
from scrai.worlds.exchange._utilities import utility_row

mp.dps = 60
EPS = mpf("1e-12")


def packed(spec):
    table = np.zeros((at.AGENT_FLOATS, 1))
    row = utility_row(spec)
    table[at.N_P : at.N_P + len(row), 0] = row
    return table, _spec.UTILITY_TYPES.index(spec.type)


def soft_log(z):
    return mp.log(z) if z >= EPS else mp.log(EPS) + (z - EPS) / EPS


def oracle(spec, a, b, least=EPS):  # noqa: PLR0911 - a case each
    """The utility as a function of two mpf, defined also beside whole numbers."""
    p = {key: mpf(value) for key, value in spec.params.items()}
    if spec.type == "ces":
        if p["rho"] == 0:
            share = p["wA"] / (p["wA"] + p["wB"])
            return a**share * b ** (1 - share)
        if (a == 0 or b == 0) and p["rho"] < 0:
            return mpf(0)
        inner = p["wA"] * a ** p["rho"] + p["wB"] * b ** p["rho"]
        return inner ** (1 / p["rho"]) if inner else mpf(0)
    if spec.type == "linear":
        return p["vA"] * a + p["vB"] * b
    if spec.type == "quadratic":
        x, y = a - p["A_star"], b - p["B_star"]
        g = p.get("gamma", mpf(0))
        return -((x / p["sigma_A"]) ** 2) - (y / p["sigma_B"]) ** 2 - g * x * y
    if spec.type == "translog":
        x, y = mp.log(max(a, least)), mp.log(max(b, least))
        second = p["beta_AA"] / 2 * x**2 + p["beta_BB"] / 2 * y**2 + p["beta_AB"] * x * y
        return mp.exp(p.get("alpha_0", 0) + p["alpha_A"] * x + p["alpha_B"] * y + second)
    of_a = p["alpha_A"] * soft_log(a - p["gamma_A"])
    return of_a + p["alpha_B"] * soft_log(b - p["gamma_B"])


def derivatives(spec, a, b):
    """Central differences in 60 digits, at the point where marginal utility is defined."""
    a, b, h = mpf(a), mpf(b), mpf("1e-22")
    if spec.type in ("ces", "translog"):
        a, b = max(a, EPS), max(b, EPS)
    tiny = mpf("1e-30")  # two-sided also at the least logarithm
    by_a = (oracle(spec, a + h, b, tiny) - oracle(spec, a - h, b, tiny)) / (2 * h)
    by_b = (oracle(spec, a, b + h, tiny) - oracle(spec, a, b - h, tiny)) / (2 * h)
    if spec.type == "translog":
        by_a, by_b = max(by_a, mpf(0)), max(by_b, mpf(0))
    return float(by_a), float(by_b)


def ces(rho, wa=1.0, wb=1.0):
    return UtilitySpec("ces", {"rho": rho, "wA": wa, "wB": wb})


STONE = UtilitySpec("stone_geary", {"alpha_A": 0.4, "alpha_B": 0.6, "gamma_A": 3, "gamma_B": 2})
BLISS = UtilitySpec(
    "quadratic", {"A_star": 7, "B_star": 5, "sigma_A": 2, "sigma_B": 3, "gamma": 0.2}
)
TRANSLOG = UtilitySpec(
    "translog",
    {"alpha_A": 0.5, "alpha_B": 0.5, "beta_AA": -0.1, "beta_BB": -0.1, "beta_AB": 0.03},
)


@settings(max_examples=300, deadline=None)
@given(spec=utilities(), a=st.integers(0, 2000), b=st.integers(0, 2000))
@example(spec=ces(-0.5), a=0, b=5)
@example(spec=ces(-2.0), a=0, b=0)
@example(spec=ces(0.5, 0.3, 0.7), a=0, b=9)
@example(spec=ces(0.0, 2.0, 3.0), a=4, b=0)
@example(spec=ces(0.99, 0.4, 0.6), a=1, b=100000)
@example(spec=ces(0.001, 0.4, 0.6), a=3, b=8)
@example(spec=ces(-30.0), a=0, b=8)
@example(spec=ces(1.5), a=3, b=0)
@example(spec=STONE, a=0, b=0)
@example(spec=STONE, a=3, b=2)
@example(spec=STONE, a=4, b=1)
@example(spec=BLISS, a=7, b=5)
@example(spec=BLISS, a=9, b=5)
@example(spec=TRANSLOG, a=0, b=7)
@example(spec=TRANSLOG, a=10000, b=0)
def test_values_and_derivatives_agree_with_the_oracle(spec, a, b):
    table, kind = packed(spec)
    exact = float(oracle(spec, mpf(a), mpf(b)))
    assert utility(table, 0, kind, float(a), float(b)) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    mu = marginals(table, 0, kind, float(a), float(b))
    wanted = derivatives(spec, a, b)
    if spec.type == "quadratic":
        assert mu == pytest.approx(wanted, rel=1e-9, abs=1e-9)
        return
    for mine, theirs in zip(mu, wanted, strict=True):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-290)
    if wanted[1] > 1e-280:
        assert mu[0] / mu[1] == pytest.approx(wanted[0] / wanted[1], rel=2e-9, abs=1e-290)


@pytest.mark.parametrize("rho", [-300.0, -30.0, -0.5, 0.0, 0.3, 0.99])
@pytest.mark.parametrize("bundle", [(0, 0), (0, 9), (9, 0), (10**6, 1)])
def test_ces_marginals_are_finite_and_positive_everywhere(rho, bundle):
    table, kind = packed(ces(rho, 0.4, 0.6))
    for mu in marginals(table, 0, kind, float(bundle[0]), float(bundle[1])):
        assert 0.0 < mu < float("inf")

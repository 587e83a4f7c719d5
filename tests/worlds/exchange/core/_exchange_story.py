"""Small economies lived without compiling; prints their hashes. Run by other interpreters."""

from __future__ import annotations

import json
from dataclasses import replace

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._core import _tick, run_ticks, set_up, world_hash
from scrai.worlds.exchange._spec import ExchangeSpec, Params, UtilitySpec

TASTES = (
    UtilitySpec("ces", {"rho": -0.5, "wA": 0.3, "wB": 0.7}),
    UtilitySpec("linear", {"vA": 1.3, "vB": 0.7}),
    UtilitySpec(
        "quadratic", {"A_star": 12, "B_star": 9, "sigma_A": 5, "sigma_B": 7, "gamma": 0.02}
    ),
    UtilitySpec(
        "translog",
        {"alpha_A": 0.5, "alpha_B": 0.45, "beta_AA": -0.05, "beta_BB": -0.04, "beta_AB": 0.01},
    ),
    UtilitySpec("stone_geary", {"alpha_A": 0.4, "alpha_B": 0.6, "gamma_A": 1, "gamma_B": 2}),
)


def economy(regime: str) -> ExchangeSpec:
    """Return ten agents of all tastes, whose money's worth moves and whose pairs are drawn."""
    n = 2 * len(TASTES)
    return ExchangeSpec(
        name="story",
        N=7,
        agents=n,
        A=[3 + 5 * i % 11 for i in range(n)],
        B=[3 + 7 * i % 13 for i in range(n)],
        M=[0 if regime == "barter_only" else 5 + 3 * i for i in range(n)],
        lambda_money=[0.5 + i / 10 for i in range(n)],
        M_0=[1.0] * n,
        utilities=[TASTES[i % len(TASTES)] for i in range(n)],
        resource_density=0.3,
        resource_amount=4,
        mode_schedule=None,
        params=replace(
            Params(), exchange_regime=regime, money_mode="kkt_lambda", money_utility_form="log",
            spread=0.05, matching="random", vision_radius=3, min_quotes=5,
        ),
        allow_colocation=False,
    )  # fmt: skip


def story() -> dict[str, str]:
    """Return the hash of each regime's world after 40 ticks."""
    hashes = {}
    for regime in _spec.REGIMES:
        state = set_up(economy(regime), 5)
        run_ticks(state, 40, "full", run=_tick.run)
        hashes[regime] = world_hash(state)
    return hashes


if __name__ == "__main__":
    print(json.dumps(story()))

"""A run beside its Walrasian equilibrium: prices, and how much of what was possible it reached."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._compared import late_of
from scrai.worlds.exchange._tastes import Floats, Tastes
from scrai.worlds.exchange._view import View
from scrai.worlds.exchange._walras import Equilibrium, Purse, barter, money

MOST_AGENTS: Final = {"barter": 100_000, "money": 400}
"""With money prices are searched for in two dimensions, which takes a second per ten agents."""


def benchmark(view: View) -> dict[str, Any]:
    """Return prices and welfare of a run and of the equilibrium from what its agents had.

    Endowments are what an agent held at the end less what trade brought: its initial goods and
    what it foraged. Marginal utilities of money are those at the end.

    Raises:
        InvalidInputError: there are more agents than can be computed.
    """
    regime = view.spec.params.exchange_regime
    kind = "barter" if regime == "barter_only" else "money"
    if view.spec.agents > MOST_AGENTS[kind]:
        raise InvalidInputError(
            f"run {view.id} has {view.spec.agents:,} agents; with {kind} the benchmark is computed"
            f" for at most {MOST_AGENTS[kind]:,}"
        )
    tastes, a, b = Tastes(view.spec.utilities), *(endowment(view, good) for good in "AB")
    purse = purse_of(view)
    found = barter(tastes, a, b) if kind == "barter" else money(tastes, purse, a, b)
    worth = 0.0 if kind == "barter" else float(purse.worth(purse.money).sum())
    before = float(tastes.utility(a, b).sum()) + worth
    return _told(view, found, before)


def endowment(view: View, good: str) -> Floats:
    """Return what each agent had of a good (or of money, minor units) but for trade."""
    trades, held = view.tables["trades"], view.now[good].astype(float)
    moved = trades[f"d{good}"].astype(float)
    np.subtract.at(held, trades["buyer_id"], moved)
    np.add.at(held, trades["seller_id"], moved)
    return held


def purse_of(view: View) -> Purse:
    """Return the money that the agents began with."""
    params = view.spec.params
    return Purse(
        endowment(view, "M") / params.money_scale,
        view.now["lambda"].astype(float),
        np.array(view.spec.M_0, float),
        params.money_utility_form == "log",
    )


def _told(view: View, found: Equilibrium, before: float) -> dict[str, Any]:
    now = float(view.now["utility"].sum())
    possible, reached = found.welfare - before, now - before
    names = ("AB",) if len(found.prices) == 1 else ("AM", "BM")
    return {
        "run": view.id,
        "tick": int(view.now["tick"][0]),
        "prices": {
            name: {"walras": price, "late": _late(view, name)}
            for name, price in zip(names, found.prices, strict=True)
        },
        "excess_demand": {"A": found.excess[0], "B": found.excess[1]},
        "welfare": {"endowments": before, "reached": now, "walras": found.welfare},
        "efficiency": reached / possible if possible > 0 else None,
    }


def _late(view: View, kind: str) -> float | None:
    """Return the mean price of the last fifth of the trades of a kind, in units of the file."""
    trades = view.tables["trades"]
    prices = trades["price"][trades["pair"] == f"{kind[0]}-{kind[1]}"]
    good = trades["good"][trades["pair"] == f"{kind[0]}-{kind[1]}"]
    if not len(prices):
        return None
    # A trade of B for A has its price in A.
    prices = np.where(good == "B", 1 / prices, prices) if kind == "AB" else prices
    scale = 1 if kind == "AB" else view.spec.params.money_scale
    return float(np.mean(prices[-late_of(len(prices)) :])) / scale

"""What is noted of a run besides its tables: totals, and whether all is as it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scrai._words import plural
from scrai.worlds.exchange._core import Records, State

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "barter_only": ("AB",),
    "money_only": ("AM", "BM"),
    "mixed": ("AB", "AM", "BM"),
    "mixed_liquidity_gated": ("AB", "AM", "BM"),
}
"""The kinds of trade that a regime knows."""

GOODS: Final = ("A", "B")


def held(state: State) -> dict[str, int]:
    """Return how much of A, B and M (minor units) the agents hold together."""
    return {name: int(state.column(name).sum()) for name in ("A", "B", "M")}


def welfare(utility: npt.NDArray[np.float64]) -> float:
    """Return the sum of utilities at 9 significant digits, which no machine disputes."""
    return float(f"{math.fsum(utility.tolist()):.8e}")


def begun(state: State, utility: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Return the totals of a run that has not lived a tick."""
    kinds = KINDS[state.spec.params.exchange_regime]
    return {
        "start": held(state) | {"welfare": welfare(utility)},
        "trades": dict.fromkeys(kinds, 0),
        "units": dict.fromkeys(kinds, 0),
        "paid": dict.fromkeys(kinds, 0.0),
        "gains": 0.0,
        "harvested": dict.fromkeys(GOODS, 0),
        "frozen": 0,
        "conserved": True,
    }


def added(totals: Mapping[str, Any], records: Records) -> dict[str, Any]:
    """Return totals with what was recorded of more ticks."""
    ticks = records.tables["aggregates"]
    found = dict(totals)
    for name, column in (("trades", "trades"), ("units", "volume")):
        found[name] = {
            kind: old + int(ticks[f"{column}_{kind}"].sum()) for kind, old in totals[name].items()
        }
    found["paid"] = {
        kind: math.fsum((old, *_paid(ticks, kind))) for kind, old in totals["paid"].items()
    }
    found["gains"] = math.fsum((totals["gains"], *ticks["gains"].tolist()))
    found["harvested"] = {
        good: old + int(ticks[f"harvested_{good}"].sum())
        for good, old in totals["harvested"].items()
    }
    return found


def _paid(ticks: Mapping[str, npt.NDArray[Any]], kind: str) -> list[float]:
    """Return mean price times number of trades for each tick that had any."""
    traded = ticks[f"trades_{kind}"] > 0
    paid = ticks[f"price_{kind}"][traded] * ticks[f"trades_{kind}"][traded]
    return [float(value) for value in paid.tolist()]


def passed(tick: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return what a cycle brought, in a line; its last tick, and the totals before and after."""
    trades = sum(after["trades"].values()) - sum(before["trades"].values())
    foraged = [f"{after['harvested'][good] - before['harvested'][good]:,} {good}" for good in GOODS]
    return (
        f"to tick {tick:,}: {plural(trades, 'trade')} gave {after['gains'] - before['gains']:,.6g};"
        f" foraged {' and '.join(foraged)}"
    )


def conserved(totals: Mapping[str, Any], state: State) -> bool:
    """Say whether goods changed by harvest alone, money not at all, and nothing is below zero."""
    now, start = held(state), totals["start"]
    goods = all(now[good] == start[good] + totals["harvested"][good] for good in GOODS)
    least = min(int(state.column(name).min()) for name in ("A", "B", "M"))
    return goods and now["M"] == start["M"] and least >= 0


def watched(state: State) -> npt.NDArray[np.int64]:
    """Return what changes for a pair that is not frozen: rows partner, x, y, A, B, M."""
    return np.stack([state.column(name) for name in ("partner", "x", "y", "A", "B", "M")])


def frozen(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> int:
    """Return how many agents kept their partner while neither moved nor traded.

    In every tick a pair trades, comes closer, or parts; so there should be none.
    """
    still = (before == after).all(axis=0) & (after[0] >= 0)
    return int((still & still[after[0]]).sum())


def measured(tick: int, welfare_now: float, totals: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a run so far; there is no price of a kind that nobody traded."""
    found: dict[str, float] = {"tick": tick, "welfare": welfare_now, "frozen": totals["frozen"]}
    found["welfare_start"] = totals["start"]["welfare"]
    for kind, count in totals["trades"].items():
        found[f"trades_{kind}"] = count
        found[f"units_{kind}"] = totals["units"][kind]
        if count:
            found[f"price_{kind}"] = totals["paid"][kind] / count
    found["gains"] = totals["gains"]
    for good in GOODS:
        found[f"foraged_{good}"] = totals["harvested"][good]
    found["conserved"] = int(totals["conserved"])
    return found

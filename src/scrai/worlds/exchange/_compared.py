"""Runs beside one another, in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from scrai.worlds.exchange._observe import GOODS, KINDS
from scrai.worlds.exchange._view import View

_LATE: Final = 0.2
"""The share of the ticks at the end that the late price is the mean of."""


def table_of(views: Sequence[View]) -> list[dict[str, Any]]:
    """Return for each run what it reached; a price is None where nobody traded."""
    return [_row(view) for view in views]


def _row(view: View) -> dict[str, Any]:
    ticks, params = view.tables["aggregates"], view.spec.params
    start = float(view.agents_at(int(view.ticks[0]))["utility"].sum())
    found: dict[str, Any] = {
        "run": view.id,
        "regime": params.exchange_regime,
        "seed": view.seed,
        "ticks": int(ticks["tick"][-1]),
        "welfare_start": start,
        "welfare": float(ticks["welfare"][-1]),
        "gains": float(ticks["gains"].sum()),
        "disagreement": float(ticks["mrs_spread"][-1]),
    }
    for good in GOODS:
        found[f"foraged_{good}"] = int(ticks[f"harvested_{good}"].sum())
    for kind in KINDS["mixed"]:
        found |= _of_kind(ticks, kind)
    return found


def _of_kind(ticks: Any, kind: str) -> dict[str, Any]:
    trades = ticks[f"trades_{kind}"]
    late = trades.copy()
    late[: int(len(trades) * (1 - _LATE))] = 0
    price = None
    if late.sum():
        price = float(np.nansum(np.nan_to_num(ticks[f"price_{kind}"]) * late) / late.sum())
    return {f"trades_{kind}": int(trades.sum()), f"late_price_{kind}": price}

"""Runs beside one another: in numbers, and what in these can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from scrai.worlds.exchange._observe import GOODS, KINDS
from scrai.worlds.exchange._spec import ExchangeSpec
from scrai.worlds.exchange._tastes import Floats, Tastes
from scrai.worlds.exchange._view import View

_LATE: Final = 0.2
"""The share of the ticks at the end that the late price is the mean of."""


def table_of(views: Sequence[View]) -> list[dict[str, Any]]:
    """Return for each run what it reached; a price is None where nobody traded."""
    return [_row(view) for view in views]


def _row(view: View) -> dict[str, Any]:
    ticks, params = view.tables["aggregates"], view.spec.params
    began = view.agents_at(int(view.ticks[0]))
    start, end = float(began["utility"].sum()), float(ticks["welfare"][-1])
    found: dict[str, Any] = {
        "run": view.id,
        "regime": params.exchange_regime,
        "seed": view.seed,
        "ticks": int(ticks["tick"][-1]),
        "welfare_start": start,
        "welfare": end,
        "welfare_gained": end - start,
        "goods_gained": float(goods_gained(view)[-1]),
        "gains": float(ticks["gains"].sum()),
        "disagreement": float(ticks["mrs_spread"][-1]),
    }
    for good in GOODS:
        found[f"foraged_{good}"] = int(ticks[f"harvested_{good}"].sum())
    for kind in KINDS["mixed"]:
        found |= _of_kind(ticks, kind)
    return found


def goods_gained(view: View) -> Floats:
    """Return how the sum of the utilities of goods, money left out, has grown.

    One value for each tick at which agents were recorded.
    """
    agents, count = view.tables["agents"], view.spec.agents
    held = (agents[good].astype(float).reshape(-1, count) for good in GOODS)
    total = Tastes(view.spec.utilities).utility(*held).sum(axis=1)
    grown: Floats = total - total[0]
    return grown


def notes_of(views: Sequence[View]) -> list[str]:
    """Return what must be known before these runs' sums of utilities are compared."""
    return list(_notes(views))


def _notes(views: Sequence[View]) -> Iterator[str]:
    specs = [view.spec for view in views]
    counting = {_counts_money(spec) for spec in specs}
    if any(spec.utilities != specs[0].utilities for spec in specs):
        yield (
            "The runs' agents have other utilities, so sums of utility have no common unit:"
            " scrai exchange walras RUN measures each by what it could reach."
        )
    if len(counting) > 1:
        yield (
            "Welfare counts money, but not under barter_only:"
            " compare goods gained, which leaves money out everywhere."
        )
    elif len({_worth_of_money(spec) for spec in specs}) > 1:
        yield (
            "Money is worth something else from run to run:"
            " compare goods gained, which leaves money out everywhere."
        )
    if any(_counts_money(spec) and spec.params.money_mode == "kkt_lambda" for spec in specs):
        yield (
            "With kkt_lambda agents revalue their money, which changes welfare without a gain:"
            " goods gained leaves it out."
        )
    if len({(tuple(spec.A), tuple(spec.B)) for spec in specs}) > 1:
        yield "The runs began with other goods, so there was not as much to gain in each."
    if len({tuple(spec.M) for spec in specs if _counts_money(spec)}) > 1:
        yield "The runs began with other amounts of money: compare what was gained, not welfare."


def _counts_money(spec: ExchangeSpec) -> bool:
    return spec.params.exchange_regime != "barter_only"


def _worth_of_money(spec: ExchangeSpec) -> Any:
    if not _counts_money(spec):
        return None
    params = spec.params
    worth = tuple(spec.lambda_money), tuple(spec.M_0)
    return params.money_utility_form, params.money_scale, *worth


def labels_of(views: Sequence[View], settings: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return for each run its name, regime and seed, and what else it has unlike the first."""
    return {view.id: ", ".join(_label(view, views[0], settings)) for view in views}


def _label(view: View, first: View, settings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"{view.id}: {view.spec.params.exchange_regime}"
    yield f"seed {view.seed}"
    found = [
        f"{row['setting'].rpartition('.')[2]} {_value(row, view)}"
        for row in settings
        if row["setting"].startswith("configuration.")
        and not row["setting"].endswith(_TOLD)
        and _value(row, view) != _value(row, first)
        and isinstance(_value(row, view), str | int | float)
    ]
    yield from found[:_MOST_TOLD]


def _value(row: Mapping[str, Any], view: View) -> Any:
    return row["values"].get(view.id, row.get("default"))


_TOLD: Final = (".exchange_regime", ".telemetry")
_MOST_TOLD: Final = 2


def _of_kind(ticks: Any, kind: str) -> dict[str, Any]:
    trades = ticks[f"trades_{kind}"]
    late = trades.copy()
    late[: int(len(trades) * (1 - _LATE))] = 0
    price = None
    if late.sum():
        price = float(np.nansum(np.nan_to_num(ticks[f"price_{kind}"]) * late) / late.sum())
    return {f"trades_{kind}": int(trades.sum()), f"late_price_{kind}": price}

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


def late_of(trades: int) -> int:
    """Return how many of so many trades are late: the last fifth, and at least one."""
    return max(1, int(trades * _LATE))


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
    yield from _of_length(views)
    yield from _of_agents(specs)
    yield from _of_money(specs, _have_a_unit(specs))
    if len({(tuple(spec.A), tuple(spec.B)) for spec in specs}) > 1:
        yield "The runs began with other goods, so there was not as much to gain in each."
    if len({tuple(spec.M) for spec in specs if _counts_money(spec)}) > 1:
        advice = ": compare what was gained, not welfare." if _have_a_unit(specs) else "."
        yield f"The runs began with other amounts of money{advice}"


def _of_length(views: Sequence[View]) -> Iterator[str]:
    lived = {view.id: int(view.now["tick"][-1]) for view in views}
    if len(set(lived.values())) > 1:
        told = ", ".join(f"{name} {ticks:,}" for name, ticks in lived.items())
        yield (
            f"The runs are not equally long (ticks: {told}), and what is gained, foraged and traded"
            f" grows with time: run all as long, or compare their lines up to tick"
            f" {min(lived.values()):,} in the picture."
        )


def _of_agents(specs: Sequence[ExchangeSpec]) -> Iterator[str]:
    if not _have_a_unit(specs):
        yield (
            "The runs' agents have other utilities, so sums of utility have no common unit, nor"
            " have goods gained: scrai exchange walras RUN measures each by what it could reach."
        )
    elif not _have_as_many(specs):
        yield "The runs have other numbers of agents, so sums are over more agents in one."


def _have_a_unit(specs: Sequence[ExchangeSpec]) -> bool:
    """Say whether utilities are the same; where agents are more, whether the same ones occur."""
    if _have_as_many(specs):
        return all(spec.utilities == specs[0].utilities for spec in specs)
    found = [{(u.type, tuple(sorted(u.params.items()))) for u in spec.utilities} for spec in specs]
    return all(each == found[0] for each in found)


def _have_as_many(specs: Sequence[ExchangeSpec]) -> bool:
    return len({spec.agents for spec in specs}) == 1


def _of_money(specs: Sequence[ExchangeSpec], have_a_unit: bool) -> Iterator[str]:
    goods = ": compare goods gained, which leaves money out everywhere." if have_a_unit else "."
    if len({_counts_money(spec) for spec in specs}) > 1:
        yield f"Welfare counts money, but not under barter_only{goods}"
    elif len({_worth_of_money(spec, _have_as_many(specs)) for spec in specs}) > 1:
        yield f"Money is worth something else from run to run{goods}"
    if any(_counts_money(spec) and spec.params.money_mode == "kkt_lambda" for spec in specs):
        leaves = ": goods gained leaves it out." if have_a_unit else "."
        yield (
            "With kkt_lambda agents revalue their money, which changes welfare without a"
            f" gain{leaves}"
        )


def _counts_money(spec: ExchangeSpec) -> bool:
    return spec.params.exchange_regime != "barter_only"


def _worth_of_money(spec: ExchangeSpec, by_agent: bool) -> Any:
    """Return what the worth of money depends on; not by agent, the values that occur."""
    if not _counts_money(spec):
        return None
    params, gather = spec.params, tuple if by_agent else frozenset
    offsets = gather(spec.M_0) if params.money_utility_form == "log" else None
    kind = params.money_utility_form, params.money_mode, params.money_scale
    return (*kind, gather(spec.lambda_money), offsets)


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
    total = int(trades.sum())
    price = _late_price(trades, ticks[f"price_{kind}"]) if total else None
    return {f"trades_{kind}": total, f"late_price_{kind}": price}


def _late_price(trades: Any, prices: Any) -> float:
    """Return the mean price of the late trades; of a tick's trades only the mean is known."""
    later = trades.sum() - np.cumsum(trades)
    late = np.clip(late_of(int(trades.sum())) - later, 0, trades)
    return float((np.where(trades > 0, prices, 0.0) * late).sum() / late.sum())

"""Prices and welfare over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from scrai.worlds.exchange._observe import KINDS as TRADED
from scrai.worlds.exchange._plots._paper import (
    COLOURS,
    FORAGING,
    KINDS,
    TYPES,
    figure,
    heading,
    legend_below,
    shade,
    smooth,
    type_name,
)
from scrai.worlds.exchange._view import View


def prices(view: View) -> Any:
    """Return a picture of what was paid, how much was traded, and how far agents disagree."""
    ticks = view.tables["aggregates"]
    made, (top, middle, bottom) = figure(
        9, 7.5, nrows=3, sharex=True, gridspec_kw={"height_ratios": [3, 1.3, 1.3]}
    )
    heading(made, "Prices and trade", view.title)
    for kind in TRADED[view.spec.params.exchange_regime]:
        _price(top, ticks, kind)
        middle.step(
            ticks["tick"], ticks[f"volume_{kind}"], where="mid", color=COLOURS[kind], lw=1.2,
            label=KINDS[kind],
        )  # fmt: skip
    top.set_yscale("log")
    top.yaxis.set_major_formatter(_plain_number())
    top.yaxis.set_minor_formatter(_plain_number())
    top.set(
        title="Price of a unit (dots: one tick, sized by its trades)",
        ylabel="paid for one unit (log scale)",
    )
    middle.set(title="Volume", ylabel="units per tick")
    middle.set_ylim(bottom=0)
    bottom.plot(ticks["tick"], ticks["mrs_spread"], color=COLOURS["gain"], lw=1.4)
    bottom.set(title="Disagreement", ylabel="s.d. of ln MRS", xlabel="tick")
    bottom.set_ylim(bottom=0)
    for axes in (top, middle, bottom):
        shade(axes, ticks["tick"], ticks["mode"])
    if (ticks["mode"] == "forage").any():
        bottom.fill([], [], color=FORAGING, label="foraging only")
    legend_below(made, top, bottom, columns=2)
    return made


def _price(axes: Any, ticks: Any, kind: str) -> None:
    """Draw each tick's mean price as a dot, sized by trades, and a moving mean."""
    trades, price = ticks[f"trades_{kind}"], ticks[f"price_{kind}"]
    traded = trades > 0
    unit = {"AB": "B for one A", "AM": "money for one A", "BM": "money for one B"}[kind]
    if not traded.any():
        axes.plot([], [], color=COLOURS[kind], label=f"{KINDS[kind]}: no trade")
        return
    axes.scatter(
        ticks["tick"][traded], price[traded], s=6 + 8 * np.sqrt(trades[traded]),
        color=COLOURS[kind], alpha=0.25, lw=0,
    )  # fmt: skip
    window = max(3, len(trades) // 25)
    mean = smooth(price, trades, window)
    label = f"{KINDS[kind]} ({unit}), mean over {window} ticks"
    axes.plot(ticks["tick"], mean, color=COLOURS[kind], lw=2, label=label)


def _plain_number() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:g}")


def welfare(view: View) -> Any:
    """Return a picture of the sum of utilities, what trade gave of it, and each type's mean."""
    ticks, start = view.tables["aggregates"], view.agents_at(int(view.ticks[0]))
    made, (top, bottom) = figure(9, 7, nrows=2, sharex=True)
    heading(made, "Welfare", view.title)
    begun = float(start["utility"].sum())
    tick = np.concatenate(([view.ticks[0]], ticks["tick"]))
    total = np.concatenate(([0.0], ticks["welfare"] - begun))
    traded = np.concatenate(([0.0], np.cumsum(ticks["gains"])))
    top.axhline(0, color=COLOURS["soft"], lw=0.8)
    top.plot(tick, total, color=COLOURS["ink"], lw=2, label="gained in all")
    top.fill_between(tick, 0, traded, color=COLOURS["gain"], alpha=0.25, lw=0, label="by trade")
    forage = "by foraging" if view.spec.params.money_mode != "kkt_lambda" else "by foraging, λ"
    top.fill_between(tick, traded, total, color=COLOURS["B"], alpha=0.2, lw=0, label=forage)
    counted = "of goods" if view.spec.params.exchange_regime == "barter_only" else "money included"
    title = f"Utility gained since the start (then {begun:,.0f}, {counted})"
    top.set(title=title, ylabel="sum of utilities")
    _by_type(bottom, view)
    bottom.set(title="By type of utility", ylabel="mean utility gained", xlabel="tick")
    for axes in (top, bottom):
        shade(axes, ticks["tick"], ticks["mode"])
    legend_below(made, top, bottom)
    return made


def _by_type(axes: Any, view: View) -> None:
    """Draw the mean gain of each type at every tick where agents were recorded."""
    agents, count = view.tables["agents"], view.spec.agents
    utility = agents["utility"].reshape(-1, count)
    kinds = np.array(agents["type"][:count])
    for kind, colour in TYPES.items():
        members = kinds == kind
        if members.any():
            mean = (utility[:, members] - utility[0, members]).mean(axis=1)
            label = f"{type_name(kind)} ({members.sum()})"
            axes.plot(view.ticks, mean, color=colour, lw=1.8, marker="o", ms=2.5, label=label)

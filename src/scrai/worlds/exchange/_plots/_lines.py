"""Prices and welfare over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

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
    plain,
    shade,
    type_name,
)
from scrai.worlds.exchange._tables import Columns
from scrai.worlds.exchange._tastes import Floats
from scrai.worlds.exchange._view import View


def prices(view: View) -> Any:
    """Return a picture of what was paid, how much was traded, and how far agents disagree."""
    whole, kinds = view.tables["aggregates"], TRADED[view.spec.params.exchange_regime]
    ticks = until_the_last_trade(whole, kinds)
    made, (top, middle, bottom) = figure(
        9, 7.5, nrows=3, sharex=True, gridspec_kw={"height_ratios": [3, 1.3, 1.3]}
    )
    heading(made, "Prices and trade", view.title)
    for kind in kinds:
        _price(top, ticks, kind)
        middle.step(
            ticks["tick"], ticks[f"volume_{kind}"], where="mid", color=COLOURS[kind], lw=1.2,
            label=KINDS[kind],
        )  # fmt: skip
    log_axis(top)
    top.set(
        title="Price of a unit (dots: one tick, sized by its trades)",
        ylabel="paid for one unit (log scale)",
    )
    middle.set(title="Volume", ylabel="units per tick")
    middle.set_ylim(bottom=0)
    bottom.plot(ticks["tick"], ticks["mrs_spread"], color=COLOURS["gain"], lw=1.4)
    last, end = int(ticks["tick"][-1]), int(whole["tick"][-1])
    told = "" if last == end else f" (no trade after {last:,}, up to the end at {end:,})"
    bottom.set(title="Disagreement", ylabel="s.d. of ln MRS", xlabel=f"tick{told}")
    bottom.set_ylim(bottom=0)
    for axes in (top, middle, bottom):
        shade(axes, ticks["tick"], ticks["mode"])
    if (ticks["mode"] == "forage").any():
        bottom.fill([], [], color=FORAGING, label="foraging only")
    legend_below(made, top, bottom, columns=2)
    return made


_IDLE: Final = 0.1
"""Of a run: an end without trade is left out of the picture if it is a greater share."""


def until_the_last_trade(ticks: Columns, kinds: Sequence[str]) -> Columns:
    """Return the ticks up to that of the last trade, if many come after it."""
    traded = np.flatnonzero(sum(ticks[f"trades_{kind}"] for kind in kinds))
    count = len(ticks["tick"])
    if not traded.size or traded[-1] + 1 >= count * (1 - _IDLE):
        return ticks
    return {name: values[: traded[-1] + 1] for name, values in ticks.items()}


def _price(axes: Any, ticks: Columns, kind: str) -> None:
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
    window = max(3, int(traded.sum()) // 16) | 1  # odd, so that it has a middle
    label = f"{KINDS[kind]} ({unit}), mean of {window:,} ticks with trade"
    gap = max(2.0, len(trades) / 25)
    line = moving_mean(ticks["tick"][traded], price[traded], trades[traded], window, gap)
    axes.plot(*line, color=COLOURS[kind], lw=2, label=label)


def moving_mean(
    ticks: Floats, prices: Floats, trades: Floats, window: int, gap: float
) -> tuple[Floats, Floats]:
    """Return a line through the weighted means of so many ticks with trade about each of these.

    Where there was no trade for longer than `gap`, the line is broken by a nan, and no mean is of
    ticks from both sides.
    """
    found: list[tuple[Floats, Floats]] = []
    parts = np.flatnonzero(np.diff(ticks) > gap) + 1
    columns = (np.split(values, parts) for values in (ticks, prices * trades, trades))
    for when, paid, counts in zip(*columns, strict=True):
        ones = np.ones(min(window, len(when)))
        mean = np.convolve(paid, ones, "same") / np.convolve(counts, ones, "same")
        found.append((np.append(when, np.nan), np.append(mean, np.nan)))
    across, up = (np.concatenate(values) for values in zip(*found, strict=True))
    return across[:-1], up[:-1]


def log_axis(axes: Any) -> None:
    """Give the upward axis a log scale with numbers that can be read off."""
    from matplotlib.ticker import FixedLocator, NullLocator

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(FixedLocator(round_numbers(low, high)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(plain)
    axes.set_ylim(low, high)


_FEW: Final = 5
_MANY: Final = 10


def round_numbers(low: float, high: float) -> list[float]:
    """Return a few numbers for a log scale, the roundest ones of which there are enough."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for digits in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        found = [
            value
            for decade in decades
            for value in (float(f"{digit}e{decade}") for digit in digits)
            if low <= value <= high
        ]
        if len(found) >= _FEW:
            return found[:: math.ceil(len(found) / _MANY)]
    return _evenly(low, high)


def _evenly(low: float, high: float) -> list[float]:
    """Return numbers at equal distances, for a scale too short to show that it is a log scale."""
    least = (high - low) / (_FEW - 1)
    power = 10.0 ** math.floor(math.log10(least))
    step = next(factor * power for factor in (5, 2, 1) if factor * power <= least)
    return [round(place * step, 12) for place in range(math.ceil(low / step), int(high / step) + 1)]


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

"""Runs beside one another: what differs between regimes, parameters or seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scrai.worlds.exchange._observe import KINDS as TRADED
from scrai.worlds.exchange._plots._paper import (
    COLOURS,
    KINDS,
    SERIES,
    figure,
    heading,
    legend_below,
)
from scrai.worlds.exchange._view import View

_STYLES = ("-", "--", "-.", ":")


def beside(views: Sequence[View]) -> Any:
    """Return a picture of the runs' gains from trade, trades by kind, goods and disagreement."""
    made, axes = figure(12, 7.5, nrows=2, ncols=2)
    heading(made, "Runs compared")
    _gains(axes[0][0], views)
    _kinds(axes[0][1], views)
    _welfare(axes[1][0], views)
    _spread(axes[1][1], views)
    legend_below(made, axes[0][0])
    return made


def _lines(axes: Any, views: Sequence[View], values: Any) -> None:
    for place, view in enumerate(views):
        ticks = view.tables["aggregates"]
        axes.plot(
            ticks["tick"], values(view, ticks), lw=1.8, color=SERIES[place % len(SERIES)],
            ls=_STYLES[place // len(SERIES) % len(_STYLES)], label=_name(view),
        )  # fmt: skip


def _name(view: View) -> str:
    return f"{view.id}: {view.spec.params.exchange_regime}, seed {view.seed}"


def _gains(axes: Any, views: Sequence[View]) -> None:
    _lines(axes, views, lambda _, ticks: np.cumsum(ticks["gains"]))
    axes.set(title="Gains from trade so far", xlabel="tick", ylabel="sum of utilities")


def _welfare(axes: Any, views: Sequence[View]) -> None:
    def gained(view: View, ticks: Any) -> Any:
        return ticks["welfare"] - view.agents_at(int(view.ticks[0]))["utility"].sum()

    _lines(axes, views, gained)
    axes.set(title="Welfare gained, foraging included", xlabel="tick", ylabel="sum of utilities")


def _spread(axes: Any, views: Sequence[View]) -> None:
    _lines(axes, views, lambda _, ticks: ticks["mrs_spread"])
    axes.set(title="Disagreement on what A is worth", xlabel="tick", ylabel="s.d. of ln MRS")
    axes.set_ylim(bottom=0)


def _kinds(axes: Any, views: Sequence[View]) -> None:
    """Draw a stacked bar of trades by kind for each run."""
    shown = [kind for kind in KINDS if any(kind in _known(view) for view in views)]
    below = np.zeros(len(views))
    for kind in shown:
        counts = np.array([view.tables["aggregates"][f"trades_{kind}"].sum() for view in views])
        axes.bar(range(len(views)), counts, bottom=below, color=COLOURS[kind], label=KINDS[kind])
        below += counts
    axes.set_xticks(range(len(views)), [view.id for view in views])
    axes.set(title="Trades by kind", ylabel="trades", xlabel="run")
    axes.set_ylim(top=max(1.0, below.max()) * 1.2)
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper right", ncols=len(shown))


def _known(view: View) -> tuple[str, ...]:
    return TRADED[view.spec.params.exchange_regime]

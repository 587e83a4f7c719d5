"""Runs beside one another: what differs between regimes, parameters or seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np

from scrai.worlds.exchange._compared import goods_gained
from scrai.worlds.exchange._observe import KINDS as TRADED
from scrai.worlds.exchange._plots._paper import (
    KINDS,
    SERIES,
    figure,
    heading,
    legend_below,
)
from scrai.worlds.exchange._view import View

_STYLES = ("-", "--", "-.", ":")


def beside(views: Sequence[View], labels: Mapping[str, str], notes: Sequence[str]) -> Any:
    """Return a picture of the runs' gains from trade, trades by kind, goods and disagreement.

    Args:
        views: the runs.
        labels: what each is called in the legend, by id.
        notes: what must be known to compare them, written beneath the heading.
    """
    lines = [line for note in notes for line in wrap(note, _LETTERS)]
    made, axes = figure(12, 7.5 + 0.2 * len(lines), nrows=2, ncols=2)
    heading(made, "Runs compared", "\n".join(lines))
    _gains(axes[0][0], views, labels)
    _kinds(axes[0][1], views)
    _goods(axes[1][0], views)
    _spread(axes[1][1], views)
    legend_below(made, axes[0][0], columns=4 if max(map(len, labels.values())) < _LONG else 3)
    return made


_LETTERS = 155
"""So many letters of a note have room beside one another."""

_GREYS = {"AB": "#3d4450", "AM": "#929aa8", "BM": "#d3d7de"}
"""Of kinds of trade: the colours are those of the runs."""

_LONG = 34
_ROOM = 48
"""So many letters have room beneath the bars."""


_Line = Callable[[View], tuple[Any, Any]]
"""What gives the ticks and the values of a run's line."""


def _lines(axes: Any, views: Sequence[View], line: _Line, labels: Mapping[str, str]) -> None:
    for place, view in enumerate(views):
        axes.plot(
            *line(view), lw=1.8, color=SERIES[place % len(SERIES)],
            ls=_STYLES[place // len(SERIES) % len(_STYLES)], label=labels.get(view.id),
        )  # fmt: skip


def _gains(axes: Any, views: Sequence[View], labels: Mapping[str, str]) -> None:
    _lines(axes, views, lambda view: _of_ticks(view, np.cumsum, "gains"), labels)
    axes.set(title="Gains from trade so far", xlabel="tick", ylabel="sum of utilities")


def _goods(axes: Any, views: Sequence[View]) -> None:
    _lines(axes, views, lambda view: (view.ticks, goods_gained(view)), {})
    axes.set(
        title="Goods gained, foraged ones included; money left out",
        xlabel="tick",
        ylabel="sum of utilities",
    )


def _spread(axes: Any, views: Sequence[View]) -> None:
    _lines(axes, views, lambda view: _of_ticks(view, np.asarray, "mrs_spread"), {})
    axes.set(title="Disagreement on what A is worth", xlabel="tick", ylabel="s.d. of ln MRS")
    axes.set_ylim(bottom=0)


def _of_ticks(view: View, change: Callable[[Any], Any], name: str) -> tuple[Any, Any]:
    ticks = view.tables["aggregates"]
    return ticks["tick"], change(ticks[name])


def _kinds(axes: Any, views: Sequence[View]) -> None:
    """Draw a stacked bar of trades by kind for each run."""
    shown = [kind for kind in KINDS if any(kind in _known(view) for view in views)]
    below = np.zeros(len(views))
    for kind in shown:
        counts = np.array([view.tables["aggregates"][f"trades_{kind}"].sum() for view in views])
        axes.bar(range(len(views)), counts, bottom=below, color=_GREYS[kind], label=KINDS[kind])
        below += counts
    names = [view.id for view in views]
    slant = {"rotation": 20, "ha": "right"} if sum(map(len, names)) > _ROOM else {}
    axes.set_xticks(range(len(views)), names, **slant)
    axes.set(title="Trades by kind", ylabel="trades", xlabel="run")
    axes.set_ylim(top=max(1.0, below.max()) * 1.2)
    axes.grid(visible=False, axis="x")
    axes.legend(loc="upper right", ncols=len(shown))


def _known(view: View) -> tuple[str, ...]:
    return TRADED[view.spec.params.exchange_regime]

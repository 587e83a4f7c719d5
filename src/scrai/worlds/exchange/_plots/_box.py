"""The Edgeworth box of two agents: what both prefer, where marginal rates meet, how they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._plots._paper import COLOURS, figure, heading, legend_below
from scrai.worlds.exchange._tastes import Floats, Tastes
from scrai.worlds.exchange._view import View

_STEPS: Final = 240


@dataclass(frozen=True, slots=True)
class Path:
    """How the bundle of the first of two agents moved by their trades.

    Attributes:
        pair: the two agents' ids.
        total: what both hold together of A and of B when they first trade.
        a, b: what the first holds before the first trade and after each.
    """

    pair: tuple[int, int]
    total: tuple[float, float]
    a: Floats
    b: Floats


def path_of(view: View, agents: tuple[int, int] | None) -> Path:
    """Return the path of two agents, by default of the pair that traded A for B most often.

    Raises:
        InvalidInputError: they never did.
    """
    trades = view.tables["trades"]
    barter = trades["pair"] == "A-B"
    low = np.minimum(trades["buyer_id"], trades["seller_id"])
    high = np.maximum(trades["buyer_id"], trades["seller_id"])
    if agents is None:
        agents = _busiest(view, low[barter], high[barter])
    first, second = sorted(agents)
    rows = np.flatnonzero(barter & (low == first) & (high == second))
    if not rows.size:
        raise InvalidInputError(
            f"agents {first} and {second} of run {view.id} never traded A for B",
            hint="leave --agents out for the pair that did most often",
        )
    start = [_held_before(view, agent, int(rows[0])) for agent in (first, second)]
    sign = np.where(trades["buyer_id"][rows] == first, 1, -1)
    a = start[0][0] + np.concatenate(([0], np.cumsum(sign * trades["dA"][rows])))
    b = start[0][1] + np.concatenate(([0], np.cumsum(sign * trades["dB"][rows])))
    total = start[0][0] + start[1][0], start[0][1] + start[1][1]
    return Path((first, second), total, a.astype(float), b.astype(float))


def _busiest(view: View, low: Any, high: Any) -> tuple[int, int]:
    if not low.size:
        raise InvalidInputError(
            f"run {view.id} has no trade of A for B, which is what an Edgeworth box shows",
            hint="choose a run of the regime barter_only or mixed",
        )
    keys, counts = np.unique(low * view.spec.agents + high, return_counts=True)
    key = int(keys[np.argmax(counts)])
    return key // view.spec.agents, key % view.spec.agents


def _held_before(view: View, agent: int, row: int) -> tuple[float, float]:
    """Return what an agent held before a trade: as last recorded, and its trades since then."""
    trades = view.tables["trades"]
    tick = int(trades["tick"][row])
    since = int(view.ticks[view.ticks < tick][-1])
    there = view.agents_at(since)
    earlier = np.arange(len(trades["tick"])) < row
    span = earlier & (trades["tick"] > since)
    bought, sold = span & (trades["buyer_id"] == agent), span & (trades["seller_id"] == agent)

    def held(good: str) -> float:
        moved = trades[f"d{good}"]
        return float(there[good][agent] + moved[bought].sum() - moved[sold].sum())

    return held("A"), held("B")


def edgeworth(view: View, agents: tuple[int, int] | None = None) -> Any:
    """Return the box of two agents."""
    path = path_of(view, agents)
    made, axes = figure(7.6, 7.8)
    first, second = path.pair
    heading(made, f"Edgeworth box of agents {first} and {second}", view.title)
    _preferences(axes, view, path)
    _contract_curve(axes, view, path)
    blocks = len(path.a) - 1
    axes.plot(path.a, path.b, color=COLOURS["ink"], lw=1.6, marker="o", ms=4, zorder=5)
    label = f"their {blocks} trade{'s' if blocks != 1 else ''}"
    axes.plot([], [], color=COLOURS["ink"], lw=1.6, marker="o", ms=4, label=label)
    for place, marker, name in ((0, "s", "before"), (-1, "*", "after")):
        axes.plot(
            path.a[place], path.b[place], marker, ms=9 if marker == "s" else 15, zorder=6,
            color=COLOURS["gain"], mec="white", label=name, ls="none",
        )  # fmt: skip
    _frame(axes, view, path)
    legend_below(made, axes, columns=3)
    return made


def _grid(path: Path) -> tuple[Floats, Floats]:
    a = np.linspace(0, path.total[0], _STEPS)
    b = np.linspace(0, path.total[1], _STEPS)
    across, up = np.meshgrid(a, b)
    return across, up


def _values(view: View, agent: int, a: Floats, b: Floats) -> Floats:
    return Tastes([view.spec.utilities[agent]]).utility(a[..., None], b[..., None])[..., 0]


def _preferences(axes: Any, view: View, path: Path) -> None:
    """Draw the indifference curves through the start, and shade what both prefer to it."""
    across, up = _grid(path)
    mine = _values(view, path.pair[0], across, up)
    theirs = _values(view, path.pair[1], path.total[0] - across, path.total[1] - up)
    a, b = path.a[:1], path.b[:1]
    level = float(_values(view, path.pair[0], a, b)[0])
    other = float(_values(view, path.pair[1], path.total[0] - a, path.total[1] - b)[0])
    both = ((mine >= level) & (theirs >= other)).astype(float)
    axes.contourf(across, up, both, levels=[0.5, 1.5], colors=["#efe9f6"], zorder=0)
    for values, there, colour, agent in (
        (mine, level, COLOURS["AB"], path.pair[0]),
        (theirs, other, COLOURS["A"], path.pair[1]),
    ):
        axes.contour(across, up, values, levels=[there], colors=[colour], linewidths=1.6)
        kind = view.spec.utilities[agent].type.replace("_", "-")
        axes.plot(
            [], [], color=colour, lw=1.6, label=f"agent {agent} ({kind}):\nas well off as before"
        )
    axes.fill([], [], color="#efe9f6", label="both better off")


def _contract_curve(axes: Any, view: View, path: Path) -> None:
    """Draw where no trade could make both better off: for each price, each's best bundles."""
    a, b = contract_curve(view, path)
    axes.plot(
        a, b, color=COLOURS["B"], lw=2.2, ls="--", label="contract curve", zorder=4, clip_on=False
    )


def contract_curve(view: View, path: Path) -> tuple[Floats, Floats]:
    """Return A and B of the first agent where no trade would make both better off.

    For each A the B at which both marginal rates of substitution are equal, found by bisection:
    with more B the first would give more B for one A, and the second, who has less, less. Where
    they are equal nowhere the curve runs along the edge of the box.
    """
    first, second = (Tastes([view.spec.utilities[agent]]) for agent in path.pair)
    a = np.linspace(0, path.total[0], _STEPS)[1:-1, None]
    low, high = np.zeros(a.shape), np.full(a.shape, path.total[1])
    for _ in range(50):
        middle = (low + high) / 2.0
        mine = [np.maximum(rate, _LEAST) for rate in first.marginal(a, middle)]
        rest = path.total[0] - a, path.total[1] - middle
        theirs = [np.maximum(rate, _LEAST) for rate in second.marginal(*rest)]
        less = mine[0] * theirs[1] < mine[1] * theirs[0]
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    b = ((low + high) / 2.0)[:, 0]
    ends_a, ends_b = (0.0, path.total[0]), (0.0, path.total[1])
    whole_a = np.concatenate((ends_a[:1], a[:, 0], ends_a[1:]))
    return whole_a, np.concatenate((ends_b[:1], b, ends_b[1:]))


_LEAST: Final = 1e-300


def _frame(axes: Any, view: View, path: Path) -> None:
    """Give the box the scales of both: the first's from below left, the second's from above."""
    (total_a, total_b), (first, second) = path.total, path.pair
    axes.set(xlim=(0, total_a), ylim=(0, total_b))
    axes.set_xlabel(f"A of agent {first} (units)")
    axes.set_ylabel(f"B of agent {first} (units)")
    for spine in axes.spines.values():
        spine.set_visible(True)
    for side, axis, total, good in (("top", "x", total_a, "A"), ("right", "y", total_b, "B")):
        make = axes.secondary_xaxis if axis == "x" else axes.secondary_yaxis
        other = make(side, functions=(lambda v, t=total: t - v, lambda v, t=total: t - v))
        label = f"{good} of agent {second} (units)"
        (other.set_xlabel if axis == "x" else other.set_ylabel)(label)

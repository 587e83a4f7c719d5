"""The Edgeworth box of two agents: what both prefer, where marginal rates meet, how they went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from scrai._words import plural
from scrai.errors import InvalidInputError
from scrai.worlds.exchange._observe import GOODS, KINDS
from scrai.worlds.exchange._plots._paper import COLOURS, figure, heading, legend_below, type_name
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
        ticks: of the first trade and the last.
        others: how many other trades one of them made between these: with others, or for money.
        foraged: how many units they foraged between these, as far as it was recorded.
    """

    pair: tuple[int, int]
    total: tuple[float, float]
    a: Floats
    b: Floats
    ticks: tuple[int, int]
    others: int
    foraged: int


def path_of(view: View, agents: tuple[int, int] | None) -> Path:
    """Return the path of two agents, by default of the pair that traded A for B most often.

    Raises:
        InvalidInputError: they never did, or are not there.
    """
    strangers = [agent for agent in agents or () if agent >= view.spec.agents]
    if strangers:
        raise InvalidInputError(
            f"run {view.id} has no agent {strangers[0]}",
            hint=f"ids go from 0 to {view.spec.agents - 1:,}",
        )
    trades = view.tables["trades"]
    barter = trades["pair"] == "A-B"
    low = np.minimum(trades["buyer_id"], trades["seller_id"])
    high = np.maximum(trades["buyer_id"], trades["seller_id"])
    first, second = sorted(agents or _busiest(view, low[barter], high[barter]))
    rows = np.flatnonzero(barter & (low == first) & (high == second))
    if not rows.size:
        busy = ",".join(map(str, _busiest(view, low[barter], high[barter])))
        raise InvalidInputError(
            f"agents {first} and {second} of run {view.id} never traded A for B",
            hint=f"--agents {busy} did so most often",
        )
    start = [_held_before(view, agent, int(rows[0])) for agent in (first, second)]
    sign = np.where(trades["buyer_id"][rows] == first, 1, -1)
    a = start[0][0] + np.concatenate(([0], np.cumsum(sign * trades["dA"][rows])))
    b = start[0][1] + np.concatenate(([0], np.cumsum(sign * trades["dB"][rows])))
    total = start[0][0] + start[1][0], start[0][1] + start[1][1]
    others, foraged = _meanwhile(view, (first, second), rows)
    return Path(
        pair=(first, second),
        total=total,
        a=a.astype(float),
        b=b.astype(float),
        ticks=(int(trades["tick"][rows[0]]), int(trades["tick"][rows[-1]])),
        others=others,
        foraged=foraged,
    )


def _meanwhile(view: View, pair: tuple[int, int], rows: Any) -> tuple[int, int]:
    """Return how many other trades a pair made between its own, and how much it foraged."""
    trades = view.tables["trades"]
    span = np.arange(rows[0], rows[-1])
    touched = np.isin(trades["buyer_id"][span], pair) | np.isin(trades["seller_id"][span], pair)
    grown = sum(
        sum(_held_before(view, agent, int(rows[-1])))
        - sum(_held_before(view, agent, int(rows[0])))
        - sum(_moved(view, agent, span, good) for good in GOODS)
        for agent in pair
    )
    return int(touched.sum() - np.isin(span, rows).sum()), round(grown)


def _moved(view: View, agent: int, rows: Any, good: str) -> float:
    """Return how much of a good some trades brought an agent."""
    trades = view.tables["trades"]
    amounts = trades[f"d{good}"][rows]
    bought, sold = (trades[f"{who}_id"][rows] == agent for who in ("buyer", "seller"))
    return float(amounts[bought].sum() - amounts[sold].sum())


def _busiest(view: View, low: Any, high: Any) -> tuple[int, int]:
    if not low.size:
        regime = view.spec.params.exchange_regime
        raise InvalidInputError(
            f"run {view.id} has no trade of A for B, which is what an Edgeworth box shows",
            hint="no two met who would both gain; longer sight or more cycles may help"
            if "AB" in KINDS[regime]
            else f"under {regime} there is none; choose a run of barter_only or mixed",
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
    span = np.flatnonzero(trades["tick"][:row] > since)
    a, b = (float(there[good][agent]) + _moved(view, agent, span, good) for good in GOODS)
    return a, b


def edgeworth(view: View, agents: tuple[int, int] | None = None) -> Any:
    """Return the box of two agents."""
    path = path_of(view, agents)
    made, axes = figure(7.6, 7.8)
    first, second = path.pair
    title = f"Edgeworth box of agents {first} and {second}"
    heading(made, title, "\n".join((view.title, *_told(path))))
    _preferences(axes, view, path)
    _contract_curve(axes, view, path)
    blocks = len(path.a) - 1
    axes.plot(path.a, path.b, color=COLOURS["ink"], lw=1.6, marker="o", ms=4, zorder=5)
    label = f"their {plural(blocks, 'trade')} of A for B"
    axes.plot([], [], color=COLOURS["ink"], lw=1.6, marker="o", ms=4, label=label)
    names = (
        f"before the first trade (tick {path.ticks[0]:,})",
        f"after the last (tick {path.ticks[1]:,})",
    )
    for place, marker, name in ((0, "s", names[0]), (-1, "*", names[1])):
        axes.plot(
            path.a[place], path.b[place], marker, ms=9 if marker == "s" else 15, zorder=6,
            color=COLOURS["gain"], mec="white", label=name, ls="none",
            clip_on=False,
        )  # fmt: skip
    _frame(axes, view, path)
    legend_below(made, axes, columns=3)
    return made


def _told(path: Path) -> list[str]:
    """Return what the picture leaves out, in a line or two; a box knows of no third."""
    parts = []
    if path.others:
        parts.append(f"{plural(path.others, 'trade')} with others or for money")
    if path.foraged:
        parts.append(f"{plural(path.foraged, 'unit')} foraged")
    if not parts:
        return []
    return [
        "The box is what both held before their first trade of A for B. The path may leave the",
        f"shaded area, as it leaves out what else they did until the last: {' and '.join(parts)}.",
    ]


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
        kind = type_name(view.spec.utilities[agent].type)
        label = f"agent {agent} ({kind}): as well off\nas before the first trade"
        axes.plot([], [], color=colour, lw=1.6, label=label)
    axes.fill([], [], color="#efe9f6", label="both better off than\nbefore the first trade")


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
    whole_b = np.concatenate((ends_b[:1], b, ends_b[1:]))
    return _along_the_edges(whole_a, whole_b)


_JUMP: Final = 0.05
"""Of the height of the box: more than a curve rises within one step unless it is vertical."""


def _along_the_edges(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Let a curve that leaves a side of the box elsewhere than in a corner run along that side."""
    if b[1] > _JUMP * b[-1]:
        a, b = np.insert(a, 1, a[0]), np.insert(b, 1, b[1])
    if b[-2] < (1 - _JUMP) * b[-1]:
        a, b = np.insert(a, -1, a[-1]), np.insert(b, -1, b[-2])
    return a, b


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

"""Where things happened: trades, resources, agents on the grid."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from scrai.worlds.exchange._core._draw import resources
from scrai.worlds.exchange._plots._paper import COLOURS, figure, heading
from scrai.worlds.exchange._view import View


def heat_map(view: View) -> Any:
    """Return three maps: where trade took place, where resources were, where agents stand."""
    made, (left, middle, right) = figure(14, 5.2, ncols=3)
    heading(made, "Where it happened", view.title)
    _trades(made, left, view)
    _resources(middle, view)
    _agents(made, right, view)
    for axes in (left, middle, right):
        grid(axes, view.spec.N)
    return made


def grid(axes: Any, side: int) -> None:
    axes.set(xlim=(-0.5, side - 0.5), ylim=(-0.5, side - 0.5), xlabel="x (cells)")
    axes.set_ylabel("y (cells)")
    axes.set_aspect("equal")
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(True)


def _trades(made: Any, axes: Any, view: View) -> None:
    trades, side = view.tables["trades"], view.spec.N
    edges = squares(side)
    counts, _, _ = np.histogram2d(trades["x"], trades["y"], bins=(edges, edges))
    picture = axes.imshow(
        np.ma.masked_equal(counts.T, 0), origin="lower", cmap=_seen(), vmin=0,
        extent=(edges[0], edges[-1], edges[0], edges[-1]), interpolation="nearest",
    )  # fmt: skip
    axes.set_title(f"{len(trades['tick']):,} trades")
    width = int(edges[1] - edges[0])
    per = "cell" if width == 1 else f"square of {width} x {width} cells"
    made.colorbar(picture, ax=axes, label=f"trades per {per}", shrink=0.8)


def _seen() -> Any:
    """Return colours that all differ from paper: the lightest third of the usual ones does not."""
    import matplotlib as mpl

    return mpl.colors.ListedColormap(mpl.colormaps["YlGnBu"](np.linspace(0.35, 1, 256)))


_MOST_SQUARES: Final = 60


def squares(side: int) -> npt.NDArray[np.float64]:
    """Return the edges of squares of whole cells, not too many: each counts as many as the next."""
    width = math.ceil(side / _MOST_SQUARES)
    return np.arange(-0.5, side - 0.5 + width, width)


def _resources(axes: Any, view: View) -> None:
    side = view.spec.N
    good = resources(view.seed, side * side, view.spec.resource_density)
    for code, name in ((1, "A"), (2, "B")):
        cells = np.flatnonzero(good == code)
        axes.scatter(
            cells // side, cells % side, s=_marker(side), marker="s", color=COLOURS[name],
            alpha=0.75, lw=0, label=f"{name} ({len(cells):,} cells)",
        )  # fmt: skip
    axes.set_title("Resources at the start")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2, markerscale=2)


def _marker(side: int) -> float:
    """Return an area in points that just fills a cell of a map of this side."""
    return max(1.0, (230.0 / side) ** 2 * 0.7)


def _agents(made: Any, axes: Any, view: View) -> None:
    now = view.now
    gained = now["utility"] - view.agents_at(int(view.ticks[0]))["utility"]
    share = np.argsort(np.argsort(gained)) / max(1, len(gained) - 1)
    picture = axes.scatter(
        now["x"], now["y"], c=share, cmap="viridis", vmin=0, vmax=1, s=28, lw=0.5, edgecolor="white"
    )
    axes.set_title(f"Agents at tick {int(now['tick'][0]):,}")
    bar = made.colorbar(picture, ax=axes, label="utility gained, by rank", shrink=0.8)
    bar.set_ticks([0, 0.5, 1], labels=["least", "median", "most"])

"""A film of a run: agents walk the grid, trades flash, goods are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._plots._map import grid
from scrai.worlds.exchange._plots._paper import COLOURS, figure, heading, writing
from scrai.worlds.exchange._view import View

MOST_FRAMES: Final = 300
_FEW: Final = 2


def film(view: View, path: Path, *, frames_per_second: int = 8) -> int:
    """Write a GIF with a frame for every tick at which agents were recorded; return how many.

    At telemetry `full` that is every tick, else the end of every cycle.

    Raises:
        InvalidInputError: there are fewer than two frames, or the file cannot be written.
    """
    ticks = view.ticks
    if len(ticks) < _FEW:
        raise InvalidInputError(f"run {view.id} has recorded its agents at {len(ticks)} ticks only")
    chosen = ticks[np.unique(np.linspace(0, len(ticks) - 1, MOST_FRAMES).astype(int))]
    made, axes = figure(7.2, 6.2)
    heading(made, "Agents and trades", view.title)
    scene = _Scene(made, axes, view)
    from matplotlib.animation import FuncAnimation, PillowWriter

    steps = list(zip([chosen[0], *chosen[:-1]], chosen, strict=True))
    moving = FuncAnimation(made, scene.draw, frames=steps, blit=False, cache_frame_data=False)
    with writing(path):
        moving.save(path, writer=PillowWriter(fps=frames_per_second), dpi=80)
    return len(steps)


class _Scene:
    """What moves in the film."""

    def __init__(self, made: Any, axes: Any, view: View) -> None:
        self._view, self._axes = view, axes
        grid(axes, view.spec.N)
        agents = view.tables["agents"]
        goods = agents["A"] + agents["B"]
        first = view.agents_at(int(view.ticks[0]))
        self._dots = axes.scatter(
            first["x"], first["y"], s=34, lw=0.6, edgecolor="white", cmap="plasma", zorder=3,
            c=first["A"] + first["B"], vmin=goods.min(), vmax=max(goods.max(), goods.min() + 1),
        )  # fmt: skip
        made.colorbar(self._dots, ax=axes, label="goods held, A + B (units)", shrink=0.8)
        (self._flashes,) = axes.plot(
            [],
            [],
            "o",
            ms=13,
            mfc="none",
            mec=COLOURS["AB"],
            mew=1.5,
            label="traded since the picture before",
        )
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1))

    def draw(self, span: tuple[Any, Any]) -> tuple[Any, ...]:
        """Draw the frame of a tick; trades after the frame before it flash."""
        before, tick = int(span[0]), int(span[1])
        agents, trades = self._view.agents_at(tick), self._view.tables["trades"]
        self._dots.set_offsets(np.column_stack((agents["x"], agents["y"])))
        self._dots.set_array(agents["A"] + agents["B"])
        new = (trades["tick"] > before) & (trades["tick"] <= tick)
        self._flashes.set_data(trades["x"][new], trades["y"][new])
        so_far = int((trades["tick"] <= tick).sum())
        self._axes.set_title(f"tick {tick:,}: {so_far:,} trades so far")
        return self._dots, self._flashes

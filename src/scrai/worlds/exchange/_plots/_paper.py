"""What all pictures share: the library, loaded when it is needed, sizes, colours, saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from scrai._words import extra
from scrai.errors import ConfigurationError, InvalidInputError

COLOURS: Final = {
    "AB": "#3b6fb6",
    "AM": "#d1662a",
    "BM": "#3f8f5f",
    "A": "#d1662a",
    "B": "#3f8f5f",
    "ink": "#2b2f36",
    "soft": "#8a93a3",
    "gain": "#7a4fa3",
}
TYPES: Final = {
    "ces": "#3b6fb6",
    "linear": "#d1662a",
    "quadratic": "#3f8f5f",
    "translog": "#7a4fa3",
    "stone_geary": "#b8336a",
}
SERIES: Final = ("#3b6fb6", "#d1662a", "#3f8f5f", "#7a4fa3", "#b8336a", "#8c6d1f")
FORAGING: Final = "#f1ecdc"
KINDS: Final = {"AB": "A for B", "AM": "A for money", "BM": "B for money"}
_SHORT: Final = {"ces": "CES"}
STILL: Final = (".png", ".svg", ".pdf")
MOVING: Final = (".gif",)

_STYLE: Final = {
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a93a3",
    "axes.labelcolor": "#2b2f36",
    "axes.grid": True,
    "grid.color": "#e4e7ec",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "xtick.color": "#565e6c",
    "ytick.color": "#565e6c",
    "svg.hashsalt": "scrai",
}


def type_name(kind: str) -> str:
    """Return what people call a type of utility."""
    return _SHORT.get(kind, kind.replace("_", "-"))


def figure(width: float, height: float, **grid: Any) -> tuple[Any, Any]:
    """Return a figure of some inches and its axes; `grid` as for `Figure.subplots`.

    Raises:
        ConfigurationError: matplotlib is not installed.
    """
    matplotlib = _library()
    matplotlib.rcParams.update(_STYLE)
    made = matplotlib.figure.Figure(figsize=(width, height), layout="constrained", dpi=130)
    matplotlib.backends.backend_agg.FigureCanvasAgg(made)
    axes = made.subplots(**grid)
    for each in made.axes:
        for axis in (each.xaxis, each.yaxis):
            axis.set_major_formatter(matplotlib.ticker.FuncFormatter(plain))
    return made, axes


def plain(value: float, _: Any = None) -> str:
    """Return a number at an axis: in full, whatever its size, as 1e6 beside an axis is missed."""
    return f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def _library() -> Any:
    try:
        import matplotlib as mpl
        import matplotlib.backends.backend_agg
        import matplotlib.figure
        import matplotlib.ticker
    except ImportError:
        raise ConfigurationError(
            "pictures need matplotlib, which is not installed",
            hint=extra("plots"),
        ) from None
    return mpl


def check_output(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that cannot be written as asked, before any work is done."""
    if path.suffix.lower() not in suffixes:
        raise InvalidInputError(
            f"--output {str(path)[:200]}: a picture of this kind ends in {', '.join(suffixes)}"
        )
    if not path.parent.is_dir():
        raise InvalidInputError(f"--output {str(path)[:200]}: there is no folder {path.parent}")


def save(made: Any, path: Path) -> None:
    """Write a figure to a file."""
    with writing(path):
        made.savefig(path, metadata=_METADATA.get(path.suffix.lower()))


_METADATA: Final = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


class writing:  # noqa: N801 - reads as a word in `with`
    """Says in one line that a file cannot be written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, problem: Any, trace: Any) -> None:
        if isinstance(problem, OSError):
            why = problem.strerror or problem
            raise InvalidInputError(f"cannot write {str(self._path)[:200]}: {why}") from None


_TITLE: Final = 0.38
_LINE: Final = 0.18
_BENEATH: Final = 0.14
"""Inches: from the top to what is beneath the title, a line of that, the room beneath it."""


def heading(made: Any, title: str, beneath: str = "") -> None:
    """Write what the picture shows above it, and of which run beneath that."""
    height = made.get_figheight()
    lines = beneath.count("\n") + 1 if beneath else 0
    head = made.suptitle(title, x=0.012, ha="left", fontsize=13, weight="bold")
    head.set_in_layout(False)
    room = _TITLE + (_LINE * lines + _BENEATH if beneath else 0.0)
    made.get_layout_engine().set(rect=(0, 0, 1, 1 - room / height))
    if beneath:
        made.text(
            0.012, 1 - _TITLE / height, beneath, ha="left", va="top", color=COLOURS["soft"]
        ).set_in_layout(False)


def legend_below(made: Any, *axes: Any, columns: int = 4) -> None:
    """Put one legend for some axes beneath the picture."""
    found: dict[str, Any] = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    made.legend(
        list(found.values()),
        list(found),
        loc="outside lower center",
        ncols=min(columns, len(found)),
    )


def shade(axes: Any, ticks: Any, modes: Any) -> None:
    """Shade the ticks in which the world only forages."""
    begun = None
    for tick, mode in zip([*ticks, ticks[-1] + 1], [*modes, "end"], strict=True):
        if mode == "forage" and begun is None:
            begun = tick
        elif mode != "forage" and begun is not None:
            axes.axvspan(begun - 0.5, tick - 0.5, color=FORAGING, zorder=0, lw=0)
            begun = None

"""Tables of this world for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def _table(*columns: str) -> Any:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        made.add_column(name, justify="right" if place else "left")
    return made


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"


def show_compared(console: Any, found: Json) -> None:
    """Print runs side by side, what is to be known about the numbers, and what was set."""
    from scrai.scenarios import panel_of

    runs = found["runs"]
    _show_runs(console, runs)
    if any(row[name] is not None for row in runs for name in row if name.startswith("late_price")):
        console.print(f"  {_LATE_PRICE}", highlight=False)
    for note in found["notes"]:
        console.print(f"  {note}", highlight=False, markup=False)
    if not found["settings"]:
        return
    panel = panel_of([row["run"] for row in runs], found["settings"])
    made = _table(*panel.columns)
    for row in panel.rows:
        made.add_row(*row)
    console.print(made)
    for note in panel.notes:
        console.print(f"  {note}", highlight=False)


_LATE_PRICE = (
    "A late price is the mean of the last fifth of the trades of its kind; - where there was none."
)
_CALLED = {"seed": "seed of the run", "gains": "gains from trade"}


def _show_runs(console: Any, runs: Sequence[Json]) -> None:
    from rich.text import Text

    made = _table("", *(row["run"] for row in runs))
    for name in runs[0]:
        values = [row[name] for row in runs]
        if name == "run" or all(value in (0, None) for value in values):
            continue
        cells = (value if isinstance(value, str) else _number(value) for value in values)
        made.add_row(_CALLED.get(name, name.replace("_", " ")), *(Text(cell) for cell in cells))
    console.print(made)


def show_benchmark(console: Any, found: Json) -> None:
    """Print a run beside its equilibrium."""
    made = _table("", "this run", "Walras")
    units = {"AB": "price of A in B", "AM": "price of A in money", "BM": "price of B in money"}
    for name, price in found["prices"].items():
        made.add_row(units[name], _number(price["late"]), _number(price["walras"]))
    welfare = found["welfare"]
    made.add_row("welfare", _number(welfare["reached"]), _number(welfare["walras"]))
    console.print(made)
    console.print(f"  without trade {_number(welfare['endowments'])}", highlight=False)
    share = found["efficiency"]
    told = "there was nothing to gain" if share is None else f"{share:.1%} of what was to gain"
    console.print(f"  efficiency: {told}", highlight=False)
    for good, excess in found["excess_demand"].items():
        if abs(excess) > _UNEVEN:
            console.print(
                f"  at these prices {abs(excess):.1%} of {good} is"
                f" {'wanting' if excess > 0 else 'left over'}: demand jumps there, or agents are"
                " satiated",
                highlight=False,
            )


_UNEVEN = 0.005

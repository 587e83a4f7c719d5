"""The closing screen of a run: who traded what, at which price, and whether all is in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from scrai.scenarios import Panel

_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "AB": ("A for B", "B for one A"),
    "AM": ("A for money", "money for one A"),
    "BM": ("B for money", "money for one B"),
}


def panel(metrics: Mapping[str, float]) -> Panel:
    """Return the summary of a run."""
    return Panel(
        f"after {metrics['tick']:,.0f} ticks",
        ("trade", "trades", "units", "mean price", "price is in"),
        list(_rows(metrics)),
        list(_notes(metrics)),
    )


def _rows(metrics: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    for kind, (name, unit) in _NAMES.items():
        if f"trades_{kind}" not in metrics:
            continue
        price = metrics.get(f"price_{kind}")
        shown = "no trade" if price is None else f"{price:,.4g}"
        counts = (f"{metrics[f'{what}_{kind}']:,.0f}" for what in ("trades", "units"))
        yield name, *counts, shown, unit


def _notes(metrics: Mapping[str, float]) -> Iterator[str]:
    start, now = metrics["welfare_start"], metrics["welfare"]
    counted = "goods and money" if "trades_AM" in metrics else "goods alone"
    yield (
        f"welfare ({counted}) {start:,.6g} -> {now:,.6g} ({now - start:+,.6g}), of which trade gave"
        f" {metrics['gains']:+,.6g}"
    )
    yield f"foraged {metrics['foraged_A']:,.0f} A and {metrics['foraged_B']:,.0f} B"
    sound = "goods and money are conserved" if metrics["conserved"] else "NOT CONSERVED"
    yield f"{sound}; frozen agents: {metrics['frozen']:,.0f}"

"""What a section found, as tables for people and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

LARGEST = 100_000
"""The bound of one document's bytes."""

KEPT, SLOW_MACHINE, EXCEEDED = "kept", "kept at reference", "EXCEEDED"


@dataclass
class Section:
    """One part of the report.

    Attributes:
        name: what `--only` calls it.
        title: the heading.
        columns: (heading, key of a row or a function of it, format).
        rows: what was measured.
        notes: what one must know to read the rows.
    """

    name: str
    title: str
    columns: Sequence[tuple[str, str | Callable[[dict], Any], str]]
    rows: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the section as plain text."""
        table = [[heading for heading, _, _ in self.columns]]
        table += [[_cell(row, key, shape) for _, key, shape in self.columns] for row in self.rows]
        notes = [f"  - {note}" for note in self.notes]
        return "\n".join([f"== {self.title}", *_aligned(table), *notes]) + "\n"

    def value(self) -> dict[str, Any]:
        """Return the section as JSON."""
        return {"title": self.title, "rows": self.rows, "notes": self.notes}


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a text, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n\n")]


def _cell(row: dict, key: str | Callable[[dict], Any], shape: str) -> str:
    value = row.get(key) if isinstance(key, str) else key(row)
    return "" if value is None else format(value, shape)


def _aligned(table: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = [f"{row[0]:<{widths[0]}}"]
        cells += [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


def summary(samples: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the figures of windows: median and fastest, as measured and at reference speed."""
    return {
        "median_ms": statistics.median(sample["cpu"] for sample in samples),
        "fastest_ms": min(sample["cpu"] for sample in samples),
        "wall_ms": statistics.median(sample["wall"] for sample in samples),
        "at_reference_ms": statistics.median(sample["at_reference"] for sample in samples),
        "windows": len(samples),
    }


def ratio(ones: Sequence[dict[str, float]], others: Sequence[dict[str, float]]) -> float:
    """Return the ratio of the medians of two cases that took turns."""
    one, other = (statistics.median(sample["cpu"] for sample in found) for found in (ones, others))
    return one / other


def paired(ones: Sequence[dict[str, float]], others: Sequence[dict[str, float]]) -> float:
    """Return the median of the ratios of pairs, each of which was taken at about one time.

    A machine that changes its speed between two pairs does not change it.
    """
    pairs = zip(ones, others, strict=True)
    return statistics.median(one["cpu"] / other["cpu"] for one, other in pairs)


def verdict(row: dict) -> str | None:
    """Say whether a time keeps its bound, as measured or at reference speed."""
    bound = row.get("bound")
    if bound is None:
        return None
    if row["median_ms"] <= bound:
        return KEPT
    return SLOW_MACHINE if row["at_reference_ms"] <= bound else EXCEEDED


def kept(value: float, bound: float | None) -> str | None:
    """Say whether a figure keeps its bound."""
    return None if bound is None else KEPT if value <= bound else EXCEEDED

"""Calls to models: what recording, metering and validating one costs us, and Inspect beside it."""

from __future__ import annotations

import math
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from .environments import INSPECT, python_of
from .pipe import BrokenCaseError, Child
from .plan import Plan
from .report import Section, paragraphs, ratio, summary

ROUNDS = 3
LATENCY, CONCURRENCY = 0.2, 32
BOUND_CPU, BOUND_WALL = 1.0, 1.1

NOTES = """
A call of ours is reserved from a budget, recorded before it is sent and again before its reply is
used, validated against a pydantic model, and settled with the commit of its phase. The client
answers from memory. CPU is per call.

Wall: actors whose model answers after 200 ms, 32 at once, against rounds of 32.

Inspect: samples of one call to its mock model, scored and logged, 32 at once.
"""


def calls(plan: Plan) -> Section:
    """Measure our calls, and Inspect's."""
    section = Section(
        "calls",
        "CPU ms per recorded, metered, validated call",
        [
            ("program", "label", ""),
            ("actors", "actors", ",d"),
            ("median", "median_ms", ".3f"),
            ("fastest", "fastest_ms", ".3f"),
            ("times ours", "times_ours", ".1f"),
            ("wall : ideal", "wall_ratio", ".3f"),
            ("peak MB", "peak_mb", ".0f"),
            ("bound", "bound", ""),
            ("", "verdict", ""),
        ],
        notes=paragraphs(NOTES),
    )
    backends = [name for name in plan.backends if name != "emulator"]
    ours: list[dict[str, Any]] | None = None
    for backend in backends:
        for actors in sorted({1, max(1, plan.calls // 10), plan.calls}):
            found = _ours(plan, backend, actors)
            ours = ours or found
            section.rows.append(_row(f"ScrAI {backend}", actors, found, BOUND_CPU))
    section.rows.append(_wall(plan))
    if plan.peers and ours is not None:
        try:
            section.rows.append(_inspect(plan, ours))
        except BrokenCaseError as broken:
            section.notes.append(f"Inspect: not measured: {broken}")
    return section


def _ours(plan: Plan, backend: str, actors: int) -> list[dict[str, Any]]:
    request = {"backend": backend, "actors": actors, "seconds": 0.0, "folder": str(plan.folder)}
    with Child("bench.caller", do="open", **request) as child:
        phases = max(1, plan.calls // actors // (10 if actors == 1 else 1))
        return [child.ask(do="run", cycles=phases) for _ in range(ROUNDS + 1)][1:]


def _row(label: str, actors: int, found: list[dict[str, Any]], bound: float) -> dict[str, Any]:
    figures = summary(found)
    return {
        "label": label,
        "actors": actors,
        **figures,
        "times_ours": None,
        "wall_ratio": None,
        "peak_mb": found[-1].get("peak_mb"),
        "bound": bound,
        "verdict": None if figures["median_ms"] <= bound else "EXCEEDED",
    }


def _wall(plan: Plan) -> dict[str, Any]:
    request = {
        "backend": "sqlite",
        "actors": plan.calls,
        "seconds": LATENCY,
        "folder": str(plan.folder),
    }
    with Child("bench.caller", do="open", **request) as child:
        child.ask(do="run", cycles=1)
        found = [child.ask(do="run", cycles=1) for _ in range(2)]
    ideal = math.ceil(plan.calls / CONCURRENCY) * LATENCY
    wall = min(sample["wall"] for sample in found) * plan.calls / 1000
    row = _row("ScrAI sqlite, 200 ms a reply", plan.calls, found, BOUND_CPU)
    late = wall / ideal > BOUND_WALL
    return row | {"wall_ratio": wall / ideal, "verdict": "EXCEEDED" if late else row["verdict"]}


def _inspect(plan: Plan, ours: list[dict[str, Any]]) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = plan.peer_folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="scrai-peers-"))
        )
        python = python_of(folder, "inspect", INSPECT)
        child = stack.enter_context(Child("bench.peer_inspect", python, do="open"))
        found = [child.ask(do="run", cycles=200) for _ in range(ROUNDS)][1:]
    row = _row("Inspect, mock model", 200, found, math.inf)
    return row | {"times_ours": ratio(found, ours), "bound": None, "verdict": None}

"""What a phase asks of Firestore."""

from __future__ import annotations

from typing import Any

from .pipe import Child
from .plan import Plan
from .report import Section, kept, paragraphs

WAVES = {"continuing": 1, "new": 2}
FIRST = "initialize"
FIELDS = (
    ("waves", "read_waves"),
    ("commits", "commits"),
    ("calls", "round_trips"),
    ("read", "documents_read"),
    ("written", "documents_written"),
)

NOTES = """
{cycles} cycles; `continuing` is a worker that goes on, `new` one that starts for every phase and
knows nothing (its connection is open already). Initialize is the first step of both.

Waves: groups of reads that wait for each other. A commit is one call.

A Snapshot that owes a full snapshot uploads its chunks in commits before its own; such steps are
left out of `most` and are in the JSON as `most_with_full_snapshot`.

p50 is wall time against an emulator on this machine, not production latency.
"""


def trips(plan: Plan) -> Section | None:
    """Count calls and documents of every phase of simple_town on the emulator."""
    if "emulator" not in plan.backends:
        return None
    counts = [(name, _median(key), "g") for name, key in FIELDS]
    section = Section(
        "trips",
        "Firestore emulator, simple_town: medians per phase",
        [
            ("worker", "worker", ""),
            ("phase", "phase", ""),
            *counts,
            ("most waves", lambda row: row["most"]["read_waves"], "d"),
            ("bound", "bound", "d"),
            ("most commits", lambda row: row["most"]["commits"], "d"),
            ("", "verdict", ""),
            ("p50 ms", "p50_ms", ".1f"),
        ],
        notes=paragraphs(NOTES.format(cycles=plan.trips)),
    )
    for worker, usual in WAVES.items():
        for phase, found in _phases(plan, fresh=worker == "new").items():
            bound = WAVES["new"] if phase == FIRST else usual
            most = found["most"]
            fine = kept(max(most["read_waves"] / bound, most["commits"]), 1)
            row = {"worker": worker, "phase": phase, "bound": bound, "verdict": fine}
            section.rows.append(row | found)
    return section


def _median(name: str) -> Any:
    return lambda row: row["median"][name]


def _phases(plan: Plan, *, fresh: bool) -> dict[str, Any]:
    request = {"backend": "emulator", "scenario": "simple_town", "host": plan.host}
    with Child("bench.worker", do="open", **request) as child:
        return child.ask(do="phases", cycles=plan.trips, fresh=fresh)

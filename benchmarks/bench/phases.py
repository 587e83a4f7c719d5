"""What every phase asks of Firestore: calls, documents, waiting times."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from typing import Any

from scrai.engine import PhaseEngine, PhaseResult

from .subject import Subject

COUNTED = ("read_waves", "commits", "round_trips", "documents_read", "documents_written")
SLOW = 2  # a phase that writes a full snapshot uploads its chunks first


async def phases(subject: Subject, cycles: int, *, fresh: bool) -> dict[str, Any]:
    """Run cycles and return the figures of each phase.

    Args:
        subject: a simulation on Firestore.
        cycles: how many.
        fresh: a new worker for every phase, which knows nothing; else one that goes on.
    """
    samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
    target = subject.cycle + cycles
    while subject.cycle < target:
        if fresh:
            subject.engine = PhaseEngine(subject.store, subject.worlds)
        before, begun = subject.store.stats.copy(), time.perf_counter()
        result = await subject.engine.step(subject.name)
        wall = (time.perf_counter() - begun) * 1000
        sample = {**subject.store.stats.since(before).as_dict(), "wall": wall}
        sample["snapshot"] = await _has_snapshot(subject, result)
        samples[result.executed_phase.value].append(sample)
        subject.cycle = result.simulation.phase_number
    return {name: _summary(found) for name, found in samples.items()}


async def _has_snapshot(subject: Subject, result: PhaseResult) -> bool:
    entry = await subject.engine.journal.entry(subject.name, result.step)
    return bool(entry.get("snapshot", {}).get("kind") == "physical")


def _summary(samples: list[dict[str, Any]]) -> dict[str, Any]:
    plain = [sample for sample in samples if not sample["snapshot"]] or samples
    return {
        "steps": len(samples),
        "full_snapshots": sum(sample["snapshot"] for sample in samples),
        "p50_ms": statistics.median(sample["wall"] for sample in samples),
        "median": {name: statistics.median(s[name] for s in samples) for name in COUNTED},
        "most": {name: max(sample[name] for sample in plain) for name in COUNTED},
        "most_with_full_snapshot": {name: max(s[name] for s in samples) for name in COUNTED},
    }

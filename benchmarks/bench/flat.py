"""Whether an old simulation costs more than a young one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .pipe import Child
from .plan import Plan
from .report import LARGEST, Section, kept, paired, paragraphs, summary

BOUND = 1.1
YOUNG = 10
WORLDS = (("simple_town", 7), ("bench", 10))
LOADS = {"memory": 10, "sqlite": 10, "emulator": 0}
"""Loads that are timed beside each window: none where a query may take longer than it is given."""

PAIRS = {"memory": 3, "sqlite": 3, "emulator": 1}
"""Pairs of windows for each repetition of the plan."""

NOTES = """
Windows of {cycles} cycles, {windows} of each in turns (on the emulator a third of them). Each young
one is a new simulation in an empty store of its own, timed from cycle {young} on (on the emulator:
in the old one's project).

Ratio: median of the ratios of neighbouring windows.

Load: what a new worker's reading of the whole working set costs (not bounded).
"""


def _load(whose: str) -> Callable[[dict[str, Any]], Any]:
    return lambda row: row.get(f"load_{whose}", {}).get("median_ms")


def flat(plan: Plan) -> Section:
    """Compare, in turns, windows of an old simulation with windows of ever new young ones."""
    section = Section(
        "flat",
        f"an old simulation against one at cycle {YOUNG}, CPU ms per cycle",
        [
            ("store", "backend", ""),
            ("world", "world", ""),
            ("cycle", "cycle", ",d"),
            ("young", lambda row: row["young"]["median_ms"], ".2f"),
            ("old", lambda row: row["old"]["median_ms"], ".2f"),
            ("ratio", "ratio", ".3f"),
            ("bound", "bound", "g"),
            ("", "verdict", ""),
            ("load young", _load("young"), ".2f"),
            ("load old", _load("old"), ".2f"),
            ("RSS MB", lambda row: row["weight"]["rss_mb"], ".0f"),
            ("largest document", lambda row: row["weight"].get("largest_document"), ",d"),
            ("", "largest_verdict", ""),
        ],
        notes=paragraphs(
            NOTES.format(
                cycles=plan.window, windows=PAIRS["memory"] * plan.repetitions, young=YOUNG
            )
        ),
    )
    for backend in plan.backends:
        for world, actors in WORLDS:
            section.rows += _ages(plan, backend, world, actors)
    return section


def _ages(plan: Plan, backend: str, world: str, actors: int) -> list[dict[str, Any]]:
    request = {
        "do": "open",
        "backend": backend,
        "scenario": world,
        "actors": actors,
        "folder": str(plan.folder),
        "host": plan.host,
    }
    if backend == "emulator":  # its queries cost by all that a project holds
        request["project"] = f"demo-{world.replace('_', '-')}-{actors}"
    rows = []
    with Child("bench.worker", **request) as old, Child("bench.worker", **request) as young:
        for age in plan.ages[backend]:
            old.ask(do="age", cycles=age)
            found = _compared(plan, old, young, backend)
            found |= {"backend": backend, "world": world, "cycle": age}
            found["weight"] = old.ask(do="weigh")
            largest = found["weight"].get("largest_document")
            rows.append(found | {"largest_verdict": largest and kept(largest, LARGEST)})
    return rows


def _compared(plan: Plan, old: Child, young: Child, backend: str) -> dict[str, Any]:
    samples: dict[str, list] = {"young": [], "old": [], "load_young": [], "load_old": []}
    end = 0
    for _ in range(PAIRS[backend] * plan.repetitions):
        young.ask(do="renew", cycles=YOUNG)
        samples["young"].append(young.ask(do="run", cycles=plan.window))
        samples["old"].append(old.ask(do="run", cycles=plan.window))
        end = samples["old"][-1]["cycle"]
        for name, child in (("load_young", young), ("load_old", old)):
            if LOADS[backend]:
                samples[name].append(child.ask(do="load", count=LOADS[backend]))
    found = paired(samples["old"], samples["young"])
    return {
        "ratio": found,
        "bound": BOUND,
        "verdict": kept(found, BOUND),
        "end": end,
        **{name: summary(each) for name, each in samples.items() if each},
    }

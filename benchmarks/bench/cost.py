"""CPU time of a cycle, by population and store."""

from __future__ import annotations

from contextlib import ExitStack

from .pipe import Child
from .plan import Plan
from .report import Section, paragraphs, summary, verdict

BOUNDS = {("memory", 10): 2.0, ("memory", 100): 6.0, ("sqlite", 10): 5.0, ("sqlite", 100): 12.0}

NOTES = """
World `bench`: every actor changes one attribute, one event and min(actors, 7) actions are made,
resolved and retired in each cycle.

{windows} windows of each case, in turns, after one that is not counted.

Emulator: the client's CPU; the server is another process.
"""


def cost(plan: Plan) -> Section:
    """Time cycles of the world `bench`, every case in turn, so often as the plan says."""
    section = Section(
        "cost",
        "CPU ms per cycle (five phases: hash, journal entry and one commit each)",
        [
            ("store", "backend", ""),
            ("actors", "actors", ",d"),
            ("median", "median_ms", ".2f"),
            ("fastest", "fastest_ms", ".2f"),
            ("at reference", "at_reference_ms", ".2f"),
            ("wall", "wall_ms", ".2f"),
            ("bound", "bound", "g"),
            ("", "verdict", ""),
        ],
        notes=paragraphs(NOTES.format(windows=plan.repetitions)),
    )
    with ExitStack() as stack:
        cases = {
            (backend, actors): stack.enter_context(_child(plan, backend, actors))
            for backend in plan.backends
            for actors in plan.actors
        }
        samples: dict[tuple[str, int], list] = {key: [] for key in cases}
        for _ in range(plan.repetitions + 1):
            for key, child in cases.items():
                samples[key].append(child.ask(do="run", cycles=plan.window_of(key[1])))
    for (backend, actors), found in samples.items():
        row = {"backend": backend, "actors": actors, "bound": BOUNDS.get((backend, actors))}
        row |= summary(found[1:]) | {"cycles_per_window": plan.window_of(actors)}
        section.rows.append(row | {"verdict": verdict(row)})
    return section


def _child(plan: Plan, backend: str, actors: int) -> Child:
    return Child(
        "bench.worker",
        do="open",
        backend=backend,
        scenario="bench",
        actors=actors,
        folder=str(plan.folder),
        host=plan.host,
    )

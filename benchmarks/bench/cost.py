"""CPU time of a cycle, by population and store."""

from __future__ import annotations

from contextlib import ExitStack

from .pipe import Child
from .plan import Plan
from .report import Section, paragraphs, summary, verdict

WORLDS = ("plain", "bench")
BOUNDS = {("memory", 10): 2.0, ("memory", 100): 6.0, ("sqlite", 10): 5.0, ("sqlite", 100): 12.0}

NOTES = """
World `plain`: every actor changes one attribute in each cycle. World `bench`: besides, one event
and min(actors, 7) actions are made, resolved and retired, which is about 30 documents more.

{windows} windows of each case, in turns, after one that is not counted.

Emulator: the client's CPU; the server is another process.
"""


def cost(plan: Plan) -> Section:
    """Time cycles of two worlds, every case in turn, so often as the plan says."""
    section = Section(
        "cost",
        "CPU ms per cycle (five phases: hash, journal entry and one commit each)",
        [
            ("world", "world", ""),
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
            (world, backend, actors): stack.enter_context(_child(plan, world, backend, actors))
            for world in WORLDS
            for backend in plan.backends
            for actors in plan.actors
        }
        samples: dict[tuple[str, str, int], list] = {key: [] for key in cases}
        for _ in range(plan.repetitions + 1):
            for key, child in cases.items():
                samples[key].append(child.ask(do="run", cycles=plan.window_of(key[2])))
    for (world, backend, actors), found in samples.items():
        bound = BOUNDS.get((backend, actors))
        row = {"world": world, "backend": backend, "actors": actors, "bound": bound}
        row |= summary(found[1:]) | {"cycles_per_window": plan.window_of(actors)}
        section.rows.append(row | {"verdict": verdict(row)})
    return section


def _child(plan: Plan, world: str, backend: str, actors: int) -> Child:
    return Child(
        "bench.worker",
        do="open",
        backend=backend,
        scenario=world,
        actors=actors,
        folder=str(plan.folder),
        host=plan.host,
    )

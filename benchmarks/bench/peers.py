"""Other libraries, in turns with ours in the same run."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .environments import CONCORDIA, LANGGRAPH, MESA, python_of, versions
from .pipe import BrokenCaseError, Child
from .plan import Plan
from .report import Section, paragraphs, ratio, summary

OUR_PHASES, THEIR_PHASES = 5, 6
ROUNDS = 5


@dataclass(frozen=True)
class Case:
    """One program that takes part in a comparison."""

    label: str
    module: str
    request: dict[str, Any]
    peer: str = ""
    phases: int = 0  # how many there are in a unit; 0: units are compared as they are


NOTES = """
Times ours: the median of this program over that of the first line of its group; above 1 ours is
cheaper.

Six phases: our cycles have five after the first, so our figures are multiplied by 6/5 there.
LangGraph runs one endless graph, stores with durability `sync`, and its sqlite file with
`synchronous=NORMAL` as ours.

LangGraph without a saver and Mesa store, journal and hash nothing.

Concordia: its own prefabs, sequential engine (one actor acts in a step) and a model that answers at
once; ours: world `bench`, where min(actors, 7) act.
"""


def peers(plan: Plan) -> Section | None:
    """Measure LangGraph, Concordia and Mesa beside ours."""
    if not plan.peers:
        return None
    section = Section(
        "peers",
        "other libraries in the same run, CPU ms per cycle",
        [
            ("compared", "group", ""),
            ("program", "label", ""),
            ("median", "median_ms", ".2f"),
            ("fastest", "fastest_ms", ".2f"),
            ("at reference", "at_reference_ms", ".2f"),
            ("times ours", "times_ours", ".2f"),
            ("last : first window", "drift", ".2f"),
        ],
        notes=paragraphs(NOTES),
    )
    with ExitStack() as stack:
        folder = plan.peer_folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="scrai-peers-"))
        )
        for name, group in GROUPS.items():
            try:
                section.rows += _group(plan, folder, name, group(plan))
            except BrokenCaseError as broken:
                section.notes.append(f"{name}: not measured: {broken}")
    return section


def _group(plan: Plan, folder: Path, name: str, measured: tuple[list[Case], int]) -> list[dict]:
    cases, cycles = measured
    pythons = [_python(folder, case) for case in cases]  # before any of them starts
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child(case.module, python, **case.request))
            for case, python in zip(cases, pythons, strict=True)
        ]
        samples: list[list[dict[str, Any]]] = [[] for _ in cases]
        for _ in range(ROUNDS + 1):
            for child, found in zip(children, samples, strict=True):
                found.append(child.ask(do="run", cycles=cycles))
    windows = [
        [_per_six(sample, case) for sample in found[1:]]
        for case, found in zip(cases, samples, strict=True)
    ]
    return [
        {
            "group": name,
            "label": case.label,
            "times_ours": ratio(found, windows[0]),
            "drift": found[-1]["cpu"] / found[0]["cpu"],
            **summary(found),
            "versions": versions(python, PACKAGES[case.peer][1]) if case.peer else {},
            "file_bytes": found[-1].get("file_bytes") or None,
        }
        for case, python, found in zip(cases, pythons, windows, strict=True)
    ]


def _per_six(sample: dict[str, Any], case: Case) -> dict[str, Any]:
    """Return a sample of ours as if a cycle had the six phases of theirs."""
    if not case.phases:
        return sample
    scale = THEIR_PHASES / case.phases
    return sample | {name: sample[name] * scale for name in ("cpu", "wall", "at_reference")}


PACKAGES = {
    "langgraph": (LANGGRAPH, ("langgraph", "langgraph-checkpoint-sqlite")),
    "concordia": (CONCORDIA, ("gdm-concordia",)),
    "mesa": (MESA, ("mesa",)),
}


def _python(folder: Path, case: Case) -> Path:
    if not case.peer:
        return Path(sys.executable)
    return python_of(folder, case.peer, PACKAGES[case.peer][0])


def _ours(plan: Plan, backend: str, world: str, actors: int, phases: int = 0) -> Case:
    request = {"do": "open", "backend": backend, "scenario": world, "actors": actors}
    return Case(
        f"ScrAI {backend}", "bench.worker", request | {"folder": str(plan.folder)}, phases=phases
    )


def _graph(plan: Plan, saver: str, world: str) -> Case:
    folder = Path(tempfile.mkdtemp(dir=plan.folder))
    request = {"do": "open", "saver": saver, "world": world, "folder": str(folder)}
    request["actors"] = PEOPLE
    label = {"none": "no checkpointer", "memory": "InMemorySaver", "sqlite": "SqliteSaver"}[saver]
    return Case(f"LangGraph, {label}", "bench.peer_langgraph", request, "langgraph")


PEOPLE = [
    {
        "id": f"person-{number:04d}",
        "name": f"Person number {number}",
        "type": "npc",
        "attributes": {
            "coins": 10,
            "energy": 80,
            "home": "north",
            "mood": 0,
            "role": "x",
        },
        "relationships": {f"person-{(number + step) % 10:04d}": 10 * step for step in range(1, 6)},
        "location": {"place": "square"},
        "affiliations": ["town"],
    }
    for number in range(10)
]


def _langgraph(store: str, world: str) -> Callable[[Plan], tuple[list[Case], int]]:
    def cases(plan: Plan) -> tuple[list[Case], int]:
        savers = ("none", store) if store == "memory" else (store,)
        ours = _ours(plan, store, world, 10 if world == "bench" else 0, OUR_PHASES)
        return [ours, *(_graph(plan, saver, world) for saver in savers)], plan.window_of(10)

    return cases


def _concordia(actors: int) -> Callable[[Plan], tuple[list[Case], int]]:
    def cases(plan: Plan) -> tuple[list[Case], int]:
        theirs = Case(
            "Concordia", "bench.peer_concordia", {"do": "open", "actors": actors}, "concordia"
        )
        ours = [_ours(plan, backend, "bench", actors) for backend in ("memory", "sqlite")]
        return [*ours, theirs], max(2, plan.effort // 200)

    return cases


def _mesa(actors: int) -> Callable[[Plan], tuple[list[Case], int]]:
    def cases(plan: Plan) -> tuple[list[Case], int]:
        theirs = Case("Mesa", "bench.peer_mesa", {"do": "open", "actors": actors}, "mesa")
        return [_ours(plan, "memory", "exchange", actors), theirs], plan.window_of(actors)

    return cases


GROUPS: dict[str, Callable[[Plan], tuple[list[Case], int]]] = {
    "six phases, a counter; memory": _langgraph("memory", "trivial"),
    "six phases, a counter; sqlite": _langgraph("sqlite", "trivial"),
    "six phases, 10 actors; memory": _langgraph("memory", "bench"),
    "six phases, 10 actors; sqlite": _langgraph("sqlite", "bench"),
    "a step of 2 actors": _concordia(2),
    "a step of 4 actors": _concordia(4),
    "a step of 10 actors": _concordia(10),
    "exchange of wealth, 100 agents": _mesa(100),
    "exchange of wealth, 1,000 agents": _mesa(1000),
}

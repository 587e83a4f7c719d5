"""Profiles, for those who optimise; only on demand (`--only profile`, `--only growth`)."""

from __future__ import annotations

from .pipe import Child
from .plan import Plan
from .report import Section

TOP = 15
PROFILED, GROWN = 300, 600


def profile(plan: Plan) -> Section:
    """Profile cycles of `bench` with 10 and 100 actors."""
    section = Section(
        "profile",
        "own time by function, per cycle (with the profiler's own cost)",
        [
            ("store", "backend", ""),
            ("actors", "actors", "d"),
            ("calls", "calls", ".1f"),
            ("own ms", "own_ms", ".3f"),
            ("with callees", "total_ms", ".3f"),
            ("  function", "function", ""),
        ],
    )
    for backend in plan.backends:
        for actors in (10, 100):
            found = _ask(plan, backend, actors, "profile", plan.effort * PROFILED // 2000)
            section.rows += [{"backend": backend, "actors": actors, **row} for row in found["rows"]]
            section.notes.append(
                f"{backend}, {actors} actors: {found['calls_per_cycle']:,.0f} calls and"
                f" {found['total_ms_per_cycle']:.1f} ms per cycle"
            )
    return section


def growth(plan: Plan) -> Section:
    """Say who holds more memory after some hundred cycles of `bench`."""
    section = Section(
        "growth",
        "memory that a cycle leaves behind in the process",
        [
            ("store", "backend", ""),
            ("bytes", "bytes_per_cycle", ",.0f"),
            ("blocks", "blocks_per_cycle", ".2f"),
            ("  line", "line", ""),
        ],
    )
    for backend in plan.backends:
        found = _ask(plan, backend, 10, "growth", plan.effort * GROWN // 2000)
        section.rows += [{"backend": backend, **row} for row in found["rows"]]
        section.notes.append(f"{backend}: {found['bytes_per_cycle']:,.0f} bytes per cycle in all")
    return section


def _ask(plan: Plan, backend: str, actors: int, what: str, cycles: int) -> dict:
    request = {"backend": backend, "scenario": "bench", "actors": actors, "host": plan.host}
    with Child("bench.worker", do="open", folder=str(plan.folder), **request) as child:
        child.ask(do="run", cycles=20)
        return child.ask(do=what, cycles=max(2, cycles), top=TOP)

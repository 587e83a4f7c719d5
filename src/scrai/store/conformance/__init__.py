"""The conformance suite: what a backend must do, for any backend, ours or not.

    from scrai.store.conformance import report, run_suite
    print(report(asyncio.run(run_suite(MyFactory))))

A `StoreFactory` makes the stores that the cases run on and says in `features` what it can do
beyond that; cases that need more are reported as not applicable, by name. Cases are grouped by
letter: A one document, B isolation, C round trips, D queries, E concurrency, F commits, G steps
and blobs, H durability, I failure, J lifecycle, S one script with the same transcript everywhere.
The generated cases of C and D need hypothesis.
"""

from __future__ import annotations

from scrai.store.conformance._backends import LocalFactory, MemoryFactory, SqliteFactory
from scrai.store.conformance._h_durability import write_fixture
from scrai.store.conformance._kit import (
    Case,
    ConformanceError,
    Feature,
    Hazard,
    Kit,
    Opener,
    StoreFactory,
    case,
    declare_collections,
)
from scrai.store.conformance._suite import CaseResult, cases, report, run_case, run_suite

__all__ = [
    "Case",
    "CaseResult",
    "ConformanceError",
    "Feature",
    "Hazard",
    "Kit",
    "LocalFactory",
    "MemoryFactory",
    "Opener",
    "SqliteFactory",
    "StoreFactory",
    "case",
    "cases",
    "declare_collections",
    "report",
    "run_case",
    "run_suite",
    "write_fixture",
]

"""The suite: all cases, one run of one, a run of all with a report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, TypeAlias

from scrai.store.conformance import (
    _a_crud,
    _b_isolation,
    _c_generated,
    _c_round_trip,
    _d_generated,
    _d_queries,
    _e_concurrency,
    _f_commit,
    _g_steps,
    _h_durability,
    _i_failure,
    _j_lifecycle,
    _script,
)
from scrai.store.conformance._kit import Case, Kit, StoreFactory, declare_collections

_MODULES: tuple[tuple[str, ModuleType], ...] = (
    ("A", _a_crud),
    ("B", _b_isolation),
    ("C", _c_round_trip),
    ("C", _c_generated),
    ("D", _d_queries),
    ("D", _d_generated),
    ("E", _e_concurrency),
    ("F", _f_commit),
    ("G", _g_steps),
    ("H", _h_durability),
    ("I", _i_failure),
    ("J", _j_lifecycle),
    ("S", _script),
)

Outcome: TypeAlias = Literal["passed", "failed", "not applicable"]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case ended.

    Attributes:
        case: the demand.
        outcome: passed, failed or not applicable.
        detail: the error, or which features the case needs that the backend does not have.
    """

    case: Case
    outcome: Outcome
    detail: str = ""


def cases(letters: str = "ABCDEFGHIJS") -> list[Case]:
    """Return the cases of some letters (S is the _script) in their order."""
    return [
        Case(letter, name, function, function.needs)
        for letter, module in _MODULES
        if letter in letters
        for name, function in vars(module).items()
        if hasattr(function, "needs") and function.__module__ == module.__name__
    ]


async def run_case(each: Case, factory: StoreFactory) -> CaseResult:
    """Run one case; clean up after it, whatever happened."""
    missing = sorted(feature.value for feature in each.needs - factory.features)
    if missing:
        return CaseResult(each, "not applicable", f"needs {', '.join(missing)}")
    declare_collections()
    try:
        await each.run(Kit(factory))
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return CaseResult(each, "failed", f"{type(error).__name__}: {error}")
    finally:
        await factory.cleanup()
    return CaseResult(each, "passed")


async def run_suite(
    make_factory: Callable[[], StoreFactory], letters: str = "ABCDEFGHIJS"
) -> list[CaseResult]:
    """Run the suite, each case on a factory of its own; return every result."""
    return [await run_case(each, make_factory()) for each in cases(letters)]


def report(results: Iterable[CaseResult]) -> str:
    """Return results as text: a line for each case, then the sums."""
    results = list(results)
    lines = [
        f"{each.case.letter} {each.outcome:14} {each.case.name.replace('_', ' ')}"
        + (f"\n    {each.detail}" if each.detail else "")
        for each in results
    ]
    sums = {
        outcome: sum(each.outcome == outcome for each in results)
        for outcome in ("passed", "failed", "not applicable")
    }
    return "\n".join([*lines, ", ".join(f"{number} {name}" for name, number in sums.items())])

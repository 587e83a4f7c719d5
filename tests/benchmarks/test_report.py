"""Tables, verdicts, and the pipe to the programs under measurement."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest
from bench.calibration import REFERENCE, Stopwatch, calibration
from bench.pipe import BrokenCaseError, Child
from bench.plan import QUICK, Plan, scaled
from bench.report import (
    EXCEEDED,
    KEPT,
    SLOW_MACHINE,
    Section,
    kept,
    paired,
    ratio,
    summary,
    verdict,
)


def sample(cpu: float, unit: float = REFERENCE) -> dict[str, float]:
    return {"cpu": cpu, "wall": 2 * cpu, "unit": unit, "at_reference": cpu * REFERENCE / unit}


def test_a_summary_has_the_median_and_the_fastest() -> None:
    found = summary([sample(3.0), sample(1.0), sample(9.0)])
    assert (found["median_ms"], found["fastest_ms"], found["windows"]) == (3.0, 1.0, 3)


def test_the_reference_undoes_a_slow_machine() -> None:
    found = summary([sample(6.0, 3 * REFERENCE), sample(2.0)])
    assert found["at_reference_ms"] == pytest.approx(2.0)
    assert found["median_ms"] == 4.0


def test_a_ratio_is_that_of_medians() -> None:
    assert ratio([sample(2.0), sample(4.0), sample(90.0)], [sample(2.0)]) == 2.0


def test_pairs_are_compared_one_by_one() -> None:
    slowing = [1.0, 2.0, 30.0]
    old = [sample(1.1 * unit) for unit in slowing]
    young = [sample(unit) for unit in slowing]
    assert paired(old, young) == pytest.approx(1.1)
    assert paired(old[:2], young[1:]) != pytest.approx(1.1)


@pytest.mark.parametrize(
    ("median", "reference", "said"),
    [(2.0, 2.0, KEPT), (3.0, 2.0, SLOW_MACHINE), (3.0, 2.1, EXCEEDED), (2.0, 9.0, KEPT)],
)
def test_verdicts(median: float, reference: float, said: str) -> None:
    row = {"median_ms": median, "at_reference_ms": reference, "bound": 2.0}
    assert verdict(row) == said
    assert verdict(row | {"bound": None}) is None


def test_a_figure_without_a_bound_has_no_verdict() -> None:
    assert (kept(1.0, None), kept(1.1, 1.1), kept(1.11, 1.1)) == (None, KEPT, EXCEEDED)


def test_a_table_is_aligned_and_leaves_out_what_is_not_known() -> None:
    columns = [("store", "store", ""), ("ms", "ms", ".1f"), ("n", lambda row: row["n"], ",d")]
    section = Section("x", "A title", columns, [{"store": "memory", "ms": 1.25, "n": 1000}])
    section.rows.append({"store": "sqlite", "n": 7})
    section.notes.append("A note.")
    assert section.text().splitlines() == [
        "== A title",
        "store    ms      n",
        "memory  1.2  1,000",
        "sqlite           7",
        "  - A note.",
    ]


def test_a_stopwatch_counts_work_and_not_sleep() -> None:
    watch = Stopwatch()
    time.sleep(0.2)
    found = watch.stop(1)
    assert found["wall"] >= 200 > found["cpu"]


def test_calibration_is_in_several_units() -> None:
    found = calibration(rounds=2)
    assert len(found) == 5
    assert all(0 < each["fastest"] <= each["median"] for each in found.values())


def test_scaled_plans_keep_their_shape() -> None:
    plan = Plan(folder=Path(), **scaled(QUICK, 0.001))
    assert plan.ages == {"memory": (2,), "sqlite": (2,), "emulator": (2,)}
    assert (plan.window, plan.stored, plan.trips) == (2, 2, 2)


def child(**first: Any) -> Child:
    return Child("bench.worker", sys.executable, **first)


def test_a_child_reports_what_went_wrong() -> None:
    with child() as worker:
        with pytest.raises(BrokenCaseError, match="the first request is `open`"):
            worker.ask(do="run", cycles=1)
        worker.ask(do="open", backend="memory", scenario="trivial")
        assert worker.ask(do="run", cycles=2)["cycle"] == 2


def test_a_child_that_is_gone_is_a_broken_case() -> None:
    with child() as worker:
        worker._process.kill()
        worker._process.wait()
        with pytest.raises(BrokenCaseError, match=r"bench\.worker ended with -9"):
            worker.ask(do="weigh")

"""What a scenario says beside its run may fail: the run and what is shown of it go on."""

from __future__ import annotations

import pytest

from _program import Program

FAILURES = {
    "raises": "raise KeyError('tick')",
    "exits": "raise SystemExit(3)",
    "is nothing": "return None",
    "is no number": "return {'water': 'plenty'}",
}


def with_hook(program: Program, hook: str, body: str) -> None:
    arguments = "self" if hook == "notice" else "self, metrics"
    with (program.folder / "well.py").open("a", encoding="utf-8") as file:
        file.write(f"\n    def {hook}({arguments}):\n        {body}\n")


@pytest.mark.parametrize("body", FAILURES.values(), ids=FAILURES.keys())
def test_a_failing_headline_costs_the_figures_and_one_warning(program: Program, body: str) -> None:
    with_hook(program, "headline", body)
    done = program.call("run", "well.py", "--cycles", 3, "--id", "town")
    assert done.code == 0, done.err
    lines = [line for line in done.out.splitlines() if line.startswith("cycle ")]
    assert [line.split("  ")[0] for line in lines] == [f"cycle {n} of 3" for n in (1, 2, 3)]
    assert all("=" not in line for line in lines)
    assert program.state()["status"] == "completed"
    (warning,) = done.err.splitlines()
    assert warning.startswith("warning: the scenario's headline failed and is left out: ")


def test_the_warning_says_where_in_the_scenario(program: Program) -> None:
    with_hook(program, "headline", FAILURES["raises"])
    program.create("town", "--cycles", 2)
    done = program.call("simulation", "run", "town")
    assert done.code == 0, done.err
    (warning,) = done.err.splitlines()
    assert "KeyError: 'tick' (well.py, line " in warning


@pytest.mark.parametrize("hook", ["notice", "closing"])
def test_a_failing_notice_or_closing_costs_no_run(program: Program, hook: str) -> None:
    with_hook(program, hook, FAILURES["raises"])
    done = program.call("run", "well.py", "--cycles", 2, "--id", "town")
    assert done.code == 0, done.err
    assert "cycle 2 of 2" in done.out
    assert "water " in done.out, "the numbers are there as without a table of the scenario's own"
    (warning,) = done.err.splitlines()
    assert warning.startswith(f"warning: the scenario's {hook} failed and is left out: ")


def test_a_healthy_headline_is_shown(program: Program) -> None:
    with_hook(program, "headline", "return {'litres': metrics['water']}")
    done = program.call("run", "well.py", "--cycles", 2, "--id", "town")
    assert done.err == ""
    assert "litres=" in done.out

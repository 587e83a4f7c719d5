"""Steering simulations from the command line: stepping, pausing, failing, going on."""

from __future__ import annotations

import re
import sys

import pytest

from _program import Program


def phases(program: Program, name: str = "town") -> list[tuple[int, str]]:
    """Return (cycle, phase) of the phases that ran."""
    found = program.json("simulation", "history", name)
    return [(line["cycle"], line["phase"]) for line in found if line["kind"] == "phase"]


def test_start_runs_the_first_phase_once(program: Program) -> None:
    program.create()
    first = program.json("simulation", "start", "town")
    assert first["executed_phase"] == "initialize"
    assert "started already" in program.fails("simulation", "start", "town")
    assert phases(program) == [(1, "initialize")]


def test_a_phase_can_be_forced(program: Program) -> None:
    program.create()
    program("simulation", "cycle", "town")
    program.fails("simulation", "advance", "town", "--phase", "world_update")
    forced = program.json("simulation", "advance", "town", "--phase", "world_update", "--force")
    assert (forced["executed_phase"], forced["next_phase"]) == ("world_update", "snapshot")
    assert phases(program)[-1] == (2, "world_update")


@pytest.mark.parametrize("before", range(2, 12))
def test_pausing_in_any_phase_changes_nothing_but_the_steps(program: Program, before: int) -> None:
    program.create("paused", "--cycles", 2)
    program.create("plain", "--cycles", 2)
    for _ in range(before - 1):
        program("simulation", "advance", "paused")
    due = program.state("paused")["due_phase"]
    program("simulation", "pause", "paused")
    shown = program.state("paused")
    assert (shown["status"], shown["current_phase"]) == ("paused", due)
    line = program.fails("simulation", "advance", "paused")
    assert "is paused (scrai simulation resume paused)" in line
    program("simulation", "resume", "paused")
    program("simulation", "run", "paused")
    program("simulation", "run", "plain")
    assert program.state("paused")["hash"] == program.state("plain")["hash"]
    assert program.json("simulation", "replay", "paused")["identical"] is True


def test_a_simulation_that_has_not_begun_cannot_pause(program: Program) -> None:
    program.create()
    assert "created" in program.fails("simulation", "pause", "town")
    assert program.state()["counts"]["steps"] == 0


def failed(program: Program, name: str = "town") -> str:
    """Create a simulation whose second cycle fails until the configuration allows."""
    program.create(name, "--set", "fail_at=2")
    line = program.fails("simulation", "run", name)
    assert "event_generation of cycle 2 failed: RuntimeError: the well is dry" in line
    assert f"(scrai simulation resume {name} --retry, --skip or --roll-back)" in line
    shown = program.state(name)
    assert (shown["status"], shown["error_count"]) == ("error", 3)
    assert shown["last_error"].startswith("RuntimeError: the well is dry (")  # and where
    return name


def test_an_error_needs_to_be_told_how_to_go_on(program: Program) -> None:
    failed(program)
    line = program.fails("simulation", "resume", "town")
    assert "--retry, --skip or --roll-back" in line
    program.fails("simulation", "advance", "town")


def test_retry_tries_the_phase_again(program: Program) -> None:
    failed(program)
    assert program.json("simulation", "resume", "town", "--retry")["status"] == "running"
    assert "tries it again" in program.fails("simulation", "advance", "town")
    assert program.state()["error_count"] == 4
    assert program.state()["status"] == "running"


def test_skip_leaves_the_phase_out(program: Program) -> None:
    failed(program)
    found = program.json("simulation", "resume", "town", "--skip")
    assert (found["status"], found["current_phase"]) == ("running", "action_collection")
    assert program.json("simulation", "cycle", "town")["phase_number"] == 2
    assert (2, "event_generation") not in phases(program)


def test_roll_back_restores_the_last_complete_cycle(program: Program) -> None:
    failed(program)
    end = program.json("simulation", "history", "town")[5]
    found = program.json("simulation", "resume", "town", "--roll-back")
    assert (found["status"], found["phase_number"]) == ("running", 1)
    assert found["hash"] == end["hash"]


def test_roll_back_in_the_first_cycle_goes_to_the_beginning(program: Program) -> None:
    program.create()
    beginning = program.state()["hash"]
    for _ in range(3):
        program("simulation", "advance", "town")
    found = program.json("simulation", "resume", "town", "--roll-back")
    assert found["hash"] == beginning
    assert found["current_phase"] == "initialize"


def test_run_goes_on_where_it_was_left(program: Program) -> None:
    whole = program.json("run", "well.py", "--cycles", 3, "--id", "whole")
    program.create("parts", "--cycles", 3)
    program("simulation", "advance", "parts")
    program("simulation", "run", "parts", "--cycles", 1)
    found = program.json("run", "--resume", "parts")
    assert found["status"] == "completed"
    assert found["hash"] == whole["hash"]
    line = program.fails("run", "well.py", "--resume", "parts")
    assert "--branch-from parts" in line


def test_resume_can_set_another_end(program: Program) -> None:
    program.create("town", "--cycles", 2)
    program("simulation", "cycle", "town")
    found = program.json("run", "well.py", "--resume", "town", "--cycles", 4)
    assert (found["status"], found["phase_number"]) == ("completed", 4)


def test_the_same_run_again_is_told_how_to_go_on(program: Program) -> None:
    program("simulation", "create", "simple_town", "--id", "town", "--cycles", 2)
    line = program.fails("run", "simple_town", "--id", "town")
    assert "'town' exists already (scrai run --resume town goes on with it; or choose" in line
    program("run", "--resume", "town")
    line = program.fails("run", "simple_town", "--id", "town")
    assert "'town' exists already (choose another --id, or delete that one)" in line
    line = program.fails("run", "--branch-from", "town", "--id", "town")
    assert "choose another --id" in line


def test_a_completed_run_is_lengthened_by_a_branch(program: Program) -> None:
    program("run", "simple_town", "--id", "town", "--cycles", 1)
    line = program.fails("run", "--resume", "town", "--cycles", 2)
    assert "(--branch-from town --cycles N goes on from its end)" in line
    program("run", "--branch-from", "town", "--cycles", 2, "--id", "longer")
    assert phases(program, "longer")[-1] == (2, "snapshot")


def test_run_branches_from_an_earlier_run(program: Program) -> None:
    program("run", "well.py", "--cycles", 4, "--id", "town")
    before = program.state(), program.json("simulation", "history", "town")
    same = program.json("run", "--branch-from", "town", "--branch-at-turn", 2, "--cycles", 4)
    assert same["hash"] == before[0]["hash"]
    other = program.json(
        "run", "well.py", "--branch-from", "town", "--at", "2:snapshot", "--seed", 9,
        "--cycles", 4, "--set", "rain=50", "--id", "wet", "--name", "Wet",
    )  # fmt: skip
    assert (other["simulation_id"], other["name"]) == ("wet", "Wet")
    assert (other["status"], other["phase_number"]) == ("completed", 4)
    assert other["hash"] != before[0]["hash"]
    assert (program.state(), program.json("simulation", "history", "town")) == before
    compared = program.json("compare", "town", "wet", same["simulation_id"])
    assert [row["setting"] for row in compared["settings"]] == ["seed", "configuration.rain"]
    assert compared["settings"][1]["values"] == {"wet": 50}
    assert compared["settings"][1]["default"] == 10
    table = program("compare", "town", "wet")
    assert re.search(r"rain +10 \(default\) +50", table)
    assert re.search(r"seed of the run +\d+ +9", table)
    assert "nothing was set differently" in program("compare", "town", same["simulation_id"])
    first, second = compared["divergences"]
    assert first["common_steps"] == 11
    assert first["first"]["a"]["phase"] == "event_generation"
    assert (second["first"], second["ahead"], second["common_steps"]) == (None, None, 21)


def test_a_scenario_without_a_number_of_cycles_gets_ten(program: Program) -> None:
    out = program("run", "well.py", "--id", "town", "--set", "share=0")
    assert "10 cycles, as --cycles was not given" in out
    assert program.state()["phase_number"] == 10


def test_quiet_prints_nothing(program: Program) -> None:
    assert program("--quiet", "run", "well.py", "--cycles", 1, "--id", "town") == ""
    assert program("-q", "simulation", "show", "town") == ""


def test_delete_asks_what_becomes_of_branches(program: Program) -> None:
    for name in ("one", "two"):
        program("run", "well.py", "--cycles", 1, "--id", name)
    program("simulation", "branch", "one", "--id", "child")
    line = program.fails("simulation", "delete", "one")
    assert "has branches: child" in line
    two = program.state("two")
    assert program.json("simulation", "delete", "one", "--detach") == {"deleted": ["one"]}
    assert program.state("child")["parent"] is None
    program("simulation", "cycle", "child")
    program("simulation", "branch", "child", "--id", "grandchild")
    found = program.json("simulation", "delete", "child", "--with-branches")
    assert found == {"deleted": ["grandchild", "child"]}
    assert [item["simulation_id"] for item in program.json("simulation", "list")] == ["two"]
    assert program.state("two") == two


def test_restore_goes_back_by_going_on(program: Program) -> None:
    program.create("town", "--set", "rain=50")
    program("simulation", "run", "town", "--cycles", 2)
    lines = program.json("simulation", "history", "town")
    found = program.json("simulation", "restore", "town", "--at", "1:snapshot")
    assert found["hash"] == lines[5]["hash"]
    assert program.state()["counts"]["steps"] == 12
    assert program.json("action", "list", "town") == []
    program("simulation", "cycle", "town")
    again = program.json("simulation", "history", "town")
    assert [line["step"] for line in again] == [*range(1, 7), *range(12, 18)]
    assert again[6]["kind"] == "restore"
    assert again[-1]["hash"] != lines[-1]["hash"], "a redone phase draws fresh numbers"
    assert program.json("simulation", "replay", "town")["identical"] is True
    changed = program.json("simulation", "diff", "town", "1:snapshot", 17)
    assert changed["changes"]["parts/world_state"]["set"]["/water"] >= 0


def test_a_branch_may_change_the_configuration_if_it_fits(program: Program) -> None:
    program.create()
    program("simulation", "cycle", "town")
    line = program.fails("simulation", "branch", "town", "--set", "share=many", code=2)
    assert "share" in line
    line = program.fails("simulation", "create", "well.py", "--set", "shar=3", code=2)
    assert "share" in line
    child = program.json("simulation", "branch", "town", "--set", "share=1", "--id", "child")
    assert child["hash"] == program.state()["hash"]
    assert program.state("child")["configuration"] == {"share": 1}
    program.fails("simulation", "branch", "town", "--id", "child")


def test_a_module_of_this_folder_may_import_its_neighbours(program: Program) -> None:
    text = "from well import Well\n\n\nclass Deep(Well):\n    name = 'deep'\n"
    (program.folder / "deep_well.py").write_text(text, encoding="utf-8")
    assert program.json("run", "deep_well:Deep", "--cycles", 1)["status"] == "completed"
    # A name that is installed is not taken over.
    (program.folder / "json.py").write_text("raise RuntimeError", encoding="utf-8")
    program("simulation", "list")
    for name in ("deep_well", "well"):
        sys.modules.pop(name, None)
    assert "" not in sys.path

"""Whatever is wrong is one clear line, the right exit code, and no change."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from _program import Program
from scrai import _wall

HOSTILE = ["../x", "a/b", "a~b", "", ".", "..", "__x__", "x" * 701, "a\0b", "\udcff"]


@pytest.fixture
def town(program: Program) -> str:
    name = program.create()
    program("simulation", "cycle", name)
    return name


@pytest.fixture
def unchanged(program: Program, town: str) -> Any:
    """Prove after the test that the simulation is as it was before."""
    before = program.state(town), program.json("simulation", "history", town)
    yield
    assert (program.state(town), program.json("simulation", "history", town)) == before


def test_an_unknown_scenario_names_near_ones(program: Program) -> None:
    assert "did you mean simple_town?" in program.fails("run", "simple_twon", code=2)
    assert "nothere.py" in program.fails("simulation", "create", "nothere.py", code=2)
    assert "no module" in program.fails("run", "nowhere:Thing", code=2)
    assert program.json("simulation", "list") == []


@pytest.mark.usefixtures("unchanged")
def test_a_wrong_phase_names_both(program: Program, town: str) -> None:
    line = program.fails("simulation", "advance", town, "--phase", "snapshot")
    assert "expected phase event_generation, given snapshot" in line
    line = program.fails("simulation", "advance", town, "--phase", "snapshoot", code=2)
    assert "did you mean snapshot?" in line
    program.fails("simulation", "advance", town, "--phase", "completed", code=2)
    program.fails("simulation", "advance", town, "--force", code=2)


def test_a_terminal_simulation_takes_nothing(program: Program, town: str) -> None:
    program("simulation", "stop", town)
    before = program.state(town)
    assert before["status"] == "completed"
    for command in ("advance", "cycle", "run", "pause", "resume", "stop", "start"):
        line = program.fails("simulation", command, town)
        assert "completed" in line, line
    program.fails("simulation", "restore", town, "--at-step", 2)
    program.fails("run", "--resume", town)
    program.fails("action", "inject", town, "--actor", "actor-ada")
    assert program.state(town) == before


@pytest.mark.usefixtures("unchanged")
def test_bad_json_and_yaml_say_where(program: Program, town: str) -> None:
    line = program.fails("action", "inject", town, "--data", '{"id": 3', code=2)
    assert "line 1, column 9" in line
    (program.folder / "bad.yaml").write_text("a: [1\nb: 2\n")
    assert "bad.yaml" in program.fails("event", "inject", town, "--file", "bad.yaml", code=2)
    (program.folder / "bytes.json").write_bytes(b"{\xff}")
    assert "UTF-8" in program.fails("event", "inject", town, "--file", "bytes.json", code=2)
    assert "stdin" in program.fails("event", "inject", town, "--file", "-", code=2, stdin="[1]")
    program.fails("event", "inject", town, "--file", "missing.json", code=2)
    program.fails("event", "inject", town, "--file", ".", code=2)
    program.fails("event", "inject", town, "--set", "title", code=2)
    program.fails("event", "inject", town, "--set", "title=[", code=2)
    program.fails("event", "inject", town, "--data", "{}", "--file", "x", code=2)
    deep = "[" * 100_000
    program.fails("event", "inject", town, "--data", f'{{"title": {deep}', code=2)
    program.fails("event", "inject", town, "--set", f"title={deep}", code=2)


@pytest.mark.usefixtures("unchanged")
def test_bad_fields_name_every_problem(program: Program, town: str) -> None:
    data = json.dumps({"actorid": "actor-ada", "priority": "urgnt"})
    line = program.fails("action", "inject", town, "--data", data, code=2)
    assert "did you mean actor_id?" in line
    assert "did you mean urgent?" in line
    assert "no actor nobody" in program.fails("action", "inject", town, "--actor", "nobody", code=2)
    program.fails("action", "inject", town, "--actor", "actor-ada", "--target", "nobody", code=2)
    line = program.fails("actor", "update", town, "actor-ada", "--set", "id=other", code=2)
    assert "id cannot be changed" in line
    program.fails("actor", "update", town, "actor-ada", code=2)
    program.fails("actor", "update", town, "actor-ada", "--set", "name.x=1", code=2)
    program.fails("actor", "add", town, "--id", "actor-ada", "--name", "Ada")
    twice = '{"name": "X", "name": "Y"}'
    assert "'name' is there twice" in program.fails("actor", "add", town, "--data", twice, code=2)
    nan = '{"name": "X", "attributes": {"x": NaN}}'
    assert "NaN" in program.fails("actor", "add", town, "--data", nan, code=2)
    huge = f'{{"name": "X", "attributes": {{"x": {10**30}}}}}'
    program.fails("actor", "add", town, "--data", huge, code=2)
    long = f'{{"name": "X", "attributes": {{"x": {"1" * 5000}}}}}'
    program.fails("actor", "add", town, "--data", long, code=2)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_ids_are_refused_everywhere(program: Program, name: str) -> None:
    program.fails("simulation", "create", "well.py", f"--id={name}", code=2)
    for command in ("show", "advance", "history", "pause", "delete", "replay", "export"):
        if "\0" not in name:
            program.fails("simulation", command, name, code=2)
    program.create()
    program("simulation", "cycle", "town")
    before = program.state()
    program.fails("actor", "add", "town", f"--id={name}", "--name", "X", code=2)
    program.fails("actor", "show", "town", name, code=2)
    program.fails("simulation", "branch", "town", f"--id={name}", code=2)
    assert program.state() == before


def test_ids_and_names_cannot_steer_a_terminal(program: Program) -> None:
    name = "a\x1b[31mb\x9bc\u202ed"
    program.create(name, "--name", "\x1b]0;owned\x07")
    program("simulation", "cycle", name)
    program("action", "inject", name, "--actor", "actor-ada", "--intent", "[red]\x1b[2J[/red]",
            "--id", "act\x1b[5m", "--requires-approval")  # fmt: skip
    for words in (
        ("simulation", "show", name),
        ("simulation", "list"),
        ("simulation", "history", name),
        ("simulation", "log", name),
        ("simulation", "cycle", name),
        ("action", "list", name),
        ("action", "show", name, "act\x1b[5m"),
        ("compare", name, name),
        ("simulation", "pause", name),
    ):
        out = program(*words)
        assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(out), words
    assert "\\x1b[31m" in program("simulation", "list")
    assert "[red]" in program("action", "list", name)


@pytest.mark.usefixtures("unchanged")
def test_ten_megabytes_of_metadata_are_refused(program: Program, town: str) -> None:
    big = program.folder / "big.json"
    big.write_text(json.dumps({"name": "X", "metadata": {"text": "a" * 10_000_000}}))
    assert "2,000,000 bytes" in program.fails("actor", "add", town, "--file", big, code=2)
    big.write_text(json.dumps({"name": "X", "metadata": {"text": "a" * 1_500_000}}))
    assert "1,048,576" in program.fails("actor", "add", town, "--file", big, code=2)
    assert (
        len(program.fails("simulation", "create", "well.py", "--name", "a" * 90_000, code=2)) < 400
    )


def test_a_file_that_is_no_database(program: Program) -> None:
    bad = program.folder / "bad.db"
    bad.write_bytes(b"garbage " * 1000)
    assert "not a database" in program.fails("--db", "bad.db", "simulation", "list")
    assert bad.read_bytes() == b"garbage " * 1000
    program.create()
    data = bytearray((program.folder / "scrai.db").read_bytes())
    data[200:] = os.urandom(len(data) - 200)
    (program.folder / "torn.db").write_bytes(data)
    program.fails("--db", "torn.db", "simulation", "show", "town")


def test_a_newer_database_is_left_alone(program: Program) -> None:
    program.create()
    with sqlite3.connect("scrai.db") as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        db.execute(f"PRAGMA user_version = {version + 1}")
    db.close()
    line = program.fails("simulation", "list")
    assert "newer" in line
    assert "newer" in program.fails("simulation", "create", "well.py")


def test_places_that_cannot_be_written(program: Program) -> None:
    assert "does not exist" in program.fails("--db", "no/where.db", "simulation", "list")
    program.fails("--db", ".", "simulation", "list")
    program.create()
    program.fails("simulation", "export", "town", "--out", "no/where.jsonl", code=2)
    program.fails("simulation", "export", "town", "--out", ".", code=2)
    program.fails("scenario", "new", "x", "--out", "no/where.py", code=2)
    assert not list(program.folder.glob(".*part"))


def test_firestore_without_credentials(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(program.folder))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(program.folder))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    line = program.fails("--backend", "firestore", "--project-id", "p", "simulation", "list")
    assert "gcloud auth application-default login" in line
    keyed = ("--backend", "firestore", "--credentials", "well.py", "--project-id", "p")
    line = program.fails(*keyed, "simulation", "list")
    assert "credentials file well.py is not a key" in line


def test_an_emulator_that_is_down_is_told_within_ten_seconds(program: Program) -> None:
    environment = os.environ | {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
    command = [sys.executable, "-m", "scrai.cli", "--backend", "firestore", "--json"]
    started = _wall.seconds()
    done = subprocess.run(
        [*command, "simulation", "list"],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 1
    assert json.loads(done.stderr)["error"]["type"] == "StoreUnavailableError"
    assert len(done.stderr.splitlines()) == 1
    assert _wall.seconds() - started < 10


def test_memory_forgets_and_says_so(program: Program) -> None:
    found = program.json("--backend", "memory", "run", "well.py", "--cycles", 1)
    assert found["status"] == "completed"
    line = program.fails("--backend", "memory", "simulation", "show", "x", code=2)
    assert "keeps nothing from one command to the next" in line
    program.fails("--backend", "memory", "run", "--resume", "x", code=2)
    assert not Path("scrai.db").exists()


def test_usage_errors_are_one_line_with_near_misses(program: Program) -> None:
    assert "did you mean simulation?" in program.fails("simulaton", code=2)
    assert "did you mean show?" in program.fails("simulation", "shw", code=2)
    line = program.fails("simulation", "create", "well.py", "--nam", "x", code=2)
    assert "did you mean --name?" in line
    assert "before the command" in program.fails("simulation", "list", "--quiet", code=2)
    assert "before the command" in program.call("simulation", "list", "--json").error["hint"]
    assert "missing argument" in program.fails("simulation", "show", code=2)
    program.fails("simulation", "history", "x", "--last", 0, code=2)
    program.fails("simulation", "history", "x", "--last", "many", code=2)
    program.fails("run", "well.py", "--seed", 2**63, code=2)
    program.fails("run", "well.py", "--credit-limit", 3, code=2)
    program.fails("run", code=2)
    program.fails("action", "approve", "town", code=2)
    program.fails("action", "list", "town", "--status", "pendng", code=2)


def test_groups_without_a_command_show_their_help(program: Program) -> None:
    for words in ((), ("simulation",), ("action",)):
        found = program.call(*words)
        assert found.code == 2
        assert "Usage: scrai" in found.err
        assert found.out == ""


@pytest.mark.usefixtures("unchanged")
def test_options_that_contradict_each_other(program: Program, town: str) -> None:
    for words in (
        ("run", "--resume", town, "--branch-from", town),
        ("run", "--resume", town, "--seed", 3),
        ("run", "well.py", "--at-step", 3),
        ("run", "--branch-from", town, "--at-step", 3, "--at", "1:snapshot"),
        ("run", "--branch-from", town, "--at-step", 3, "simple_town"),
        ("simulation", "branch", town, "--at-step", 3, "--at", "1:snapshot"),
        ("simulation", "branch", town, "--at-step", 6, "--cycles", 1),
        ("simulation", "restore", town),
        ("simulation", "diff", town, "yesterday"),
        ("simulation", "delete", town, "--detach", "--with-branches"),
        ("simulation", "resume", town, "--retry", "--skip"),
        ("simulation", "export", town, "--format", "csv"),
        ("simulation", "export", town, "--table", "actorz"),
        ("simulation", "export", town, "--table", "actors", "--format", "xls"),
        ("compare", town),
        ("action", "show", town, "other~x"),
        ("--project-id", "p", "simulation", "list"),
    ):
        program.fails(*words, code=2)


@pytest.mark.usefixtures("unchanged")
def test_places_that_the_line_does_not_have(program: Program, town: str) -> None:
    program.fails("simulation", "diff", town, 1, 99, code=2)
    program.fails("simulation", "restore", town, "--at-step", 99, code=2)
    program.fails("simulation", "restore", town, "--at", "9:snapshot", code=2)
    program.fails("simulation", "branch", town, "--at", "2:snapshot", "--id", "child", code=2)
    program.fails("simulation", "branch", town, "--at-step", 10**17, "--id", "child", code=2)
    assert [item["simulation_id"] for item in program.json("simulation", "list")] == [town]


def test_what_nobody_expected_asks_for_a_report(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrai.runtime import Settings

    def broken(*_: object) -> None:
        raise ZeroDivisionError("oops\nand more")

    monkeypatch.setattr(Settings, "load", broken)
    line = program.fails("simulation", "list")
    assert "unexpected ZeroDivisionError: oops and more (please report this" in line
    found = program.call("--verbose", "simulation", "list")
    assert "Traceback" in found.err
    assert found.err.splitlines()[-1] == line


@pytest.mark.usefixtures("unchanged")
def test_every_mistake_in_a_file_says_where(program: Program, town: str) -> None:
    text = "id: bath\nactor_id: actor-ada\npriority: urgnt\nmetadata:\n  a: 1\nmoood: x\n"
    (program.folder / "bath.yaml").write_text(text)
    line = program.fails("action", "inject", town, "--file", "bath.yaml", code=2)
    assert "bath.yaml, line 3, column 1: action: priority: 'urgnt' is not one of" in line
    assert "bath.yaml, line 6, column 1: action: moood: is no field" in line
    # What an option has replaced is no mistake of the file.
    line = program.fails("action", "inject", town, "-f", "bath.yaml", "--priority", "hgh", code=2)
    assert "; bath.yaml, line 6" in line or line.startswith("error: bath.yaml, line 6")
    assert "bath.yaml, line 3" not in line
    assert "did you mean high?" in line
    data = '{\n\t"name": "X",\n\t"attributes": [],\n\t"tpye": "npc"}'
    line = program.fails("actor", "add", town, "--data", data, code=2)
    assert "--data, line 3, column 2: actor: attributes:" in line
    assert "--data, line 4, column 2: actor: tpye: is no field (did you mean type?)" in line
    deep = '{"actor_id": "actor-ada", "parameters": {"effects": [{"op": "ad", "path": "x"}]}}'
    line = program.fails("action", "inject", town, "--data", deep, code=2)
    assert "--data, line 1, column 55: " in line
    assert "parameters.effects[0].op: 'ad' is not one of" in line
    line = program.fails("actor", "update", town, "actor-ada", "--data", '{"active": "x"}', code=2)
    assert "--data, line 1, column 2: actor: active:" in line


@pytest.mark.usefixtures("unchanged")
def test_every_bad_assignment_is_told(program: Program, town: str) -> None:
    words = ("--set", "title=[", "--set", "x", "--set", "scope=*a")
    line = program.fails("event", "inject", town, *words, code=2)
    assert "--set title, line 1, column 2: not YAML" in line
    assert "--set 'x' is not of the form key=value" in line
    assert "--set scope, line 1, column 1: not YAML: aliases" in line


def test_the_number_of_cycles_is_spoken_of_in_the_users_word(program: Program, town: str) -> None:
    program("simulation", "cycle", town)
    for words in (("run", "--resume", town), ("run", "--branch-from", town)):
        line = program.fails(*words, "--cycles", 2, code=2)
        assert "--cycles 2 is not above the 2 cycles" in line
        assert "max_phases" not in line


def test_a_wrong_status_says_what_can_be_done(program: Program, town: str) -> None:
    line = program.fails("simulation", "resume", town)
    assert f"simulation {town} is running: resume does not apply" in line
    assert f"scrai simulation run {town}" in line
    program("simulation", "pause", town)
    line = program.fails("simulation", "pause", town)
    assert f"scrai simulation resume {town} lets it go on" in line
    program.create("new")
    assert "scrai simulation run new lets it begin" in program.fails("simulation", "pause", "new")


def test_nothing_is_promised_before_a_run_starts(program: Program) -> None:
    program.create()
    for words in (("--id", "town"), ("--set", "rain=-1"), ("--id", "a/b")):
        found = program.call("run", "well.py", *words)
        assert (found.out, bool(found.err)) == ("", True)
    assert "10 cycles, as --cycles was not given\nrunning " in program("run", "well.py")


def test_errors_speak_of_the_option_and_the_file(program: Program, town: str) -> None:
    line = program.fails("action", "list", town, "--where", "status", code=2)
    assert "--where 'status' is not of the form key=value" in line
    line = program.fails("simulation", "import", "well.py", code=2)
    assert "well.py: line 1 is not an exported document" in line
    assert "did you mean well.py?" in program.fails("run", "wall.py", code=2)


def test_a_change_is_told_once(program: Program, town: str) -> None:
    words = (town, "--actor", "actor-ada", "--id", "bath")
    program("action", "inject", *words, "--requires-approval")
    assert program("action", "approve", town, "bath") == "bath approved\n"
    assert program("action", "cancel", town, "bath") == "bath cancelled\n"

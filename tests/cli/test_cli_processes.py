"""The program as a process: interrupted, killed, its reader gone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from _program import Program

SCRAI = (sys.executable, "-m", "scrai.cli")
PATIENCE = 60


def spawn(*args: object, **options: Any) -> subprocess.Popen[str]:
    """Start the program."""
    return subprocess.Popen(
        [*SCRAI, *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; a test that waits too long has failed."""
    for _ in range(PATIENCE * 20):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def stepped(program: Program, name: str = "town") -> bool:
    found = program.call("--json", "simulation", "show", name)
    return found.code == 0 and found.json["step"] > 20


@pytest.fixture
def whole(program: Program) -> str:
    """The hash of an uninterrupted run."""
    found: str = program.json("run", "well.py", "--cycles", 400, "--id", "whole")["hash"]
    return found


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_run_that_is_cut_goes_on_to_the_same_end(
    program: Program, whole: str, number: signal.Signals, code: int
) -> None:
    running = spawn("run", "well.py", "--cycles", 400, "--id", "town")
    until(lambda: stepped(program))
    running.send_signal(number)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == code
    assert "Traceback" not in err
    if number is signal.SIGINT:
        assert err.splitlines() == [
            "warning: interrupted; what was committed stands: scrai run --resume town"
        ]
    shown = program.state("town")
    assert shown["status"] == "running"
    assert 0 < shown["phase_number"] < 400
    if number is not signal.SIGKILL:
        assert shown["lease"] is None, "the lease was given back"
    found = program.json("run", "--resume", "town")
    assert (found["status"], found["hash"]) == ("completed", whole)


def test_ctrl_c_ends_what_never_waits(program: Program) -> None:
    """In memory nothing is ever waited for; an interrupt has to get through all the same."""
    running = spawn("--backend", "memory", "run", "simple_town", "--cycles", 10**6)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("running ")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, err) == (
        130,
        "warning: interrupted; what was committed stands\n",
    )


def test_a_reader_that_goes_away_is_no_error(program: Program) -> None:
    program("--quiet", "run", "well.py", "--cycles", 300, "--id", "town")
    command = " ".join(SCRAI)
    for words in (
        "--json simulation history town",
        "simulation export town",
        "simulation log town",
    ):
        done = subprocess.run(
            ["bash", "-c", f"{command} {words} | head -c 100; echo ${{PIPESTATUS[0]}}"],
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1].endswith("141"), done.stdout[-200:]


def test_a_second_worker_is_told_who_is_at_it(program: Program) -> None:
    running = spawn("run", "well.py", "--cycles", 4000, "--id", "town")
    try:
        until(lambda: stepped(program))
        found = program.call("--json", "simulation", "advance", "town")
        assert found.code == 1
        assert found.error["type"] in {"LeaseHeldError", "StepConflictError"}
        line = program.fails("simulation", "run", "town")
        assert f"process {running.pid}" in line
        assert program.state("town")["lease"]["pid"] == running.pid
        assert f"process {running.pid}" in program("simulation", "show", "town")
        said = program("simulation", "pause", "town")
        assert "asked for: town paused" in said or "town is paused" in said
        out, err = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, err
        assert "town is paused" in out
    finally:
        running.kill()
    assert program.state("town")["status"] == "paused"
    assert program.json("simulation", "replay", "town")["identical"] is True


def test_output_needs_no_unicode_terminal(program: Program) -> None:
    program.create("Zoë-☃", "--name", "Füße")
    program("simulation", "cycle", "Zoë-☃")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    for words in (("show", "Zoë-☃"), ("list",), ("history", "Zoë-☃")):
        done = subprocess.run(
            [*SCRAI, "simulation", *words], check=True, capture_output=True, env=environment
        )
        assert done.stdout.isascii()
        done = subprocess.run(
            [*SCRAI, "--json", "simulation", *words],
            check=True,
            capture_output=True,
            env=environment,
        )
        assert (
            "Füße" in json.dumps(json.loads(done.stdout), ensure_ascii=False) or words[0] != "show"
        )


def test_no_colour_and_no_bar_where_output_is_piped(program: Program) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "FORCE_COLOR"}
    done = subprocess.run(
        [*SCRAI, "run", "well.py", "--cycles", "3", "--id", "town"],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert [line.split("  ")[0] for line in done.stdout.splitlines()[:4]] == [
        "running town",
        "cycle 1 of 3",
        "cycle 2 of 3",
        "cycle 3 of 3",
    ]
    assert done.stderr == ""


def test_a_terminal_gets_a_bar_and_colours(program: Program) -> None:
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    running = subprocess.Popen(
        [*SCRAI, "run", "well.py", "--cycles", "60", "--id", "town"],
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    seen = bytearray()
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # Linux says so when the other end is closed
            break
        if not data:
            break
        seen += data
    os.close(ours)
    assert running.wait(PATIENCE) == 0
    text = seen.decode(errors="replace")
    assert "\x1b[" in text
    assert "60/60" in text
    assert "completed" in text


LOUD = """
from scrai.scenarios import Scenario
print("at import")
class Loud(Scenario):
    name = "loud"
    def seed(self, context):
        print("in seed")
    def before_phase(self, context):
        print("in a phase")
"""


def test_what_a_scenario_prints_is_no_part_of_the_json(program: Program) -> None:
    (program.folder / "loud.py").write_text(LOUD)
    running = spawn("--json", "run", "loud.py", "--cycles", 2, "--id", "loud")
    out, err = running.communicate(timeout=PATIENCE)
    assert all(json.loads(line) for line in out.splitlines())
    assert err.splitlines() == ["at import", "in seed", "in a phase"]
    running = spawn("run", "loud.py", "--cycles", 2, "--id", "aloud")
    assert "in a phase" in running.communicate(timeout=PATIENCE)[0]


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_were_closed_are_not_missed(program: Program, closed: str) -> None:
    program("simulation", "create", "well.py", "--id", "town")
    words = ("simulation", "run", "town", "--cycles", "1")
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *SCRAI, *words]
    done = subprocess.run(shell, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert program.state("town")["phase_number"] == 1

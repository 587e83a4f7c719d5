"""docs/json-shapes.md says what the program prints, field by field."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from _program import Program
from scrai.models import SimulationState

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "json-shapes.md").read_text(encoding="utf-8")


def documented(shape: str) -> set[str]:
    """Return the fields in the first column of the table under a heading."""
    section = PAGE.partition(f"\n## {shape}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.fixture
def town(program: Program) -> str:
    name = program.create()
    program("simulation", "run", name, "--cycles", 2)
    return name


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("Summary", "simulation pause town"),
        ("Phase result", "simulation advance town"),
        ("Step", "simulation history town"),
        ("Simulation line", "simulation list"),
        ("Log line", "simulation log town"),
        ("Difference", "simulation diff town 1:snapshot"),
        ("Replay", "simulation replay town"),
        ("Export", "simulation export town --out x.jsonl"),
        ("Comparison", "compare town town"),
        ("Scenario", "scenario show well.py"),
        ("Trial", "validate well.py --cycles 1"),
        ("Setting", "config show"),
        ("Check", "doctor"),
    ],
)
def test_a_shape_has_the_documented_fields(
    program: Program, town: str, shape: str, words: str
) -> None:
    found: Any = program.json(*words.split())
    first = found[0] if isinstance(found, list) else found
    assert set(first) == documented(shape)


def test_the_state_and_its_parts(program: Program, town: str) -> None:
    program("action", "inject", town, "--actor", "actor-ada", "--requires-approval")
    found = program.state(town)
    own = set(SimulationState.model_fields) | documented("Summary") | documented("State")
    nested = set(re.findall(r"`(\w+)`", PAGE.partition("| `counts` |")[2].partition("|")[0]))
    assert set(found["counts"]) == nested
    assert set(found) == own
    assert [set(gate) for gate in found["gates"]] == [{"collection", "id"}]


def test_the_parts_of_a_comparison(program: Program, town: str) -> None:
    program("simulation", "branch", town, "--at-step", 6, "--id", "child", "--seed", 4)
    program("simulation", "cycle", "child")
    found = program.json("compare", town, "child")
    section = PAGE.partition("\n## Comparison\n")[2]
    listed = [set(each.split(", ")) for each in re.findall(r"`\{([^}]+)\}`", section)]
    assert set(found["simulations"][0]) == listed[0]
    assert set(found["settings"][0]) | {"default"} == listed[1]
    assert set(found["divergences"][0]) == listed[2]
    assert set(found["divergences"][0]["first"]["a"]) == listed[3]


def test_the_error(program: Program) -> None:
    assert set(program.call("--json", "nonsense").error) == documented("Error")


def test_the_pictures_can_be_drawn(tmp_path: Path) -> None:
    script = str(ROOT / "scripts" / "capture-screens")
    done = subprocess.run(
        [sys.executable, script, "--out", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    pictures = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.svg")}
    assert set(pictures) == {path.stem for path in (ROOT / "docs" / "img").glob("*.svg")}
    for name, fact in (("show", "waits"), ("history", "commands"), ("compare", "other-town")):
        assert fact in pictures[name]
        assert "font-face" not in pictures[name], "no font is fetched from anywhere"

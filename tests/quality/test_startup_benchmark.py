"""The start-up benchmark measures what it says. Its bounds are not asserted here."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

from _tree import ROOT

SPEC = importlib.util.spec_from_file_location("startup", ROOT / "benchmarks" / "startup.py")
assert SPEC is not None
assert SPEC.loader is not None
startup = importlib.util.module_from_spec(SPEC)
sys.modules["startup"] = startup
SPEC.loader.exec_module(startup)


# In a process of its own: that of pytest is so large that its children seem large, too.
MEASURE = """
import json, sys
sys.path.insert(0, sys.argv[1])
import startup
code = {
    "idle": "import time; time.sleep(0.3)",
    "busy": "x = b'x' * 200_000_000; sum(range(30_000_000))",
    "broken": "raise SystemExit(3)",
}
for name in sys.argv[2:]:
    found = startup.measure(startup.Case(name, (sys.executable, "-c", code[name])), runs=1)
    print(json.dumps([found.cpu_seconds, found.megabytes]))
"""


def measure(*names: str) -> subprocess.CompletedProcess[str]:
    folder = str(ROOT / "benchmarks")
    return subprocess.run(
        [sys.executable, "-c", MEASURE, folder, *names],
        check=False,
        capture_output=True,
        text=True,
    )


def test_cpu_and_memory_are_those_of_the_process() -> None:
    done = measure("idle", "busy")
    assert done.returncode == 0, done.stderr
    idle, busy = map(json.loads, done.stdout.splitlines())
    assert busy[0] > idle[0]
    assert busy[1] > 200 > idle[1]


def test_a_command_that_fails_is_no_measurement() -> None:
    done = measure("broken")
    assert done.returncode == 1
    assert "broken: ended with 3" in done.stderr


def test_the_table_says_which_bounds_are_exceeded() -> None:
    kept = startup.Figures("a", 0.1, 30.0, 0.2, 45.0)
    over = startup.Figures("b", 0.1, 50.0, 0.2, 45.0)
    plain = startup.Figures("c", 9.0, 9.0, None, None)
    assert [item.kept for item in (kept, over, plain)] == [True, False, True]
    lines = startup.table([kept, over, plain]).splitlines()
    assert [line.split()[-1] for line in lines[1:]] == ["kept", "EXCEEDED", "9.0"]


def test_the_bounds_are_those_of_the_goals_page() -> None:
    goals = (ROOT / "docs" / "architecture" / "goals-and-limitations.md").read_text("utf-8")
    bounds = {item.name: (item.cpu_bound, item.memory_bound) for item in startup.cases()}
    assert bounds["import scrai"] == (0.3, 45.0)
    assert bounds["scrai --help"][0] == 0.2
    assert "| `import scrai` | 0.3 s, 45 MB |" in goals
    assert "| `scrai --help` | 0.2 s |" in goals

"""A hundred thousand agents, from the generator to the end of a run, in bounded memory."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

AGENTS, SIDE = 100_000, 2_829
BOUND = 1024 * AGENTS + 16 * SIDE**2

PROGRAM = """
import resource, sys
from scrai.cli import main
try:
    main()
finally:
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit, file=sys.stderr)
"""


def scrai(folder, *words):
    """Run the program in a folder; return what it says and the bytes that it took at its peak."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout, int(done.stderr.split()[-1])


def lived(folder, name):
    """Run a file and return how its world stands, and the bytes that the run took."""
    store = ("--db", f"{name}.db", "--json")
    settings = ("--set", "ticks_per_cycle=2", "--set", "telemetry=off")
    _, peak = scrai(folder, *store, "run", f"{name}.yaml", "--cycles", "2", *settings)
    listed, _ = scrai(folder, *store, "simulation", "list")
    [line] = json.loads(listed)
    shown, _ = scrai(folder, *store, "simulation", "show", line["simulation_id"])
    return json.loads(shown)["world_state"], peak


@pytest.mark.soak
def test_a_hundred_thousand_agents_run(tmp_path):
    pytest.importorskip("numba")
    scrai(tmp_path, "generate", "small", "--preset", "minimal", "--output", "small.yaml")
    scrai(
        tmp_path, "generate", "big", "--preset", "large", "--agents", str(AGENTS), "--per-type",
        "--grid", str(SIDE), "--output", "big.yaml",
    )  # fmt: skip
    lived(tmp_path, "small")  # compiles, should that be needed: the compiler takes memory, too
    (tmp_path / "small.db").unlink()
    _, least = lived(tmp_path, "small")
    world, peak = lived(tmp_path, "big")
    assert (world["agents"], world["cells"], world["tick"]) == (AGENTS, SIDE**2, 4)
    assert peak - least <= BOUND

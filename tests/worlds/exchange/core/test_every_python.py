"""The same economies end in the same worlds on every Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from _exchange_story import economy, story

from scrai.worlds.exchange._core import _tick, run_ticks, set_up

STORY = Path(__file__).parent / "_exchange_story.py"


def run_by(python, *arguments):
    return subprocess.run(
        [str(python), *arguments],
        env={**os.environ, "SCRAI_EXCHANGE_JIT": "0", "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_world_hash_is_the_same_on_every_python(any_python):
    if run_by(any_python, "-c", "import numpy").returncode:
        pytest.skip(f"{any_python} has no numpy: the exchange went untested there")
    done = run_by(any_python, str(STORY))
    assert done.returncode == 0, done.stderr
    hashes = json.loads(done.stdout)
    assert hashes == story()
    assert len(set(hashes.values())) == 4


@pytest.mark.parametrize("regime", ["barter_only", "mixed"])
def test_something_happens_in_them(regime):
    state = set_up(economy(regime), 5)
    rows = list(run_ticks(state, 40, "trades", run=_tick.run).rows("trades"))
    assert {row["pair"] for row in rows} >= {"A-B"}

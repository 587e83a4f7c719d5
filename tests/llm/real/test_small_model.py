"""A real small model, as the demo serves it: slow, so not in every run.

    pytest -m model tests/llm/real

fetches 98 MB once (into the folder named by SCRAI_TEST_MODEL, if it is set).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _real_runs import DONE, Place, costs, entities, recorded

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("model")]

CYCLES = 2
FOLDER = os.environ.get("SCRAI_TEST_MODEL")
PATIENT = {
    "SCRAI_LLM_TIMEOUT": "300",
    "SCRAI_LLM_DEADLINE": "900",
    "SCRAI_LLM_CONCURRENCY": "1",
}


@pytest.fixture
def demo(place: Callable[..., Place], tmp_path: Path) -> Iterator[str]:
    """What `--llm` takes to use a running demo server."""
    here = place("demo")
    folder = Path(FOLDER) if FOLDER else tmp_path / "model"
    words = here.words("--json", "llm", "serve-demo", "--folder", folder)
    with (tmp_path / "llama.log").open("wb") as log:
        running = subprocess.Popen(
            words, env=here.environment(), stdout=subprocess.PIPE, stderr=log, cwd=here.folder
        )
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line, (tmp_path / "llama.log").read_text("utf-8", "replace")[-2000:]
        yield json.loads(line)["llm"]
        running.kill()
        running.communicate()


async def test_two_cycles_with_a_real_model(demo: str, place: Callable[..., Place]) -> None:
    here = place(**PATIENT)
    run = ("run", "simple_town", "--cycles", CYCLES, "--seed", 7, "--id", "town")
    code, out, err = await here.ended(*run, "--llm", demo)
    assert code == 0, err
    ended = json.loads(out)
    assert (ended["status"], ended["phase_number"]) == ("completed", CYCLES)
    async with here.store() as store:
        calls = await recorded(store, "town")
        actions = await entities(store, "actions", "town")
        assert len(await costs(store, "town")) == len(calls)
    assert {each["status"] for each in actions} <= set(DONE)
    assert {call["outcome"]["model"] for call in calls} == {"smollm2"}
    again = here.json("simulation", "replay", "town")
    assert again["hash"] == ended["hash"]

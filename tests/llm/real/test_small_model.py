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
from _real_runs import Place, costs, entities, last_turns, recorded
from _town_checks import check_actions, check_calls, check_costs, check_offline

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("model")]

CYCLES = 5
SHORT = ("--mind", "brief=true", "--mind", "temperature=0")
"""Without them it rambles until it is cut off; and always the same can be looked into."""
FOLDER = os.environ.get("SCRAI_TEST_MODEL")
PATIENT = {
    "SCRAI_LLM_TIMEOUT": "300",
    "SCRAI_LLM_DEADLINE": "900",
    "SCRAI_LLM_CONCURRENCY": "1",
}


class Demo:
    """A running demo server."""

    def __init__(self, here: Place, folder: Path, log: Path) -> None:
        self._log = log.open("wb")
        self._running = subprocess.Popen(
            here.words("--json", "llm", "serve-demo", "--folder", folder),
            env=here.environment(),
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=here.folder,
        )
        assert self._running.stdout is not None
        line = self._running.stdout.readline()
        assert line, log.read_text("utf-8", "replace")[-2000:]
        self.llm = json.loads(line)["llm"]

    def kill(self) -> None:
        """Let it be gone, however often that is asked for."""
        self._running.kill()
        self._running.wait()
        if self._running.stdout is not None:
            self._running.stdout.close()
        self._log.close()


@pytest.fixture
def demo(place: Callable[..., Place], tmp_path: Path) -> Iterator[Demo]:
    """A running demo server."""
    folder = Path(FOLDER) if FOLDER else tmp_path / "model"
    running = Demo(place("demo"), folder, tmp_path / "llama.log")
    yield running
    running.kill()


async def test_five_cycles_with_a_real_model(demo: Demo, place: Callable[..., Place]) -> None:
    here = place(**PATIENT)
    run = ("run", "simple_town", "--cycles", CYCLES, "--seed", 7, "--id", "town")
    code, out, err = await here.ended(*run, "--llm", demo.llm, *SHORT)
    assert code == 0, err
    ended = json.loads(out)
    assert (ended["status"], ended["phase_number"]) == ("completed", CYCLES)
    demo.kill()
    async with here.store() as store:
        calls = await recorded(store, "town")
        check_calls(calls, CYCLES)
        check_costs(await costs(store, "town"), calls, "smollm2")
        judged = check_actions(await entities(store, "actions", "town"), calls, CYCLES)
        events = await entities(store, "events", "town")
    assert judged == len(last_turns(calls, "resolve/")) == CYCLES
    assert {call["outcome"]["finish_reason"] for call in calls} == {"stop"}
    assert any(event.get("source") == "llm" for event in events)
    check_offline(here, ended["hash"], CYCLES, *SHORT)

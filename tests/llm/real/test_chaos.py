"""A model server that fails in every way it can: the run ends well, and the books say what was."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from _real_runs import HERE, Place, costs, entities, last_turns, recorded

pytestmark = pytest.mark.xdist_group("model")

CYCLES = 4
PEOPLE = 50
RATES = {
    "dropRate": 0.08,
    "malformedRate": 0.06,
    "rateLimitRate": 0.03,
    "disconnectRate": 0.06,
    "latencyMs": 5,
}
PATIENT = {"SCRAI_LLM_TIMEOUT": "60", "SCRAI_LLM_CONCURRENCY": "8"}


class Chaos:
    """aimock in a process of its own."""

    def __init__(self, folder: Path, rates: dict[str, float]) -> None:
        self.process = subprocess.Popen(
            ["node", str(HERE / "_aimock.mjs"), str(folder), json.dumps(rates)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"]

    def served(self) -> list[dict[str, Any]]:
        """End it; return what it did with every request."""
        out, _ = self.process.communicate(timeout=30)
        found: list[dict[str, Any]] = json.loads(out)
        return found


@pytest.fixture
def chaos(aimock: Path) -> Iterator[Chaos]:
    running = Chaos(aimock, RATES)
    yield running
    if running.process.poll() is None:
        running.process.kill()
        running.process.communicate()


def _until_completed(here: Place, url: str) -> dict[str, Any]:
    """Run to the end, resuming where an outage stops it."""
    run: tuple[Any, ...] = ("run", HERE / "_crowd.py", "--cycles", CYCLES, "--id", "crowd")
    done = here.call("--json", *run, "--llm", f"{url}#m", "--set", f"people={PEOPLE}")
    for _ in range(10):
        if done.returncode == 0:
            break
        error = json.loads(done.stderr.splitlines()[-1])["error"]
        assert error["type"] == "PhaseExecutionError", error
        done = here.call("--json", "run", "--resume", "crowd")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_chaos_is_survived_and_counted(chaos: Chaos, place: Callable[..., Place]) -> None:
    here = place(**PATIENT)
    ended = _until_completed(here, chaos.url)
    assert (ended["status"], ended["phase_number"]) == ("completed", CYCLES)
    served = chaos.served()
    async with here.store() as store:
        calls = await recorded(store, "crowd")
        _check_attempts(served, calls, await costs(store, "crowd"))
        actions = await entities(store, "actions", "crowd")
        people = await entities(store, "actors", "crowd")
    _check_actions(actions, calls)
    _check_once(actions, people, calls, here.json("simulation", "show", "crowd"))
    assert here.json("simulation", "replay", "crowd")["hash"] == ended["hash"]


def _check_attempts(
    served: list[dict[str, Any]], calls: list[dict[str, Any]], found: list[dict[str, Any]]
) -> None:
    """What the server did is what is recorded, request for request."""
    assert len(calls) >= 200
    faults = Counter(each["chaos"] for each in served)
    assert set(faults) == {None, "drop", "malformed", "rateLimit", "disconnect"}
    attempts = [each for call in calls for each in call["outcome"]["attempts"]]
    seen = Counter(
        "malformed" if each["status"] == 200 and each["error"] else each["status"]
        for each in attempts
    )
    assert seen == {
        200: faults[None],
        500: faults["drop"],
        429: faults["rateLimit"],
        None: faults["disconnect"],
        "malformed": faults["malformed"],
    }
    assert sum(each["attempts"] for each in found) == len(served)


def _check_actions(actions: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """An action is completed if, and only if, a reply that counts says so."""
    allowed = set()
    for call in last_turns(calls, "resolve/"):
        if call["outcome"]["failure"] is None:
            verdicts = json.loads(call["outcome"]["content"])
            allowed |= {name for name, verdict in verdicts.items() if verdict["success"]}
    assert {each["id"] for each in actions if each["status"] == "completed"} == allowed
    assert len(actions) == len(allowed) == PEOPLE * CYCLES


def _check_once(
    actions: list[dict[str, Any]],
    people: list[dict[str, Any]],
    calls: list[dict[str, Any]],
    shown: dict[str, Any],
) -> None:
    """Every effect was applied once."""
    done = Counter(each["actor_id"] for each in actions if each["status"] == "completed")
    assert {each["id"]: each["attributes"]["joy"] for each in people} == done
    days = len(last_turns(calls, "world"))
    kites = len(last_turns(calls, "events"))
    assert (shown["world_state"]["days"], shown["world_state"]["kites"]) == (days, kites)


def test_an_outage_stops_the_run_where_it_can_go_on(
    aimock: Path, place: Callable[..., Place]
) -> None:
    here = place(**PATIENT, SCRAI_LLM_MAX_RETRIES="0", SCRAI_LLM_DEADLINE="2")
    down = Chaos(aimock, {"dropRate": 1})
    run: tuple[Any, ...] = ("run", HERE / "_crowd.py", "--cycles", 1, "--id", "crowd")
    done = here.call("--json", *run, "--llm", f"{down.url}#m", "--set", "people=5")
    assert done.returncode == 1
    assert {each["chaos"] for each in down.served()} == {"drop"}
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert "HTTP 500" in error["message"]
    shown = here.json("simulation", "show", "crowd")
    assert shown["status"] == "error"
    up = Chaos(aimock, {})
    ended = here.json("run", "--resume", "crowd", "--llm", f"{up.url}#m")
    assert ended["status"] == "completed"
    assert len(up.served()) == 8

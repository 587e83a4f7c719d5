"""What holds for a town that a real model drove, whichever it was."""

from __future__ import annotations

import json
from typing import Any

from _real_runs import DONE, Place, last_turns


def check_calls(calls: list[dict[str, Any]], cycles: int) -> None:
    """Every phase that has minds asked, in every cycle, and the server answered and counted."""
    slots = {(call["key"]["cycle"], call["key"]["slot"].split("/")[0]) for call in calls}
    asked = {"events", "act", "world"}
    assert {(c, s) for c in range(2, cycles + 1) for s in asked} <= slots
    assert sum(slot == "resolve" for _, slot in slots) >= 2
    for call in calls:
        usage = call["outcome"]["usage"]
        assert usage["input_tokens"] > 0
        assert usage["output_tokens"] > 0
        assert usage["estimated"] is False
        assert [each["status"] for each in call["outcome"]["attempts"]] == [200]


def check_costs(found: list[dict[str, Any]], calls: list[dict[str, Any]], model: str) -> None:
    """What was counted is what is booked, call by call."""
    assert sorted(each["call_id"] for each in found) == sorted(call["id"] for call in calls)
    said = sum(call["outcome"]["usage"]["output_tokens"] for call in calls)
    assert sum(each["output_tokens"] for each in found) == said
    assert {each["model"] for each in found} == {model}


def check_actions(actions: list[dict[str, Any]], calls: list[dict[str, Any]], cycles: int) -> int:
    """Every action has an end and says why; return how often all ids were answered."""
    by_model = [each for each in actions if each.get("llm_parsed")]
    assert len(by_model) >= cycles
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
    return usable


def check_offline(here: Place, wanted: str, cycles: int, *settings: str) -> None:
    """With the server gone: the same from the store, and from the recording, after every step."""
    again = here.json("simulation", "replay", "town")
    assert (again["hash"], again["identical"]) == (wanted, True)
    here.call("simulation", "export", "town", "--cassette", "--out", "town.jsonl")
    run = ("run", "simple_town", "--cycles", cycles, "--seed", 7, "--id", "again")
    ended = here.json(*run, "--llm", "replay:town.jsonl", *settings)
    assert ended["hash"] == wanted
    assert here.hashes("again") == here.hashes("town")

"""Actors, events and actions from the command line; gates and their decisions."""

from __future__ import annotations

import json

import pytest

from _program import Program

GATED = ("--requires-approval", "--by", "ann")


@pytest.fixture
def town(program: Program) -> str:
    """A simulation with an action and an event that wait for approval."""
    name = program.create()
    program("simulation", "cycle", name)
    program("action", "inject", name, "--id", "bath", "--actor", "actor-ada",
            "--intent", "fill the bath", *GATED, "--data",
            '{"parameters": {"effects": [{"op": "add", "target": "world", "path": "water",'
            ' "value": -9}]}}')  # fmt: skip
    program("event", "inject", name, "--id", "feast", "--title", "A feast", *GATED)
    return name


def test_injected_entities_are_there_at_once_and_once(program: Program, town: str) -> None:
    action = program.json("action", "show", town, "bath")
    assert (action["status"], action["source"], action["intent"]) == (
        "pending",
        "player",
        "fill the bath",
    )
    assert action["created_at"] == "2000-01-01T01:00:00.000000Z", "simulated time"
    assert action["simulation_id"] == town
    assert [item["id"] for item in program.json("action", "list", town)] == ["bath"]
    assert [item["id"] for item in program.json("event", "list", town, "--awaiting")] == ["feast"]
    kinds = [line["kind"] for line in program.json("simulation", "history", town)]
    assert kinds == ["phase"] * 6 + ["commands"] * 2
    assert program.state(town)["counts"]["open_gates"] == 2
    made = program.json("action", "inject", town, "--actor", "actor-ben")
    assert made["id"].startswith("action-")
    line = program.fails("action", "inject", town, "--actor", "actor-ben", "--id", "bath")
    assert "'bath' exists already" in line


def test_a_finished_id_is_not_taken_again(program: Program, town: str) -> None:
    program("action", "cancel", town, "bath")
    line = program.fails("action", "inject", town, "--actor", "actor-ben", "--id", "bath")
    assert "bath" in line
    program("simulation", "advance", town)


def test_gates_hold_until_somebody_decides(program: Program, town: str) -> None:
    held = program.json("simulation", "cycle", town)
    assert held["current_phase"] == "action_collection", "the event's gate comes first"
    result = program.json("simulation", "advance", town)
    assert result["outcome"] == "awaiting_approval"
    assert result["awaiting"] == [{"collection": "events", "id": "feast", "gate": "approval"}]
    assert "scrai event approve town feast" in program("simulation", "advance", town)
    assert program.json("event", "approve", town, "feast")["status"] == "confirmed"
    result = program.json("simulation", "cycle", town)
    assert result["current_phase"] == "action_resolution"
    rejected = program.json("action", "reject", town, "bath", "--by", "eve", "--reason", "dry")
    assert rejected["status"] == "cancelled"
    assert rejected["modifications"]["approval"] == {"decision": "reject", "reason": "dry"}
    assert program.json("simulation", "cycle", town)["phase_number"] == 2
    assert program.json("simulation", "replay", town)["identical"] is True


def test_modify_records_old_and_new(program: Program, town: str) -> None:
    path = "parameters.effects.0.value"
    found = program.json("action", "modify", town, "bath", "--set", f"{path}=-1", "--by", "eve")
    assert (found["status"], found["approved_by"]) == ("approved", "eve")
    change = found["modifications"]["approval"]["changes"]["parameters"]
    assert change["old"]["effects"][0]["value"] == -9
    assert change["new"]["effects"][0]["value"] == -1
    assert program.json("action", "show", town, "bath")["parameters"]["effects"][0]["value"] == -1
    program.fails("event", "modify", town, "feast", code=2)
    program.fails("event", "modify", town, "feast", "--set", "scope=worldwide", code=2)
    assert program.json("event", "show", town, "feast")["status"] == "pending"


def test_a_second_decision_is_a_conflict(program: Program, town: str) -> None:
    program("action", "approve", town, "bath", "--by", "ann")
    found = program.call("--json", "action", "reject", town, "bath", "--by", "eve")
    assert (found.code, found.error["type"]) == (1, "ConflictError")
    assert "not open any more" in found.error["message"]
    program("action", "cancel", town, "bath")
    found = program.call("--json", "action", "approve", town, "bath")
    assert found.error["type"] == "ConflictError"
    assert "cancelled" in found.error["message"]
    program("action", "inject", town, "--actor", "actor-ada", "--id", "free")
    assert "does not ask for approval" in program.fails("action", "approve", town, "free")
    assert "did you mean bath?" not in program.fails("action", "approve", town, "nope", code=2)


def test_escalate_opens_another_gate_and_terminate_ends_it_all(program: Program, town: str) -> None:
    found = program.json("action", "escalate", town, "bath", "--by", "ann")
    assert found["status"] == "pending"
    assert program.state(town)["counts"]["open_gates"] == 2
    found = program.json("action", "terminate", town, "bath", "--by", "boss")
    assert found["status"] == "cancelled"
    assert program.state(town)["status"] == "completed"


def test_qualified_ids_do_as_well(program: Program, town: str) -> None:
    assert program.json("action", "show", f"{town}~bath")["id"] == "bath"
    assert program.json("action", "show", town, f"{town}~bath")["id"] == "bath"
    program("action", "approve", f"{town}~bath")
    program.fails("action", "show", town, "elsewhere~bath", code=2)


def test_actors_are_added_changed_and_removed(program: Program, town: str) -> None:
    file = program.folder / "dora.yaml"
    file.write_text("name: Dora\nattributes: {trips: 3}\nlocation: {place: hill}\n")
    made = program.json("actor", "add", town, "--file", file, "--id", "dora", "--type", "player")
    assert (made["name"], made["type"], made["attributes"]) == ("Dora", "player", {"trips": 3})
    found = program.json("actor", "update", town, "dora", "--set", "attributes.trips=4",
                         "--set", "affiliations=[guild]", "--set", "active=false")  # fmt: skip
    assert found["attributes"] == {"trips": 4}
    assert (found["affiliations"], found["active"]) == (["guild"], False)
    listed = program.json("actor", "list", town, "--where", "location.place=hill")
    assert [item["id"] for item in listed] == ["dora"]
    assert [item["id"] for item in program.json("actor", "list", town, "--inactive")] == ["dora"]
    assert len(program.json("actor", "list", town, "--type", "npc", "--active")) == 3
    assert program.json("actor", "list", town, "--name", "Ada", "--limit", 1)[0]["name"] == "Ada"
    line = program.fails("actor", "remove", town, "actor-ada")
    assert "still needed by bath" in line
    assert program.json("actor", "remove", town, "dora")["id"] == "dora"
    program.fails("actor", "show", town, "dora", code=2)
    assert len(program.json("actor", "list", town)) == 3


def test_what_is_scheduled_waits_for_simulated_time(program: Program, town: str) -> None:
    when = "2000-01-01T03:00:00Z"
    program("action", "cancel", town, "bath")
    program("event", "cancel", town, "feast", "--reason", "rain")
    program("event", "inject", town, "--id", "later", "--title", "Later", "--scheduled-for", when)
    program("simulation", "cycle", town)
    program("simulation", "cycle", town)
    assert program.json("event", "show", town, "later")["status"] == "pending"
    program("simulation", "cycle", town)
    assert program.json("event", "show", town, "later")["status"] == "resolved"


def test_lists_are_filtered_by_any_field(program: Program, town: str) -> None:
    program("simulation", "stop", town)
    many = program.json("action", "list", town, "--where", "intent=fill the bath")
    assert [item["id"] for item in many] == ["bath"]
    assert program.json("action", "list", town, "--where", "requires_approval=false") == []
    assert program.json("action", "list", town, "--actor", "actor-ada", "--priority", "normal")
    assert program.json("action", "list", town, "--actor", "actor-ben") == []
    assert program.json("event", "list", town, "--type", "system")[0]["id"] == "feast"
    assert program.json("event", "list", town, "--limit", 0) == []


def test_fields_come_from_stdin_too(program: Program, town: str) -> None:
    data = json.dumps({"id": "tea", "actor_id": "actor-cleo", "priority": "urgent"})
    found = program.json("action", "inject", town, "--file", "-", "--intent", "tea", stdin=data)
    assert (found["id"], found["intent"], found["priority"]) == ("tea", "tea", "urgent")

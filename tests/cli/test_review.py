"""`scrai review`: the approval inbox, from a pipe, from a terminal, in bulk and from two sides."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest

from _program import Program
from test_cli_documented import documented
from test_cli_processes import PATIENCE, SCRAI, spawn

POLICIES = {
    "rules": [
        {
            "kind": "actions",
            "require": True,
            "who": ["ann", "ben"],
            "deadline_cycles": 2,
            "then": "reject",
        },
        {"kind": "events", "require": True},
    ]
}


@pytest.fixture
def town(program: Program) -> str:
    """A town in its second cycle: an event holds it, three actions wait under a deadline."""
    name = program.create("town", "--mediation", json.dumps(POLICIES))
    found = program.json("simulation", "run", name)
    assert found["outcome"] == "awaiting_approval"
    return name


def waiting(program: Program, *words: object) -> list[Any]:
    found: list[Any] = program.json("review", *words)
    return found


def ids(program: Program, *words: object) -> list[str]:
    return [item["id"] for item in waiting(program, *words)]


def test_a_run_says_what_waits_and_how_to_go_on(program: Program, town: str) -> None:
    found = program.json("simulation", "advance", town)
    (gate,) = found["awaiting"]
    assert found["outcome"] == "awaiting_approval"
    assert gate == {"collection": "events", "id": ids(program, "--kind", "events")[0]} | {
        "gate": "approval"
    }
    for words in (("simulation", "run"), ("simulation", "cycle")):
        ended = program.json(*words, town)
        assert (ended["outcome"], ended["awaiting"]) == ("awaiting_approval", [gate])
    assert "scrai review town goes through them" in program("simulation", "run", town)
    program("review", "approve", town, "--all", "--kind", "events")
    assert "awaiting" not in program.json("simulation", "run", town, "--cycles", 1)


def test_the_list_and_its_filters(program: Program, town: str) -> None:
    items = waiting(program, town)
    assert [item["collection"] for item in items] == ["events", *["actions"] * 3]
    event, action = items[0], items[1]
    assert (event["holds"], event["due_cycle"], event["who"]) == (True, None, [])
    assert (action["holds"], action["cycle"]) == (False, 2)
    assert (action["due_cycle"], action["then"], action["who"]) == (4, "reject", ["ann", "ben"])
    everything = ids(program)
    assert everything == [item["id"] for item in items]
    ada = [item["id"] for item in items if item["actors"] == ["actor-ada"]]
    for words, expected in (
        (["--kind", "events"], everything[:1]),
        (["--type", "economic"], everything[1:]),
        (["--type", "combat"], []),
        (["--source", "npc"], everything[1:]),
        (["--source", "system"], everything[:1]),
        (["--actor", "actor-ada"], ada),
        (["--due", 2], everything[1:]),
        (["--due", 1], []),
        (["--limit", 2], everything[:2]),
    ):
        assert ids(program, *words) == expected, words
        if len(expected) > 1 and "--limit" not in words:
            shown = program("review", "--list", *words)
            assert all(key in shown for key in expected)
    assert "nothing waits" in program("review", "--list", "--type", "combat")
    other = program.create("other")
    assert waiting(program, other) == []


def test_shapes_are_documented(program: Program, town: str) -> None:
    item = waiting(program, town)[1]
    assert set(item) == documented("Inbox item")
    detail = program.json("review", "show", town, item["id"])
    assert set(detail) == documented("Inbox item") | documented("Inbox detail")
    (outcome,) = program.json("review", "approve", town, item["id"], "--by", "ann")
    assert set(outcome) == documented("Inbox outcome")
    (line,) = program.json("review", "log", town)
    assert set(line) == documented("Decision line")


def test_show_tells_what_it_would_change(program: Program, town: str) -> None:
    item = waiting(program, town, "--actor", "actor-ada")[0]
    found = program.json("review", "show", town, item["id"])
    assert found["problem"] is None
    assert found["changes"] == [
        {"target": "world", "path": "water", "old": 40, "new": 36},
        {"target": "actor:actor-ada", "path": "attributes.trips", "old": 0, "new": 1},
    ]
    assert [actor["id"] for actor in found["actors_now"]] == ["actor-ada"]
    assert found["entity"]["intent"] == "draw water"
    fewer = "parameters.effects=[{op: add, target: world, path: water, value: -1}]"
    modified = program.json("review", "show", town, item["id"], "--set", fewer)
    assert [change["new"] for change in modified["changes"]] == [39]
    assert set(modified["modified"]["parameters"]) == {"old", "new"}
    costly = program.json("review", "show", town, item["id"], "--set", "resource_costs.coins=3")
    assert (costly["changes"], costly["problem"]) == ([], "needs 3 coins, has none")
    assert waiting(program, town, "--actor", "actor-ada")[0]["id"] == item["id"]  # only looked at
    screen = program("review", "show", f"{town}~{item['id']}")
    assert "world water: 40 -> 36" in screen
    assert "ann, ben" in screen
    assert "cycle 4, then reject" in screen


def test_a_pipe_of_lines_goes_through_the_inbox(program: Program, town: str) -> None:
    keys = ids(program, town)
    lines = "?\na\nr too dry\ns\nm\nm priority=low success_probability=1\n"
    done = program.call("review", town, "--by", "ann", stdin=lines)
    assert done.code == 0, done.err
    assert "3 decided, 1 left" in done.out
    assert "nothing to modify" in done.out
    assert ids(program, town) == [keys[2]]
    log = program.json("review", "log", town)
    assert [(line["id"], line["decision"], line["by"], line["reason"]) for line in log] == [
        (keys[0], "approve", "ann", None),
        (keys[1], "reject", "ann", "too dry"),
        (keys[3], "modify", "ann", None),
    ]
    assert log[2]["changes"] == {
        "priority": {"old": "normal", "new": "low"},
    }
    assert "nothing waits" not in program("review", town, stdin="")


def test_the_end_of_input_decides_nothing(program: Program, town: str) -> None:
    keys = ids(program, town)
    for lines in ("", "q\n", "s\ns\ns\ns\n"):
        assert "0 decided, 4 left" in program("review", town, stdin=lines)
    assert ids(program, town) == keys


def test_bulk_decisions_are_one_by_one(program: Program, town: str) -> None:
    keys = ids(program, town)
    done = program.json("review", "approve", town, keys[1], keys[2], "--by", "ann")
    assert [(each["id"], each["status"], each["error"]) for each in done] == [
        (keys[1], "approved", None),
        (keys[2], "approved", None),
    ]
    done = program.call("--json", "review", "reject", "--all", "--by", "bob")
    assert done.code == 1  # the event anybody may decide on, the last action only ann and ben
    event, action = done.json
    assert (event["id"], event["status"], event["error"]) == (keys[0], "cancelled", None)
    assert action["error"]["type"] == "DecisionForbiddenError"
    assert "bob may not decide" in action["error"]["message"]
    assert ids(program, town) == [keys[3]]
    assert program.json("review", "approve", "--all", "--type", "combat") == []
    done = program.json("review", "escalate", f"{town}~{keys[3]}", "--by", "ann")
    assert waiting(program, town)[0]["gate"] == "approval-1"
    program("review", "terminate", town, keys[3], "--by", "ann")
    assert program.state(town)["status"] == "completed"
    assert waiting(program) == []


def test_mistakes_are_told_in_one_line(program: Program, town: str) -> None:
    key = ids(program, town)[0]
    for words, code, said in (
        (["review", "approve"], 2, "say --all"),
        (["review", "approve", town], 2, "say --all"),
        (["review", "approve", town, key, "--all"], 2, "exclude each other"),
        (["review", "approve", town, f"{town}~{key}"], 2, "SIMULATION~ID"),
        (["review", "approve", town, "nothing"], 2, "nothing waits for a decision under nothing"),
        (["review", "approve", "--all", "--type", "socail"], 2, "is none of"),
        (["review", "--kind", "actors"], 2, "is none of events, actions"),
        (["review", "show", town], 2, "missing argument ID"),
        (["review", "show", town, key[:-1]], 2, f"did you mean {key}?"),
        (["review", "show", town, key, "--set", "colour=red"], 2, "colour"),
        (["review", "log", "twon"], 2, "did you mean town?"),
        (["review", "twon"], 2, "did you mean town?"),
        (["simulation", "configure", town], 2, "nothing to change"),
        (["simulation", "configure", town, "--mediation", "{rules: 3}"], 2, "rules"),
        (["simulation", "create", "well.py", "--mediation", "{events: maybe}"], 2, "hold, pass"),
        (["simulation", "create", "well.py", "--mediation", "no.yaml"], 2, "cannot read no.yaml"),
    ):
        assert said in program.fails(*words, code=code), words
    refused = program.call("review", "modify", town, key)
    assert (refused.code, "nothing to modify" in refused.out) == (1, True)
    assert len(ids(program, town)) == 4


def test_a_modification_runs_as_it_was_decided(program: Program, town: str) -> None:
    key = waiting(program, town, "--actor", "actor-ada")[0]["id"]
    more = "parameters.effects=[{op: add, target: world, path: water, value: 1000}]"
    (done,) = program.json("review", "modify", town, key, "--set", more, "--by", "ben")
    assert done["error"] is None
    program("review", "approve", town, "--all", "--kind", "events")
    program("simulation", "run", town, "--cycles", 1)
    found = program.json("action", "show", town, key)
    assert (found["status"], found["approved_by"]) == ("completed", "ben")
    assert found["outcome"]["effects"][0]["value"] == 1000
    assert program.state(town)["world_state"]["water"] > 1000
    (line,) = program.json("review", "log", town, key)
    assert line["by"] == "ben"
    new, old = (line["changes"]["parameters"][word]["effects"] for word in ("new", "old"))
    assert (new[0]["value"], old[0]["value"]) == (1000, -4)
    assert program.json("simulation", "replay", town)["identical"] is True


def test_the_log_has_policies_refusals_and_deadlines(program: Program, town: str) -> None:
    program("simulation", "configure", town, "--mediation", "{events: pass}", "--by", "boss")
    program("simulation", "run", town, "--cycles", 3)
    log = program.json("review", "log", town)
    assert (log[0]["decision"], log[0]["by"]) == ("configure", "boss")
    assert log[0]["changes"] == {
        "mediation": {"old": {**POLICIES}, "new": {**POLICIES, "events": "pass"}}
    }
    rejected = [line for line in log if line["by"] == "policy"]
    assert {line["decision"] for line in rejected} == {"reject"}
    assert {line["reason"] for line in rejected} == {"nobody decided within 2 cycles"}
    assert {(line["cycle"], line["phase"]) for line in rejected} == {(4, "event_generation")}
    assert len(rejected) == 3
    shown = program("review", "log", town)
    assert "nobody decided within 2 cycles" in shown
    assert "boss" in shown
    assert "events pass" not in program("simulation", "show", town)
    assert "waiting events hold up nothing" in program("simulation", "show", town)
    assert program.json("simulation", "replay", town)["identical"] is True


def test_show_has_the_audit_trail(program: Program, town: str) -> None:
    key = ids(program, town)[0]
    program("review", "reject", town, key, "--by", "ann", "--reason", "too wet")
    shown = program("event", "show", town, key).splitlines()
    assert any("ann" in line and "reject" in line and "too wet" in line for line in shown)


def test_policies_come_from_files(program: Program) -> None:
    (program.folder / "policies.yaml").write_text("rules:\n- kind: actions\n  require: true\n")
    found = program.json("run", "well.py", "--cycles", 3, "--mediation", "policies.yaml")
    assert len(found["awaiting"]) == 3
    assert found["phase_number"] == 1
    shown = program.state(found["simulation_id"])
    assert shown["metadata"]["mediation"] == {"rules": [{"kind": "actions", "require": True}]}


def test_two_reviewers_never_decide_twice(program: Program) -> None:
    rules = json.dumps({"rules": [{"kind": "actions", "require": True}]})
    program.create("town", "--mediation", rules)
    for number in range(20):
        words = ("--actor", "actor-ada", "--intent", f"wave {number}", "--id", f"wave-{number}")
        if number == 0:
            program("simulation", "cycle", "town")
        program("action", "inject", "town", *words)
    keys = ids(program, "town")
    assert len(keys) >= 20
    reviewers = {
        "ann": spawn("--json", "review", "approve", "--all", "--by", "ann"),
        "bob": spawn("--json", "review", "reject", "--all", "--by", "bob"),
    }
    decided: dict[str, str] = {}
    conflicts = 0
    for name, process in reviewers.items():
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        for each in json.loads(out):
            if each["error"] is None:
                assert each["id"] not in decided, "two decisions were taken about one thing"
                decided[each["id"]] = name
            else:
                assert each["error"]["type"] == "ConflictError", each["error"]
                conflicts += 1
        assert process.returncode in (0, 1)
    assert sorted(decided) == keys
    taken = [line for line in program.json("review", "log", "town") if not line["refused"]]
    assert {line["id"]: line["by"] for line in taken} == decided
    assert len(taken) == len(keys)


EDITOR = """#!/bin/sh
sed -i 's/"priority": "normal"/"priority": "urgent"/' "$1"
"""


def test_a_terminal_takes_keys_and_opens_an_editor(program: Program, town: str) -> None:
    editor = program.folder / "editor.sh"
    editor.write_text(EDITOR)
    editor.chmod(0o755)
    key = waiting(program, town, "--actor", "actor-ada")[0]["id"]
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "EDITOR": str(editor)}
    environment.pop("VISUAL", None)
    running = subprocess.Popen(
        [*SCRAI, "review", town, "--actor", "actor-ada", "--by", "ann"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
    )
    os.close(theirs)
    seen = bytearray()

    def until(word: bytes) -> None:
        while word not in seen:
            seen.extend(os.read(ours, 4096))

    until(b"q(uit)")
    os.write(ours, b"m")
    until(b"editor")
    os.write(ours, b"\n")
    until(b"1 decided")
    assert running.wait(PATIENCE) == 0  # before its terminal goes: it may have more to write
    os.close(ours)
    found = program.json("action", "show", town, key)
    assert (found["priority"], found["approved_by"]) == ("urgent", "ann")


def test_ctrl_c_ends_the_review_at_once(program: Program, town: str) -> None:
    ours, theirs = os.openpty()
    running = subprocess.Popen(
        [*SCRAI, "review", town], stdin=theirs, stdout=theirs, stderr=subprocess.PIPE
    )
    os.close(theirs)
    seen = bytearray()
    while b"q(uit)" not in seen:
        seen.extend(os.read(ours, 4096))
    running.send_signal(2)
    assert running.wait(PATIENCE) == 130
    assert running.stderr is not None
    with running.stderr as said:
        assert b"Traceback" not in said.read()
    os.close(ours)
    assert len(ids(program, town)) == 4

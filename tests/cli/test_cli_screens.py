"""What people see: the facts are there, and nothing but them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from _program import Program


@pytest.fixture
def town(program: Program) -> str:
    name = program.create("town", "--name", "A town", "--cycles", 9, "--seed", 7)
    program("simulation", "run", name, "--cycles", 3)
    return name


def words(text: str) -> str:
    """Return a screen as its words, so that tests do not hang on how wide it is."""
    return " ".join(re.sub(r"[─│╭╮╰╯]", " ", text).split())


def test_show_says_where_it_stands_and_what_it_holds(program: Program, town: str) -> None:
    program("action", "inject", town, "--id", "bath", "--actor", "actor-ada", "--requires-approval")
    screen = words(program("simulation", "show", town))
    state = program.state(town)
    for fact in (
        "town A town",
        "running, cycle 4, event generation is due, step 17",
        "cycles 3 of 9",
        "seed 7",
        f"hash {state['hash']}",
        "actors 3 events 0 actions 1 retired",
        "open gates 1",
        "waits for approval: action bath scrai action approve town bath",
        "metric now last 3 cycles water",
        "world",
        "step cycle phase notes",
    ):
        assert fact in screen, (fact, screen)
    assert set("▁█") & set(screen), "a line of bars for the metric"


def test_show_of_every_status(program: Program, town: str) -> None:
    program("simulation", "pause", town)
    assert "paused, cycle 4, event generation is due" in words(program("simulation", "show", town))
    program("simulation", "stop", town)
    assert "completed after 3 cycles" in words(program("simulation", "show", town))
    program.create("new")
    assert "created, cycle 1, initialize is due" in words(program("simulation", "show", "new"))
    program.create("bad", "--set", "fail_at=2")
    program.fails("simulation", "run", "bad")
    screen = words(program("simulation", "show", "bad"))
    assert "last error RuntimeError: the well is dry" in screen
    listed = words(program("simulation", "list"))
    assert "error event generation 1" in listed


def test_history_shows_every_kind_of_step(program: Program, town: str) -> None:
    screen = program("simulation", "history", town)
    assert "litres of rain" in screen
    assert "1 ev 3 ac" in screen
    program("simulation", "pause", town)
    program("simulation", "resume", town)
    assert "commands" in program("simulation", "history", town)
    program("simulation", "restore", town, "--at", "1:snapshot")
    screen = program("simulation", "history", town, "--all")
    assert "restore of step 6" in screen
    assert program.state(town)["hash"][:12] in screen
    shorter = program("simulation", "history", town, "--last", 2)
    assert "earlier steps" in shorter
    program.create("bad", "--set", "fail_at=2")
    program.fails("simulation", "run", "bad")
    assert "event generation failed" in program("simulation", "history", "bad")
    assert "RuntimeError: the well is dry" in program("simulation", "log", "bad")
    program.create("new")
    assert program("simulation", "history", "new") == "no steps yet\n"


def test_phases_are_told_as_they_run(program: Program) -> None:
    program.create()
    assert "initialize" in program("simulation", "advance", "town")
    out = program("simulation", "cycle", "town")
    assert "seeded 3 actors" in out
    assert "town is running after 1 cycle" in out
    out = program("simulation", "cycle", "town")
    assert "1 new event, 3 new actions" in out


def test_lists_of_entities(program: Program, town: str) -> None:
    assert "actor-ada  Ada" in re.sub(" {2,}", "  ", program("actor", "list", town))
    assert "draw water" in program("action", "list", town)
    assert "Rain" in program("event", "list", town)
    assert program("event", "list", town, "--status", "pending") == "no events\n"
    shown = words(program("actor", "show", town, "actor-ada"))
    assert "attributes.trips 2" in shown
    assert "cut" not in shown


def test_long_values_are_cut_and_can_be_seen_whole(program: Program, town: str) -> None:
    memory = [f"line {number} of what ada keeps in mind" for number in range(9)]
    story = "x" * 1500 + "\n\x1b[31mthe end"
    fields = {"attributes": {"story": story}, "metadata": {"memory": {"items": memory}}}
    program("actor", "update", town, "actor-ada", "--data", json.dumps(fields))
    shown = program("actor", "show", town, "actor-ada")
    assert "cut: attributes.story, metadata.memory; --full shows all" in words(shown)
    assert "the end" not in shown
    assert shown.count("x") < 300
    whole = words(program("actor", "show", town, "actor-ada", "--full"))
    assert "cut:" not in whole
    assert all(f"memory.items[{n}] {line}" in whole for n, line in enumerate(memory))
    assert whole.count("x") > 1500
    assert "\\x1b[31mthe end" in whole


def test_long_lists_are_cut_for_people_only(
    program: Program, town: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrai.cli import _entity

    monkeypatch.setattr(_entity, "MOST_LISTED", 2)
    out = program("action", "list", town)
    assert out.count("draw water") == 2
    assert "and more: --limit N shows more than 2" in out
    assert program("action", "list", town, "--limit", 5).count("draw water") == 5
    assert len(program.json("action", "list", town)) == 6
    assert "and more" not in program("event", "list", town)


def test_differences(program: Program, town: str) -> None:
    screen = program("simulation", "diff", town, "1:snapshot", "2:snapshot")
    assert "town: step 6 to step 11" in screen
    assert re.search(r"parts/world_state +water +\d+", screen)
    assert "attributes.trips" in screen
    assert "nothing changed" in program("simulation", "diff", town, 6, 6)
    program("simulation", "branch", town, "--at", "1:snapshot", "--id", "child", "--seed", 9)
    assert "are the same for 6 steps; town goes on" in program("compare", town, "child")
    program("simulation", "cycle", "child")
    screen = program("compare", town, "child")
    assert "part after 6 steps, at event generation of cycle 2" in screen
    assert "are the same to the end, for 16 steps" in program("compare", town, town)


def test_scenarios(program: Program) -> None:
    assert "simple_town" in program("scenario", "list")
    screen = words(program("scenario", "show", "well.py"))
    assert "share integer 4 >= 0, <= 50 what a household draws" in screen
    assert "well works" in program("scenario", "validate", "well.py")
    Path("bad.py").write_text(
        Path("well.py")
        .read_text()
        .replace('context.rng("rain").integer', "__import__('random').randint")
    )
    found = program.call("scenario", "validate", "bad.py", "--set", "rain=40", "--cycles", 9)
    assert found.code == 1
    assert "well does not work" in found.out
    assert "diverges" in found.out
    Path("worse.py").write_text(
        Path("well.py").read_text().replace("Rain", "").replace("intent", "intend")
    )
    found = program.call("--json", "validate", "worse.py")
    assert found.code == 1
    assert found.json["problems"]
    assert "well.py" not in program.fails("scenario", "validate", "none.py", code=2)


def test_a_new_scenario_works_and_is_never_overwritten(program: Program) -> None:
    out = program("scenario", "new", "river-town")
    assert "scrai run river_town.py" in out
    program("run", "river_town.py", "--cycles", 2)
    line = program.fails("scenario", "new", "river-town", code=2)
    assert "exists already" in line
    program("scenario", "new", "river-town", "--force")
    assert program("scenario", "new", "x", "--out", "-").startswith('"""X')
    assert program("--json", "scenario", "new", "x", "--out", "-").startswith('"""X')
    program.fails("scenario", "new", "no/good", code=2)


def test_settings_and_doctor(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("scrai.toml").write_text("lease_seconds = 9\n")
    screen = words(program("--db", "x.db", "config", "show"))
    assert "db x.db --db" in screen
    assert "lease_seconds 9.0 scrai.toml" in screen
    screen = words(program("doctor"))
    assert "ok backend sqlite" in screen
    assert "not made yet" in screen
    assert not Path("scrai.db").exists()
    program.create()
    assert "1 simulation" in words(program("doctor"))
    Path("bad.db").write_text("nonsense " * 99)
    found = program.call("--db", "bad.db", "doctor")
    assert found.code == 1
    assert "failed backend sqlite" in words(found.out)
    assert found.err == ""
    found = program.call("--db", "no/where.db", "doctor")
    assert (found.code, "there is no folder" in words(found.out)) == (1, True)


@pytest.mark.filterwarnings("default")
def test_a_broken_plug_in_is_one_warning_and_takes_nobody_down(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scrai.scenarios import Plugin, _service

    plugin = Plugin("broken", "nowhere.to_be_found:Thing", "some-package")
    monkeypatch.setattr(_service, "installed", lambda: [plugin])
    found = program.call("scenario", "list")
    assert found.code == 0
    assert "simple_town" in found.out
    lines = found.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("warning: scenario 'broken' of package some-package is broken")
    assert program.call("run", "broken").code == 2
    checks = {check["name"]: check for check in program.call("--json", "doctor").json}
    assert checks["scenario plug-in"]["verdict"] == "failed"


def test_a_failed_try_is_logged_once(program: Program) -> None:
    program.create("flop", "--set", "fail_at=2", "--cycles", 3)
    program.call("simulation", "run", "flop")
    lines = [line for line in program("simulation", "log", "flop").splitlines() if "dry" in line]
    assert len(lines) == 3
    assert "try 3 failed: RuntimeError: the well is dry" in lines[-1]
    found = program.json("simulation", "log", "flop")
    assert [line["level"] for line in found if "dry" in line["text"]] == ["error"] * 3


def test_a_restore_stands_in_the_cycle_it_goes_back_to(program: Program, town: str) -> None:
    program("simulation", "restore", town, "--at", "1:world_update")
    program("simulation", "advance", town)
    found = program.json("simulation", "history", town)
    assert [(line["kind"], line["cycle"]) for line in found[-2:]] == [("restore", 1), ("phase", 1)]
    program("simulation", "restore", town, "--at-step", 0)
    program("simulation", "advance", town)
    found = program.json("simulation", "history", town)
    assert [(line["kind"], line["cycle"]) for line in found] == [("restore", 1), ("phase", 1)]


def test_a_replay_says_where_it_starts(program: Program, town: str) -> None:
    program("simulation", "branch", town, "--at", "1:snapshot", "--id", "child")
    program("simulation", "advance", "child")
    said = program("simulation", "replay", "child")
    assert said == "1 step again from the fork at step 6, every hash as recorded\n"
    assert program.json("simulation", "replay", "child")["from_step"] == 6
    assert "fork" not in program("simulation", "replay", town)


def test_numbers_agree_with_their_nouns(program: Program) -> None:
    said = program("run", "simple_town", "--cycles", 1, "--id", "one")
    said += program("simulation", "show", "one") + program("simulation", "log", "one")
    said += program("simulation", "export", "one", "--table", "metrics", "--out", "x.jsonl")
    said += program("validate", "simple_town", "--cycles", 1)
    wrong = re.findall(r"\b1 (?:cycles|events|actions|actors|steps|notes|rows|lines)\b", said)
    assert wrong == []
    assert "after 1 cycle " in said

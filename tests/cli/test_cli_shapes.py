"""The JSON shapes that scripts rely on, as docs/json-shapes.md describes them."""

from __future__ import annotations

from _program import Program

SUMMARY = [
    "simulation_id",
    "name",
    "scenario",
    "status",
    "current_phase",
    "phase_number",
    "revision",
    "hash",
    "metrics",
]
LINE = {
    "step",
    "cycle",
    "phase",
    "next_phase",
    "notes",
    "generated_event_ids",
    "generated_action_ids",
    "hash",
    "started_at",
    "duration_ms",
}
PHASES = [
    "initialize",
    "event_generation",
    "action_collection",
    "action_resolution",
    "world_update",
    "snapshot",
]


def test_create_run_and_cycle_print_one_summary(program: Program) -> None:
    made = program.json("simulation", "create", "well.py", "--id", "town", "--name", "A town")
    assert list(made) == SUMMARY
    assert made["simulation_id"] == "town"
    assert made["name"] == "A town"
    assert made["scenario"] == str(program.folder / "well.py")
    assert (made["status"], made["current_phase"]) == ("created", "initialize")
    assert (made["phase_number"], made["metrics"]) == (0, {})
    assert len(made["hash"]) == 64
    cycled = program.json("simulation", "cycle", "town")
    assert list(cycled) == SUMMARY
    assert (cycled["status"], cycled["phase_number"]) == ("running", 1)
    assert cycled["metrics"] == {"water": 40}
    assert cycled["revision"] != made["revision"]
    assert cycled["hash"] != made["hash"]
    run = program.json("simulation", "run", "town", "--cycles", 2)
    assert list(run) == SUMMARY
    assert run["phase_number"] == 3


def test_run_of_a_scenario_prints_one_summary_of_a_completed_run(program: Program) -> None:
    found = program.json("run", "well.py", "--cycles", 2, "--seed", 7)
    assert list(found) == SUMMARY
    assert (found["status"], found["current_phase"]) == ("completed", "completed")
    assert found["phase_number"] == 2
    again = program.json("run", "well.py", "--max-turns", 2, "--seed", 7)
    assert again["simulation_id"] != found["simulation_id"]
    assert again["hash"] == found["hash"]
    other = program.json("run", "well.py", "--cycles", 2, "--seed", 8)
    assert other["hash"] != found["hash"]


def test_show_is_the_state_with_counts_and_hash(program: Program) -> None:
    program.create("town", "--seed", 3, "--cycles", 9, "--set", "share=5")
    program("simulation", "cycle", "town")
    found = program.json("simulation", "show", "town")
    assert set(SUMMARY) < set(found)
    assert found["id"] == "town"
    assert found["seed"] == 3
    assert found["max_phases"] == 9
    assert found["configuration"] == {"share": 5}
    assert found["world_state"] == {"water": 40}
    assert found["active_actor_ids"] == ["actor-ada", "actor-ben", "actor-cleo"]
    assert found["counts"] == {
        "actors": 3,
        "events": 0,
        "actions": 0,
        "retired": 0,
        "open_gates": 0,
        "waiting_commands": 0,
        "steps": 6,
        "snapshots": 1,
    }
    assert found["lease"] is None
    assert found["gates"] == found["waiting_commands"] == []
    assert found["due_phase"] == "event_generation"


def test_advance_prints_the_phase_result(program: Program) -> None:
    program.create()
    first = program.json("simulation", "advance", "town")
    assert first["executed_phase"] == "initialize"
    assert first["next_phase"] == "event_generation"
    assert first["outcome"] == "committed"
    assert (first["step"], first["cycle"]) == (1, 1)
    assert first["simulation"]["status"] == "running"
    second = program.json("simulation", "advance", "town", "--phase", "event-generation")
    assert second["executed_phase"] == "event_generation"
    assert second["hash"] == program.state()["hash"]
    assert {"notes", "generated_event_ids", "generated_action_ids", "awaiting", "metrics"} < set(
        second
    )


def test_history_is_a_list_of_the_steps(program: Program) -> None:
    program.create()
    program("simulation", "run", "town", "--cycles", 2)
    found = program.json("simulation", "history", "town")
    assert [line["phase"] for line in found] == [*PHASES, *PHASES[1:]]
    assert [line["step"] for line in found] == list(range(1, 12))
    assert [line["cycle"] for line in found] == [1] * 6 + [2] * 5
    assert all(set(line) > LINE for line in found)
    assert found[-1]["hash"] == program.state()["hash"]
    assert found[6]["notes"][0].endswith("litres of rain")
    assert len(found[6]["generated_action_ids"]) == 3
    assert len(found[6]["generated_event_ids"]) == 1
    assert found[-1]["metrics"] == {"water": program.state()["world_state"]["water"]}
    assert program.json("simulation", "history", "town", "--last", 3) == found[-3:]


def test_entities_are_listed_as_their_models(program: Program) -> None:
    program.create()
    program("simulation", "run", "town", "--cycles", 2)
    actors = program.json("actor", "list", "town")
    assert [actor["id"] for actor in actors] == ["actor-ada", "actor-ben", "actor-cleo"]
    assert all(actor["attributes"] == {"trips": 1} for actor in actors)
    actions = program.json("action", "list", "town")
    assert {action["status"] for action in actions} == {"completed"}
    assert actions == program.json("action", "list", "town", "--status", "completed")
    assert program.json("action", "list", "town", "--status", "pending") == []
    assert program.json("action", "show", "town", actions[0]["id"]) == actions[0]
    assert program.json("event", "list", "town")[0]["status"] == "resolved"


def test_simulations_are_listed_newest_first(program: Program) -> None:
    for name in ("one", "two", "three"):
        program.create(name)
    program("simulation", "cycle", "two")
    found = program.json("simulation", "list")
    assert [item["simulation_id"] for item in found] == ["three", "two", "one"]
    running = program.json("simulation", "list", "--status", "running")
    assert [item["simulation_id"] for item in running] == ["two"]
    assert program.json("simulation", "list", "--scenario", "well.py", "--limit", 1) == found[:1]
    assert program.json("simulation", "list", "--scenario", "other.py") == []
    assert program.json("simulation", "list", "--limit", 0) == []


def test_errors_are_objects_too(program: Program) -> None:
    found = program.call("--json", "run", "simple_twon")
    assert found.code == 2
    assert found.out == ""
    assert found.error["type"] == "ScenarioError"
    assert found.error["message"] == "unknown scenario 'simple_twon'"
    assert "simple_town" in found.error["hint"]
    wrong = program.call("--json", "simulation", "show")
    assert (wrong.code, wrong.error["type"]) == (2, "UsageError")
    assert set(wrong.error) == {"type", "message", "hint"}


def test_version_config_scenarios_and_doctor(program: Program) -> None:
    from scrai import __version__

    assert program.json("version") == {"version": __version__}
    settings = {item["name"]: item for item in program.json("config", "show")}
    assert settings["backend"] == {
        "name": "backend",
        "value": "sqlite",
        "source": "default",
        "meaning": "where data are kept",
    }
    listed = {item["key"] for item in program.json("scenario", "list")}
    assert "simple_town" in listed
    shown = program.json("scenario", "show", "well.py")
    assert shown["config"][0] == {
        "name": "share",
        "type": "integer",
        "default": 4,
        "required": False,
        "bounds": ">= 0, <= 50",
        "description": "what a household draws",
    }
    checks = program.json("doctor")
    assert {check["verdict"] for check in checks} <= {"ok", "missing"}
    assert not (program.folder / "scrai.db").exists()

"""Commands: exactly once, whole or refused, and none can hold a simulation up for ever."""

from __future__ import annotations

from typing import Any

import pytest

from commands import make, stop
from scrai.engine import PhaseEngineConfig, StepOutcome, _stepper
from scrai.errors import PhaseExecutionError, SimulationEndedError, SimulationMissingError
from scrai.models import CommandKind, SimulationPhase, SimulationStatus
from scrai.store import MemoryStore
from village import Village, engine, run, state

K = CommandKind


def injected(key: str = "visit", **fields: Any) -> Any:
    payload = {"id": key, "actor_id": "v0", "intent": "visit", "source": "player", **fields}
    return make(K.INJECT_ACTION, key, payload=payload)


async def test_injected_action_runs_like_any_other(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    await target.submit(
        "sim",
        injected(
            parameters={
                "effects": [
                    {"op": "set", "target": "actor:v1", "path": "attributes.guest", "value": "v0"}
                ]
            }
        ),
    )
    results = await run(target, 1)
    assert "visit" in results[0].generated_action_ids
    document = await store.get("actions", "sim~visit")
    assert document is not None
    assert document.value()["status"] == "completed"
    actor = await store.get("actors", "sim~v1")
    assert actor is not None
    assert actor.value()["attributes"]["guest"] == "v0"


async def test_commands_apply_in_order_of_submission(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    for number in range(5):
        await target.submit("sim", make(K.UPDATE_ACTOR, "v0", payload={"name": f"Name {number}"}))
    result = await target.apply_commands("sim")
    assert result is not None
    assert result.outcome is StepOutcome.COMMANDS_ONLY
    assert (await target.journal.entry("sim", result.step))["kind"] == "commands"
    actor = await store.get("actors", "sim~v0")
    assert actor is not None
    assert actor.value()["name"] == "Name 4"
    assert await target.apply_commands("sim") is None
    assert "simulations/sim/inbox" not in await store.subcollections("simulations", "sim")


BAD = [
    (make(K.UPDATE_ACTOR, "nobody", payload={"name": "x"}), "no live actor 'nobody'"),
    (make(K.UPDATE_ACTOR, "v0", payload={"nmae": "x"}), "nmae"),
    (make(K.UPDATE_ACTOR, "v0", payload={"id": "v9"}), "id cannot be changed"),
    (make(K.UPDATE_ACTION, "gone", payload={"intent": "x"}), "no live action"),
    (make(K.REMOVE_ACTOR, "nobody"), "no live actor"),
    (make(K.CANCEL_EVENT, "nothing"), "no live event"),
    (make(K.CONFIGURE, payload={"max_phases": 1}), "not above the 1 cycle "),
    (make(K.CONFIGURE, payload={"colour": "red"}), "unknown settings: colour"),
    (make(K.CONFIGURE, payload={"mediation": {"events": "maybe"}}), "events: 'maybe'"),
    (make(K.CONFIGURE, payload={"description": "x" * 3000}), "description"),
    (make(K.RESUME), "running"),
    (make(K.RETRY), "not in error"),
    (injected("v/x"), "v/x"),
    (injected("lost", actor_id="nobody"), "nobody"),
    (injected("stray", generated_events=["never-was"]), "never-was"),
    (make(K.INJECT_ACTOR, "v1", payload={"id": "v1", "name": "Twin", "type": "npc"}), "exists"),
    (make(K.PAUSE, expected_step=3), "meant for step 3"),
    (injected("typo", parameters={"effects": [{"op": "ad", "target": "world"}]}), "op"),
]


@pytest.mark.parametrize(("command", "reason"), BAD, ids=lambda value: str(value)[:30])
async def test_bad_commands_are_refused_and_change_nothing(
    store: MemoryStore, command: Any, reason: str
) -> None:
    target = engine(store)
    await target.create(state())
    plain = await run(target, 1)
    await target.submit("sim", command)
    result = await target.apply_commands("sim")
    entries = [e async for _, e in target.journal.history("sim") if e["step"] > plain[-1].step]
    notes = [note for entry in entries for note in entry["notes"]]
    assert any(note.startswith("refused") and reason in note for note in notes), notes
    assert entries[-1]["hash"] == plain[-1].hash
    assert result is None or result.hash == plain[-1].hash
    assert (await run(target, 1))[0].executed_phase == "event_generation"


async def test_a_poison_command_does_not_stop_its_neighbours(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    big = "x" * 600_000
    await target.submit("sim", make(K.UPDATE_ACTOR, "v0", payload={"metadata": {"a": big}}))
    await target.apply_commands("sim")
    await target.submit("sim", injected("lost", actor_id="nobody"))
    await target.submit("sim", injected("fine"))
    attributes = {"coins": 1, "mood": 0, "b": big}
    await target.submit("sim", make(K.UPDATE_ACTOR, "v0", payload={"attributes": attributes}))
    results = await run(target, 1)
    entry = await target.journal.entry("sim", results[0].step - 1)
    assert (entry["kind"], entry["generated_action_ids"]) == ("commands", ["fine"])
    assert (await target.journal.state_at("sim", results[0].step)).entities["actions"]["fine"]
    assert results[0].simulation.error_count == 0
    notes = [n async for _, e in target.journal.history("sim") for n in e.get("notes", [])]
    assert len([note for note in notes if note.startswith("refused")]) == 2


async def test_a_command_that_is_bad_because_of_another_replays(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.submit("sim", make(CommandKind.REMOVE_ACTOR, "v3", id="a-leaves"))
    late = {"id": "visit", "title": "Visit", "affected_actors": ["v3"]}
    await target.submit("sim", make(CommandKind.INJECT_EVENT, "visit", id="b-visit", payload=late))
    result = await target.apply_commands("sim")
    assert result is not None
    assert [note.split()[0] for note in result.notes] == ["actor", "refused"]
    last = (await run(target, 1))[-1]
    assert [step.hash async for step in target.replay("sim")][-1] == last.hash


async def test_a_failing_phase_does_not_make_good_commands_bad(store: MemoryStore) -> None:
    village = Village()
    target = engine(store, village, PhaseEngineConfig(max_consecutive_failures=1))
    await target.create(state())
    await run(target, 2)
    early = {"id": "visit", "title": "Visit", "affected_actors": ["guest"]}
    guest = {"id": "guest", "name": "Guest", "type": "npc"}
    await target.submit("sim", make(CommandKind.INJECT_EVENT, "visit", id="a", payload=early))
    await target.submit("sim", make(CommandKind.INJECT_ACTOR, "guest", id="b", payload=guest))
    village.fail_at = (3, SimulationPhase.EVENT_GENERATION)
    with pytest.raises(PhaseExecutionError, match="the village is closed"):
        await target.step("sim")
    assert [item.id for item in (await target.inspect("sim")).inbox] == ["a", "b"]


async def test_one_bad_command_among_many_is_found_with_few_looks(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    real = _stepper.examine

    async def counting(*given: Any) -> None:
        looks.append(1)
        await real(*given)

    monkeypatch.setattr(_stepper, "examine", counting)
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    for number in range(200):
        who = "nobody" if number == 77 else "v1"
        payload = {"id": f"e{number}", "title": "Visit", "affected_actors": [who]}
        await target.submit("sim", make(K.INJECT_EVENT, f"e{number}", payload=payload))
    result = await target.apply_commands("sim")
    assert result is not None
    assert [note for note in result.notes if "refused" in note and "e77" in note]
    assert len([note for note in result.notes if note.endswith("injected")]) == 199
    assert len(looks) < 30


async def test_hundred_commands_are_applied_once_each(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    for number in range(100):
        await target.submit("sim", injected(f"visit-{number}"))
    results = await run(target, 1)
    assert len(results[0].generated_action_ids) == 104
    entry = await target.journal.entry("sim", results[0].step)
    assert len(entry["commands"]) == 100


async def test_actor_in_use_is_not_removed(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await target.step("sim")
    await target.step("sim")
    await target.submit("sim", make(K.REMOVE_ACTOR, "v2"))
    refused = await target.apply_commands("sim")
    assert refused is not None
    assert "still needed by work-1-" in refused.notes[0]
    await run(target, 1)
    await target.submit("sim", make(K.REMOVE_ACTOR, "v2"))
    await target.apply_commands("sim")
    assert (await target.get("sim")).active_actor_ids == ["v0", "v1", "v3"]
    assert await store.get("actors", "sim~v2") is None


async def test_stop_and_after(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await target.submit("sim", stop())
    result = await target.step("sim")
    assert result.simulation.status is SimulationStatus.COMPLETED
    with pytest.raises(SimulationEndedError):
        await target.submit("sim", stop())
    with pytest.raises(SimulationMissingError):
        await target.submit("none", stop())


async def test_skip_of_a_snapshot_closes_the_cycle(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state(max_phases=2))
    for _ in range(5):
        await target.step("sim")
    await target.submit("sim", make(K.SKIP))
    result = await target.step("sim")
    assert result.outcome is StepOutcome.COMMANDS_ONLY
    assert result.simulation.phase_number == 1
    assert len(await run(target, 1)) == 5
    assert (await target.get("sim")).status is SimulationStatus.COMPLETED


async def test_commands_left_by_a_deleted_simulation_are_not_taken_over(store: MemoryStore) -> None:
    from scrai.data import inbox_write

    await store.commit([inbox_write("sim", make(K.PAUSE))])  # sent as the deletion ended
    target = engine(store)
    await target.create(state())
    result = await target.step("sim")
    assert result.outcome is StepOutcome.COMMITTED
    assert result.notes == ["initialized A village"]

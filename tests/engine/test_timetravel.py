"""History, diff, restore, branch, replay, delete."""

from __future__ import annotations

from typing import Any

import pytest

from commands import make
from scrai.engine import BranchOptions, PhaseEngineConfig
from scrai.errors import (
    AlreadyExistsError,
    DivergenceError,
    HistoryError,
    PhaseEngineError,
    SimulationEndedError,
    SimulationMissingError,
)
from scrai.models import CommandKind, SimulationPhase, SimulationStatus
from scrai.store import MemoryStore, Query, Where
from village import Village, engine, hashes, run, state

P = SimulationPhase


async def contents(store: MemoryStore, simulation_id: str) -> dict[str, Any]:
    """Return every entity and part of a simulation, live and retired."""
    found: dict[str, Any] = {}
    for kind in ("actors", "events", "actions"):
        for document in await store.query(
            Query(kind, (Where("simulation_id", "==", simulation_id),))
        ):
            local = document.id.partition("~")[2]
            found[f"{kind}/{local}"] = (document.columns["state"], document.value())
    parts = await store.get_many(
        f"simulations/{simulation_id}/parts", ["environment", "metadata", "world_state"]
    )
    return found | {part.id: part.value() for part in parts if part}


async def test_every_step_of_the_history_gives_its_own_hash(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 12)
    head = await target.journal.head("sim")
    assert head.snapshot_step is not None  # the history crosses a physical snapshot
    for step, recorded in await hashes(target):
        assert (await target.journal.state_at("sim", step)).hash(head) == recorded
    with pytest.raises(HistoryError, match="no step 999"):
        await target.journal.state_at("sim", 999)


async def test_restore_reproduces_entities_and_world_byte_for_byte(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 3)
    before = await contents(store, "sim")
    head = await target.journal.head("sim")
    await run(target, 4)
    result = await target.restore("sim", head.step)
    assert result.hash == head.hash
    assert await contents(store, "sim") == before
    after = await target.journal.head("sim")
    assert after.counts == head.counts
    assert after.retired_digest == head.retired_digest
    assert after.step == 37
    assert (after.cycles, after.phase) == (3, "event_generation")


async def test_restored_phases_draw_fresh_numbers_and_ids(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    kept = (await target.journal.head("sim")).step
    old = await run(target, 2)
    await target.restore("sim", kept)
    new = await run(target, 2)
    assert [r.executed_phase for r in old] == [r.executed_phase for r in new]
    assert {r.passes for r in new} == {1}
    old_ids = {key for r in old for key in r.generated_action_ids}
    assert not old_ids & {key for r in new for key in r.generated_action_ids}
    assert old[-1].hash != new[-1].hash
    later = await run(target, 1)
    assert {r.passes for r in later} == {0}  # nobody has been here before


async def test_restore_to_an_abandoned_line_brings_its_retired_entities_back(
    store: MemoryStore,
) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    fork = (await target.journal.head("sim")).step
    await run(target, 2)
    abandoned = (await target.journal.head("sim")).step
    there = await contents(store, "sim")
    await target.restore("sim", fork)
    await run(target, 1)
    await target.restore("sim", abandoned)
    assert await contents(store, "sim") == there


async def test_large_restores_sweep_after_a_crash(store: MemoryStore) -> None:
    from scrai.engine import _batches, _restore

    target = engine(store)
    await target.create(state())
    await run(target, 1)
    before = await contents(store, "sim")
    step = (await target.journal.head("sim")).step
    await run(target, 5)
    patch = pytest.MonkeyPatch()
    patch.setattr(_batches, "BATCH", 7)
    try:
        work = await target.inspect("sim")
        await _restore.restore(store, work, step)  # the process dies right after this commit
        assert (await target.journal.head("sim")).sweep == [step, work.head.step]
        fresh = engine(store)
        result = await fresh.restore("sim", step)  # any next action finishes the sweep first
        assert result.hash
        assert (await target.journal.head("sim")).sweep is None
        assert await contents(store, "sim") == before
    finally:
        patch.undo()


async def test_at_finds_the_last_such_step_on_the_line(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 3)
    assert await target.journal.find("sim", 2, "world_update") == 10
    await target.restore("sim", 8)
    await run(target, 1)
    assert await target.journal.find("sim", 2, "world_update") == 19
    assert await target.journal.find("sim", 1, "snapshot") == 6
    with pytest.raises(HistoryError, match="has not committed snapshot of cycle 3"):
        await target.journal.find("sim", 3, "snapshot")  # lies on the abandoned line


async def test_history_follows_the_line(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.restore("sim", 6)
    await run(target, 1)
    steps = [step for step, _ in await hashes(target)]
    assert steps == [*range(7), *range(12, 18)]


async def test_branch_at_every_step(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    results = await run(target, 3)
    parent = await contents(store, "sim")
    revision = (await target.get("sim")).revision
    for result in results:
        child = await target.branch("sim", result.step, f"child-{result.step}")
        assert child.parent is not None
        assert (await target.inspect(child.id)).head.hash == result.hash
        await target.branch("sim", result.step, f"twin-{result.step}")
        one = await run(target, 1, child.id)
        two = await run(target, 1, f"twin-{result.step}")
        assert [r.hash for r in one] == [r.hash for r in two]
        assert [s.step async for s in target.replay(child.id)][-1] == one[-1].step
    assert await contents(store, "sim") == parent
    assert (await target.get("sim")).revision == revision


async def test_branch_with_the_parents_seed_repeats_the_parent(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    results = await run(target, 3)
    await target.branch("sim", 8, "same")
    await target.branch("sim", 8, "other", BranchOptions(seed=99))
    same = await run(target, 2, "same")
    other = await run(target, 2, "other")
    assert [r.hash for r in same] == [r.hash for r in results[8:]]
    assert same[-1].hash != other[-1].hash


async def test_branch_reads_its_history_through_the_parent(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.branch("sim", 8, "child")
    await run(target, 1, "child")
    steps = [step for step, _ in await hashes(target, "child")]
    assert steps == list(range(12))
    assert await target.journal.find("child", 1, "snapshot") == 6
    with pytest.raises(HistoryError, match="belongs to sim"):
        await target.restore("child", 4)
    with pytest.raises(AlreadyExistsError):
        await target.branch("sim", 8, "child")


async def test_branch_restored_to_its_fork_draws_fresh_numbers(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.branch("sim", 7, "child")  # after Event Generation of cycle 2
    old = await run(target, 1, "child")
    await target.restore("child", 7)
    new = await run(target, 1, "child")
    assert [r.executed_phase for r in old] == [r.executed_phase for r in new]
    assert {r.passes for r in new} == {1}


async def test_completed_simulations_branch_but_do_not_restore(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state(max_phases=1))
    results = [r async for r in target.run("sim")]
    with pytest.raises(SimulationEndedError, match="completed"):
        await target.restore("sim", 3)
    child = await target.branch("sim", results[-1].step, "child")
    assert (child.status, child.max_phases) == (SimulationStatus.RUNNING, None)
    assert len(await run(target, 1, "child")) == 5


async def test_diff_names_what_changed(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    changes = await target.diff("sim", 1, 2)
    assert changes["actors/v0"]["new"]["name"] == "Villager 0"
    assert changes["parts/metadata"] == {"set": {"/seeded": True}}
    assert await target.diff("sim", 4, 4) == {}
    back = await target.diff("sim", 2, 1)
    assert back["actors/v0"] == {"gone": True}


async def test_replay_of_a_life_with_everything_in_it(store: MemoryStore) -> None:
    scenario = Village()
    config = PhaseEngineConfig(enforce_phase_sequence=False)
    target = engine(store, scenario, config)
    await target.create(state())
    await run(target, 1)
    await target.submit(
        "sim", make(CommandKind.UPDATE_ACTOR, "v1", payload={"attributes": {"coins": 500}})
    )
    await target.apply_commands("sim")
    await target.submit("sim", make(CommandKind.UPDATE_ACTOR, "nobody", payload={"name": "x"}))
    await target.step("sim", force_phase=P.WORLD_UPDATE)
    await run(target, 2)
    await target.restore("sim", 7)
    scenario.fail_at = (2, P.EVENT_GENERATION)
    with pytest.raises(PhaseEngineError):
        await run(target, 1)
    scenario.fail_at = None
    await target.submit("sim", make(CommandKind.RETRY))
    await run(target, 2)
    recorded = {e["step"]: e["hash"] async for e in entries(target)}
    replayed = {s.step: s.hash async for s in target.replay("sim")}
    assert replayed == recorded
    assert len(recorded) == 29


async def entries(target: Any) -> Any:
    from scrai.engine import Segment

    head = await target.journal.head("sim")
    async for entry in target.journal.entries(Segment("sim", 0, head.step)):
        yield entry


async def test_replay_names_the_first_divergence(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    other = engine(store, Village(villagers=5))
    with pytest.raises(DivergenceError, match="diverges at step 2: event_generation of cycle 1"):
        _ = [step async for step in other.replay("sim")]


async def test_delete_takes_all_of_one_and_nothing_of_another(store: MemoryStore) -> None:
    target = engine(store)
    for name in ("sim", "sim2", "si"):
        await target.create(state(name))
        await run(target, 2, name)
    kept = await contents(store, "sim2"), await contents(store, "si")
    assert await target.delete("sim") == ["sim"]
    assert await contents(store, "sim") == {}
    assert await store.subcollections("simulations", "sim") == []
    with pytest.raises(SimulationMissingError):
        await target.get("sim")
    assert (await contents(store, "sim2"), await contents(store, "si")) == kept


async def test_delete_of_a_parent(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.branch("sim", 6, "child")
    with pytest.raises(PhaseEngineError, match="has branches: child"):
        await target.delete("sim")
    await run(target, 1)  # untouched by the refusal
    await target.delete("sim", detach=True)
    assert (await target.get("child")).parent is None
    results = await run(target, 1, "child")
    assert [step for step, _ in await hashes(target, "child")] == list(range(6, 12))
    assert (await target.journal.state_at("child", 8)).step == 8
    await target.branch("child", results[-1].step, "grandchild")
    assert await target.delete("child", with_branches=True) == ["grandchild", "child"]


async def test_two_simulations_share_nothing(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state("one", seed=1))
    await target.create(state("two", seed=2))
    one = await run(target, 2, "one")
    alone = MemoryStore()
    await alone.open()
    single = engine(alone)
    await single.create(state("two", seed=2))
    two = await run(target, 2, "two")
    assert [r.hash for r in two] == [r.hash for r in await run(single, 2, "two")]
    assert one[-1].hash != two[-1].hash
    await alone.close()

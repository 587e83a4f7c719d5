"""The world on the engine: one outcome, however it is observed, grouped, stored or interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from _exchange_runs import (
    create,
    engine_on,
    hash_of,
    lived,
    market,
    memory,
    rows,
    world_of,
)
from scrai.engine import BranchOptions
from scrai.errors import InvalidInputError
from scrai.models import SimulationPhase
from scrai.store import DocumentStore, SqliteStore
from scrai.store.emulator import Emulator
from scrai.worlds.exchange import ExchangeScenario

LEVELS = ("off", "summary", "trades", "full")


async def test_the_telemetry_level_changes_no_hash() -> None:
    found = set()
    for level in LEVELS:
        async with memory() as store:
            engine = await lived(store, market(telemetry=level, ticks_per_cycle=7), 3)
            found.add((await hash_of(engine), (await world_of(engine))["world_hash"]))
    assert len(found) == 1


async def test_ticks_may_be_grouped_in_any_way() -> None:
    found = {}
    for ticks, cycles in ((1, 40), (8, 5), (40, 1)):
        async with memory() as store:
            engine = await lived(store, market(ticks_per_cycle=ticks), cycles)
            world = await world_of(engine)
            assert world["tick"] == 40
            found[ticks] = (world["world_hash"], await rows(engine, "trades"))
    assert len({digest for digest, _ in found.values()}) == 1
    assert found[1][1] == found[8][1] == found[40][1] != []


async def test_another_seed_is_another_world() -> None:
    async with memory() as store:
        one = await lived(store, market(), 1, "one", seed=1)
        await lived(store, market(), 1, "two", seed=2)
        worlds = [(await world_of(one, name))["world_hash"] for name in ("one", "two")]
    assert worlds[0] != worlds[1]


async def test_sqlite_has_the_hash_of_memory(tmp_path: Path) -> None:
    async with memory() as store:
        expected = await hash_of(await lived(store, market(), 3))
    store = SqliteStore(tmp_path / "x.db")
    await store.open()
    assert await hash_of(await lived(store, market(), 3)) == expected
    await store.close()


@pytest.mark.emulator
async def test_firestore_has_the_hash_of_memory(emulator: Emulator, project: str) -> None:
    from scrai.store._firestore import FirestoreStore

    async with memory() as store:
        expected = await hash_of(await lived(store, market(), 2))
    store = FirestoreStore(project_id=project, emulator_host=emulator.host)
    await store.open()
    try:
        assert await hash_of(await lived(store, market(), 2)) == expected
    finally:
        await store.close()


async def test_a_worker_for_every_phase_gives_the_hash_of_one() -> None:
    async with memory() as store:
        expected = await hash_of(await lived(store, market(), 3, "whole"), "whole")
        await create(store, market(), 3, "parts")
        while True:
            engine = engine_on(store)
            result = await engine.step("parts")
            if result.simulation.status.value == "completed":
                break
        assert await hash_of(engine, "parts") == expected


KILLED = """
import asyncio, os, signal, sys
sys.path.insert(0, {folder!r})
from _exchange_runs import create, engine_on, market
{imported}

async def main():
    store = {store}
    await store.open()
    await create(store, market(), 4)
    left = [{number}]
    def probe(boundary, phase):
        if boundary == {boundary!r} and phase == "action_resolution":
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
    async for _ in engine_on(store, probe=probe).run("run"):
        pass

asyncio.run(main())
"""


async def killed(imported: str, store: str, boundary: str, number: int) -> None:
    """Run the market in another process, which is killed at the numberth such boundary."""
    folder = str(Path(__file__).parent)
    code = KILLED.format(
        folder=folder, imported=imported, store=store, boundary=boundary, number=number
    )
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], env=dict(os.environ), capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


async def meets_the_uninterrupted(store: DocumentStore) -> None:
    """Go on with what was killed; it must end as the run that was not."""
    async with memory() as whole:
        uninterrupted = await lived(whole, market(), 4)
        expected = await hash_of(uninterrupted), (await world_of(uninterrupted))["world_hash"]
    await store.open()
    try:
        engine = engine_on(store)
        assert 0 < (await world_of(engine))["tick"] < 40
        async for _ in engine.run("run"):
            pass
        assert (await hash_of(engine), (await world_of(engine))["world_hash"]) == expected
    finally:
        await store.close()


KILLS = pytest.mark.parametrize(
    ("boundary", "number"), [("in_upload", 6), ("before_commit", 2), ("after_commit", 2)]
)


@KILLS
async def test_killed_and_resumed_is_the_same(boundary: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    imported = "from scrai.store import SqliteStore"
    await killed(imported, f"SqliteStore({str(path)!r})", boundary, number)
    await meets_the_uninterrupted(SqliteStore(path))


@pytest.mark.emulator
@KILLS
async def test_killed_and_resumed_on_firestore_is_the_same(
    boundary: str, number: int, emulator: Emulator, project: str
) -> None:
    from scrai.store._firestore import FirestoreStore

    imported = "from scrai.store._firestore import FirestoreStore"
    place = f"project_id={project!r}, emulator_host={emulator.host!r}"
    await killed(imported, f"FirestoreStore({place})", boundary, number)
    await meets_the_uninterrupted(FirestoreStore(project_id=project, emulator_host=emulator.host))


async def end_of(engine, name: str, cycle: int) -> int:
    head = await engine.journal.head(name)
    for segment in await engine.journal.line(name, head.step):
        async for entry in engine.journal.entries(segment):
            if entry.get("phase") == SimulationPhase.SNAPSHOT.value and entry["cycle"] == cycle:
                return int(entry["step"])
    raise AssertionError(f"no cycle {cycle}")


async def test_branch_restore_and_replay_meet_the_same_worlds() -> None:
    async with memory() as store:
        engine = await create(store, market(), 5)
        async for _ in engine.run("run", cycles=4):
            pass
        whole, trades = await hash_of(engine), await rows(engine, "trades")
        await engine.branch("run", await end_of(engine, "run", 2), "child")
        assert (await world_of(engine, "child"))["tick"] == 20
        async for _ in engine_on(store).run("child", cycles=2):
            pass
        assert await hash_of(engine, "child") == whole
        assert await rows(engine, "trades", "child") == trades
        async for step in engine_on(store).replay("run"):
            last = step.hash
        assert last == whole
        world = await world_of(engine)
        await engine.restore("run", await end_of(engine, "run", 1))
        assert (await world_of(engine))["tick"] == 10
        async for _ in engine.run("run", cycles=3):
            pass
        assert await world_of(engine) == world


async def test_a_branch_may_change_the_rules_and_not_the_beginning() -> None:
    scenario = ExchangeScenario()
    before = market()
    scenario.check_change(before, market(params={"spread": 0.3}))
    for change, named in (
        ({"N": 20}, "N"),
        ({"initial_inventories": {"A": 1, "B": 1, "M": 1}}, "initial_inventories"),
        ({"params": {"money_scale": 10}}, "money_scale"),
    ):
        with pytest.raises(InvalidInputError, match=named):
            scenario.check_change(before, market(**change))


async def test_a_branch_with_another_spread_goes_another_way() -> None:
    async with memory() as store:
        engine = await lived(store, market(), 3)
        wide = {"params": market(params={"spread": 0.8})["params"]}
        step = await end_of(engine, "run", 1)
        await engine.branch("run", step, "wide", BranchOptions(configuration=wide))
        async for _ in engine.run("wide", cycles=2):
            pass
        assert (await world_of(engine, "wide"))["tick"] == 30
        assert await hash_of(engine, "wide") != await hash_of(engine)


async def test_documents_stay_small() -> None:
    async with memory() as store:
        engine = await lived(store, market(), 5)
        work = await engine.inspect("run")
        sizes = {name: len(part.payload.data) for name, part in work.parts.items()}
    assert sizes["world_state"] < 600
    assert sizes["metadata"] < 1500

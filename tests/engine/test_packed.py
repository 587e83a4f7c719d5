"""Packed values and tables: they commit, resume, branch, restore and replay with all else."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai.engine import (
    Journal,
    PhaseEngine,
    ScenarioContext,
    pack_columns,
    unpack_columns,
)
from scrai.errors import InvalidInputError, PhaseExecutionError, StoreCorruptError
from scrai.models import SimulationPhase
from scrai.store import MemoryStore, Query, SqliteStore
from village import Village, run, state
from village import engine as engine_on

SIZE = 700_000


class Crowd(Village):
    """A village with a crowd of a million bytes, of which one changes in every cycle."""

    phases = frozenset({SimulationPhase.EVENT_GENERATION, SimulationPhase.WORLD_UPDATE})

    async def after_phase(self, context: ScenarioContext) -> None:
        if context.phase is not SimulationPhase.WORLD_UPDATE:
            return
        # Bytes that do not compress, the same in every run.
        crowd = await context.unpack("crowd") or random.Random(1).randbytes(SIZE)
        changed = bytes([context.cycle]) + crowd[1:]
        context.pack("crowd", changed)
        context.state.world_state["first"] = changed[0]
        ticks = range(context.cycle * 10, context.cycle * 10 + 3)
        context.record("seen", {"tick": ("q", ticks), "share": ("d", [0.5] * 3)})


async def crowd_of(engine: PhaseEngine, simulation: str) -> bytes:
    return await engine.unpack(simulation, "crowd") or b""


async def test_another_worker_finds_what_was_packed(store: MemoryStore) -> None:
    await engine_on(store, Crowd()).create(state("s"))
    await run(engine_on(store, Crowd()), 2, "s")
    engine = engine_on(store, Crowd())
    await run(engine, 1, "s")
    crowd = await crowd_of(engine, "s")
    assert len(crowd) == SIZE
    assert crowd[0] == 3


async def test_a_branch_and_a_restore_have_the_crowd_of_their_step(store: MemoryStore) -> None:
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 3, "s")
    step = await end_of(engine, "s", 1)
    await engine.branch("s", step, "child")
    assert (await crowd_of(engine, "child"))[0] == 1
    await engine.delete("s", detach=True)
    await run(engine_on(store, Crowd()), 1, "child")
    assert (await crowd_of(engine, "child"))[0] == 2


async def test_restore_goes_back_to_the_crowd_of_then(store: MemoryStore) -> None:
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 3, "s")
    await engine.restore("s", await end_of(engine, "s", 2))
    assert (await crowd_of(engine, "s"))[0] == 2
    await run(engine, 1, "s")
    assert (await crowd_of(engine, "s"))[0] == 3


async def test_a_replay_packs_the_same(store: MemoryStore) -> None:
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 2, "s")
    await engine.branch("s", await end_of(engine, "s", 1), "child")
    await run(engine, 1, "child")
    for simulation in ("s", "child"):
        steps = [step async for step in engine.replay(simulation)]
        assert steps[-1].hash == (await engine.journal.head(simulation)).hash


async def test_tables_are_read_back_in_the_order_of_the_line(store: MemoryStore) -> None:
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 2, "s")
    found = [unpack_columns(data) async for _, data in engine.tables("s", "seen")]
    assert [list(each["tick"]) for each in found] == [[10, 11, 12], [20, 21, 22]]
    await engine.branch("s", await end_of(engine, "s", 1), "child")
    await run(engine, 1, "child")
    found = [unpack_columns(data) async for _, data in engine.tables("child", "seen")]
    assert [list(each["tick"]) for each in found] == [[10, 11, 12], [20, 21, 22]]


async def test_tables_of_an_abandoned_line_are_left_out(store: MemoryStore) -> None:
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 3, "s")
    await engine.restore("s", await end_of(engine, "s", 1))
    await run(engine, 1, "s")
    found = [unpack_columns(data) async for _, data in engine.tables("s", "seen")]
    assert [next(iter(each["tick"])) for each in found] == [10, 20]


async def test_no_document_is_large_and_all_go_with_the_simulation(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.db")
    await store.open()
    engine = engine_on(store, Crowd())
    await engine.create(state("s"))
    await run(engine, 3, "s")
    chunks = await store.query(Query("simulations/s/blobs", columns_only=True))
    assert len(chunks) >= 6
    work = await engine.inspect("s")
    assert max(len(part.payload.data) for part in work.parts.values()) < 10_000
    await engine.delete("s")
    assert await store.query(Query("simulations/s/blobs", columns_only=True)) == []
    await store.close()


async def test_a_table_is_recorded_once_in_a_phase(store: MemoryStore) -> None:
    context = ScenarioContext(state("s"))
    context.record("seen", {"tick": ("q", [1])})
    with pytest.raises(InvalidInputError, match="already"):
        context.record("seen", {"tick": ("q", [1])})


async def end_of(engine: PhaseEngine, simulation: str, cycle: int) -> int:
    journal = Journal(engine.store)
    head = await journal.head(simulation)
    found = [
        step
        for step in range(1, head.step + 1)
        if (entry := await journal.entry(simulation, step)).get("phase") == "snapshot"
        and entry["cycle"] == cycle
    ]
    return found[0]


columns = st.one_of(
    st.tuples(st.just("q"), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=3, max_size=3)),
    st.tuples(st.just("i"), st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3)),
    st.tuples(st.just("B"), st.lists(st.integers(0, 255), min_size=3, max_size=3)),
    st.tuples(st.just("d"), st.lists(st.floats(allow_nan=False), min_size=3, max_size=3)),
    st.tuples(st.just("s"), st.lists(st.text(), min_size=3, max_size=3)),
)


@given(st.dictionaries(st.text(max_size=5), columns, max_size=5))
def test_columns_come_back_as_they_were(table: dict) -> None:
    found = unpack_columns(pack_columns(table))
    assert {name: list(values) for name, values in found.items()} == {
        name: list(values) for name, (_, values) in table.items()
    }


@pytest.mark.parametrize(
    "table",
    [{"a": ("z", [1])}, {"a": ("q", [1]), "b": ("q", [1, 2])}],
)
def test_columns_that_make_no_table_are_refused(table: dict) -> None:
    with pytest.raises(InvalidInputError):
        pack_columns(table)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_bytes_that_are_no_table_are_corrupt(junk: bytes, cut: int) -> None:
    whole = pack_columns({"a": ("q", range(100)), "b": ("s", ["x"] * 100)})
    for data in (junk, whole[: min(cut, len(whole) - 1)]):
        with pytest.raises(StoreCorruptError):
            unpack_columns(data)


@pytest.mark.parametrize("wrong", [5, {"crowd": 5}, {"crowd": {"digest": "x"}}])
async def test_what_the_engine_keeps_in_metadata_is_checked_before_the_commit(
    store: MemoryStore, wrong: Any
) -> None:
    """Found out after the commit, it would be the failure of a phase that is committed."""

    class Meddling(Village):
        def before_phase(self, context: ScenarioContext) -> None:
            super().before_phase(context)
            context.state.metadata["packed"] = wrong

    target = engine_on(store, Meddling())
    await target.create(state())
    with pytest.raises(PhaseExecutionError, match=r"metadata\.packed"):
        await run(target, 2)
    head = await target.journal.head("sim")
    assert (head.cycles, head.status, head.step) == (1, "error", 9)
    assert (await target.get("sim")).metadata.get("packed") is None

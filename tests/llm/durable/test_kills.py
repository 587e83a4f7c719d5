"""A process may die at any commit: nothing is asked or paid twice, no limit is ever broken."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from _fake import FakeService
from _run import LIMITS, Killed, KillingStore, costs, expect, ledger, phase, poor, through_kills
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.llm import Budget
from scrai.store import DocumentStore, MemoryStore, SqliteStore

AMPLE = Budget(simulation=10**9, cycle=10**9, actor=10**9, batch="all", batch_limit=10**9)
COUNT = 7
TURNS = 9  # two of the seven need a repair


def service() -> FakeService:
    return FakeService(poor, waits=lambda slot: int(slot[-1]) % 4)


async def uninterrupted() -> tuple[int, int]:
    """Return what the phase costs when nobody dies, and in how many commits."""
    inner = MemoryStore()
    await inner.open()
    store = KillingStore(inner)
    expect(AMPLE, ["ann"])
    await phase(store, service(), AMPLE, COUNT, 4)
    return (await ledger(inner))["total"]["settled"], store.commits


async def check_books(store: DocumentStore, asked: FakeService, settled: int) -> None:
    """Hold the accounts and the cost records against what the server saw."""
    total = (await ledger(store))["total"]
    assert total["grants"] == {}
    assert total["settled"] == settled
    records = await costs(store)
    lost = [record for record in records if record["flag"] == "lost"]
    assert total["lost"] == sum(round(record["cost"] * 1e9) for record in lost) == 100 * len(lost)
    again = Counter(f"{record['slot']}/{record['turn']}" for record in lost)
    assert all(count <= 1 + again[call] for call, count in asked.asked.items())
    assert len(asked.asked) == TURNS
    paid = [record for record in records if record["flag"] != "lost"]
    assert len({record["call_id"] for record in paid}) == len(paid) == TURNS
    assert sum(round(record["cost"] * 1e9) for record in paid) == settled
    for collection, name in (("simulations/town/money", "actor~ann"), ("budgets", "all")):
        found = await store.get(collection, name)
        assert found is not None
        assert {key: found.value()[key] for key in ("settled", "lost", "grants")} == {
            key: total[key] for key in ("settled", "lost", "grants")
        }


def opened(kind: str, folder: Path) -> DocumentStore:
    return MemoryStore() if kind == "memory" else SqliteStore(folder / "run.db")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_killed_at_every_commit(kind: str, tmp_path: Path) -> None:
    settled, commits = await uninterrupted()
    assert settled == 40 * TURNS
    assert commits >= 5
    for at in range(1, commits + 1):
        for after in (False, True):
            folder = tmp_path / f"{at}-{after}"
            folder.mkdir()
            store = opened(kind, folder)
            await store.open()
            asked = service()
            deaths = await through_kills(store, asked, AMPLE, COUNT, 4, [(at, after)])
            assert deaths == 1
            await check_books(store, asked, settled)
            await store.close()


@settings(max_examples=60, deadline=None)
@given(
    kills=st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=6),
    waits=st.lists(st.integers(0, 5), min_size=COUNT, max_size=COUNT),
    in_flight=st.integers(1, 64),
)
def test_killed_again_and_again(
    kills: list[tuple[int, bool]], waits: list[int], in_flight: int
) -> None:
    async def run() -> None:
        expect(AMPLE, ["ann"])
        store = MemoryStore()
        await store.open()
        asked = FakeService(poor, waits=lambda slot: waits[int(slot[-1])])
        await through_kills(store, asked, AMPLE, COUNT, in_flight, kills)
        await check_books(store, asked, 40 * TURNS)

    asyncio.run(run())


@settings(max_examples=80, deadline=None)
@given(
    kills=st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=4),
    price=st.integers(0, 5),
    used=st.integers(0, 150),
    limits=st.tuples(*[st.none() | st.integers(0, 3000) for _ in range(4)]),
    in_flight=st.integers(1, 64),
    count=st.integers(1, 12),
)
def test_no_limit_is_ever_broken(
    kills: list[tuple[int, bool]],
    price: int,
    used: int,
    limits: tuple[Any, ...],
    in_flight: int,
    count: int,
) -> None:
    simulation, cycle, actor, shared = limits
    batch = None if shared is None else "all"
    budget = Budget(simulation, cycle, actor, batch=batch, batch_limit=shared)

    async def run() -> None:
        expect(budget, ["ann"])
        store = MemoryStore()
        await store.open()
        asked = FakeService(poor, price=price, used=used, waits=lambda slot: int(slot[-1]) % 3)
        await through_kills(store, asked, budget, count, in_flight, kills)
        total = (await ledger(store))["total"]
        assert total["grants"] == {}
        records = await costs(store)
        assert (
            sum(round(each["cost"] * 1e9) for each in records) == total["settled"] + total["lost"]
        )
        assert asked.most <= in_flight

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _no_limits() -> None:
    LIMITS.clear()


async def test_the_check_of_limits_bites() -> None:
    store = KillingStore(MemoryStore())
    await store.open()
    expect(AMPLE)
    LIMITS["ledger"] = 10
    with pytest.raises(AssertionError):
        await phase(store, service(), AMPLE, COUNT, 4)


async def test_a_kill_stops_the_process() -> None:
    inner = MemoryStore()
    await inner.open()
    with pytest.raises(Killed):
        await phase(KillingStore(inner, 2), service(), AMPLE, COUNT, 4)

"""A process may die at any commit: nothing is asked or paid twice, no limit is ever broken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from _fake import FakeService, prepare
from _run import (
    AMPLE,
    COUNT,
    LIMITS,
    TURNS,
    Killed,
    KillingStore,
    check_books,
    costs,
    expect,
    ledger,
    phase,
    poor,
    through_kills,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.errors import StoreTimeoutError
from scrai.llm import Budget
from scrai.store import DocumentStore, MemoryStore, SqliteStore


def service() -> FakeService:
    return FakeService(poor, waits=lambda slot: int(slot[-1]) % 4)


async def uninterrupted() -> tuple[int, int]:
    """Return what the phase costs when nobody dies, and in how many commits."""
    inner = MemoryStore()
    await prepare(inner)
    store = KillingStore(inner)
    expect(AMPLE, ["ann"])
    await phase(store, service(), AMPLE, COUNT, 4)
    return (await ledger(inner))["total"]["settled"], store.commits


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
            await prepare(store)
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
        await prepare(store)
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
        await prepare(store)
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
    await prepare(store)
    expect(AMPLE)
    LIMITS["ledger"] = 10
    with pytest.raises(AssertionError):
        await phase(store, service(), AMPLE, COUNT, 4)


async def test_a_kill_stops_the_process() -> None:
    inner = MemoryStore()
    await prepare(inner)
    with pytest.raises(Killed):
        await phase(KillingStore(inner, 2), service(), AMPLE, COUNT, 4)


class LosingStore(KillingStore):
    """A store whose reply to the n-th commit is lost, after (or before) it is applied."""

    async def commit(self, writes: Sequence[Any]) -> Any:
        try:
            return await super().commit(writes)
        except Killed:
            self._dead = False
            raise StoreTimeoutError("no answer") from None


@pytest.mark.parametrize("at", range(1, 7))
async def test_a_lost_reply_of_the_store_is_recognised(at: int) -> None:
    expect(AMPLE, ["ann"])
    store = MemoryStore()
    await prepare(store)
    asked = service()
    await phase(LosingStore(store, at, after=True), asked, AMPLE, COUNT, 4)
    assert set(asked.asked.values()) == {1}
    await check_books(store, asked, 40 * TURNS)


@pytest.mark.parametrize("at", range(1, 7))
async def test_a_commit_that_was_not_applied_stops_the_attempt(at: int) -> None:
    expect(AMPLE, ["ann"])
    store = MemoryStore()
    await prepare(store)
    asked = service()
    with pytest.raises(StoreTimeoutError):
        await phase(LosingStore(store, at), asked, AMPLE, COUNT, 4)
    await phase(KillingStore(store), asked, AMPLE, COUNT, 4)
    await check_books(store, asked, 40 * TURNS)

"""A simulation that is deleted stays deleted, wherever a worker that calls models is just then."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from _fake import FakeService, asks
from _meddling import BUDGET, SITE, Meddling, check_nothing_is_left, remove, work

from scrai.data import SIMULATIONS, ledger_write
from scrai.engine import PhaseEngine
from scrai.errors import StepConflictError
from scrai.llm import Calls, _recovery, recover
from scrai.llm._ledger import Ledger
from scrai.models import SimulationState
from scrai.store import DocumentStore, MemoryStore, SqliteStore, delete


@pytest.fixture(params=["memory", "sqlite"])
async def made(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    names = iter(range(1000))

    async def store(*, old: bool, begun: bool) -> DocumentStore:
        kind: Any = (
            MemoryStore()
            if request.param == "memory"
            else SqliteStore(tmp_path / f"{next(names)}.db")
        )
        await kind.open()
        await PhaseEngine(kind).create(SimulationState(id="town", name="Town"))
        if old:  # simulations of older versions have no ledger until they spend
            await kind.commit([delete("simulations/town/money", "ledger")])
        if begun:
            await Calls(kind, "town", SITE, FakeService(), BUDGET).ask_all(asks(1, actor_id="ann"))
        stores.append(kind)
        return kind

    stores: list[Any] = []
    yield store
    for each in stores:
        await each.close()


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("begun", [False, True])
async def test_deleted_at_any_moment_of_a_workers_first_calls(
    made: Any, old: bool, begun: bool
) -> None:
    for at in range(1, 100):
        store = await made(old=old, begun=begun)
        meddling = Meddling(store, at, lambda store=store: remove(store))
        await work(meddling)
        if meddling.count < at:
            assert at > 4, "so many operations a worker has"
            return
        await check_nothing_is_left(store, at)
    raise AssertionError("a worker has no end")


@pytest.mark.parametrize("old", [False, True])
async def test_a_worker_makes_its_first_calls_at_any_moment_of_a_deletion(
    made: Any, old: bool
) -> None:
    for at in range(1, 200):
        store = await made(old=old, begun=False)
        meddling = Meddling(store, at, lambda store=store: work(store))
        await remove(meddling)
        if meddling.count < at:
            assert at > 10, "so many operations a deletion has"
            return
        await check_nothing_is_left(store, at)
    raise AssertionError("a deletion has no end")


async def test_a_dead_workers_calls_are_put_right_or_go_with_the_simulation(
    made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_recovery, "_CHUNK_WRITES", 1)
    for at in range(1, 100):
        store = await made(old=False, begun=False)
        await Calls(store, "town", SITE, FakeService(), BUDGET).ask_all(asks(3))
        meddling = Meddling(store, at, lambda store=store: remove(store))
        with suppress(StepConflictError):
            await recover(meddling, "town")
        if meddling.count < at:
            assert at > 4, "so many operations it has"
            return
        await check_nothing_is_left(store, at)
    raise AssertionError("it has no end")


async def test_an_old_simulation_gets_its_ledger_when_it_first_spends(made: Any) -> None:
    store = await made(old=True, begun=True)
    ledger = await store.get("simulations/town/money", "ledger")
    assert sum(ledger.value()["total"]["grants"].values()) == 100


async def test_without_a_simulation_nothing_is_asked(made: Any) -> None:
    store = await made(old=False, begun=False)
    service = FakeService()
    calls = Calls(store, "nowhere", SITE, service)
    with pytest.raises(StepConflictError, match="was deleted: simulations/nowhere"):
        await calls.ask_all(asks(1))
    assert not service.asked
    assert await store.subcollections(SIMULATIONS, "nowhere") == []


def test_a_new_simulations_ledger_is_an_empty_one() -> None:
    write = ledger_write("town")
    assert write.path == "simulations/town/money/ledger"
    assert dict(write.payload) == Ledger().value()  # type: ignore[arg-type]

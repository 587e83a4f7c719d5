"""On the Firestore emulator: the same records, the same money, and what is deleted stays so."""

from __future__ import annotations

import pytest
from _fake import FakeService, prepare
from _meddling import Meddling, check_nothing_is_left, remove, work
from _run import AMPLE, COUNT, TURNS, check_books, expect, poor, through_kills

from scrai.engine import PhaseEngine
from scrai.models import SimulationState
from scrai.store import FirestoreStore
from scrai.store.emulator import Emulator


@pytest.mark.emulator
async def test_killed_and_resumed_on_firestore(emulator: Emulator, project: str) -> None:
    expect(AMPLE, ["ann"])
    store = FirestoreStore(project, emulator_host=emulator.host)
    await prepare(store)
    asked = FakeService(poor, waits=lambda slot: int(slot[-1]) % 4)
    kills = [(1, True), (2, False), (4, True)]
    assert await through_kills(store, asked, AMPLE, COUNT, 4, kills) == len(kills)
    await check_books(store, asked, 40 * TURNS)
    await store.close()


@pytest.mark.emulator
async def test_deleted_around_a_workers_first_calls_on_firestore(
    emulator: Emulator, project: str
) -> None:
    store = FirestoreStore(project, emulator_host=emulator.host)
    await store.open()
    for first, second in ((work, remove), (remove, work)):
        for at in range(1, 7):
            await PhaseEngine(store).create(SimulationState(id="town", name="Town"))
            meddling = Meddling(store, at, lambda second=second: second(store))
            await first(meddling)
            assert meddling.count >= at
            await check_nothing_is_left(store, (first.__name__, at))
    await store.close()

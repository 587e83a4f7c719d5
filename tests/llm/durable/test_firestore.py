"""One run on the Firestore emulator: the same records, the same money."""

from __future__ import annotations

import pytest
from _fake import FakeService
from _run import AMPLE, COUNT, TURNS, check_books, expect, poor, through_kills

from scrai.store import FirestoreStore
from scrai.store.emulator import Emulator


@pytest.mark.emulator
async def test_killed_and_resumed_on_firestore(emulator: Emulator, project: str) -> None:
    expect(AMPLE, ["ann"])
    store = FirestoreStore(project, emulator_host=emulator.host)
    await store.open()
    asked = FakeService(poor, waits=lambda slot: int(slot[-1]) % 4)
    kills = [(1, True), (2, False), (4, True)]
    assert await through_kills(store, asked, AMPLE, COUNT, 4, kills) == len(kills)
    await check_books(store, asked, 40 * TURNS)
    await store.close()

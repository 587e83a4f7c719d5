"""Ask, record, serve, settle."""

from __future__ import annotations

from typing import Any

import pytest
from _fake import FakeService, asks, everything, prepare, said

from scrai.errors import ConfigurationError, InvalidInputError, PhaseEngineError
from scrai.llm import FailureKind
from scrai.llm._budget import Budget
from scrai.llm._calls import Calls
from scrai.llm._sites import CallSite
from scrai.store import DocumentStore, MemoryStore

SITE = CallSite(1, "event_generation", 0, seed=7, step=3)
MONEY = "simulations/town/money"


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made)
    return made


async def settled(store: DocumentStore, calls: Calls) -> Any:
    found = await calls.settlement()
    await store.commit(found.writes)
    return found


async def ledger(store: DocumentStore) -> dict[str, Any]:
    document = await store.get(MONEY, "ledger")
    assert document is not None
    return document.value()


async def test_a_call_is_recorded_served_again_and_settled(store: DocumentStore) -> None:
    service = FakeService()
    calls = Calls(store, "town", SITE, service, Budget(simulation=10_000))
    replies = await calls.ask_all(asks(5))
    assert [reply.value for reply in replies] == [f"reply to slot-000{n}" for n in range(5)]
    before = await ledger(store)
    assert list(before["total"]["grants"].values()) == [500]

    again = Calls(store, "town", SITE, service, Budget(simulation=10_000))
    assert await again.ask_all(asks(5)) == replies
    assert set(service.asked.values()) == {1}
    found = await settled(store, again)
    assert [record.cost for record in found.costs] == [40e-9] * 5
    assert [record.slot for record in found.costs] == [f"slot-000{n}" for n in range(5)]
    after = await ledger(store)
    assert after["total"]["settled"] == 200
    assert after["total"]["grants"] == {} == after["details"]


async def test_nothing_is_read_or_written_before_the_first_ask() -> None:
    calls = Calls(MemoryStore(), "town", SITE, FakeService())  # the store is not even open
    assert await calls.ask_all([]) == []
    found = await calls.settlement()
    assert (found.writes, found.costs, found.notes) == ([], [], [])


async def test_calls_that_do_not_fit_meet_the_wall_in_slot_order(store: DocumentStore) -> None:
    service = FakeService()
    calls = Calls(store, "town", SITE, service, Budget(simulation=350))
    replies = await calls.ask_all(asks(5)[::-1])
    kinds = [reply.failure.kind if reply.failure else None for reply in replies]
    assert kinds == [FailureKind.BUDGET, FailureKind.BUDGET, None, None, None]
    assert sorted(service.order) == ["slot-0000", "slot-0001", "slot-0002"]
    found = await settled(store, calls)
    assert any("calls not made: 2 (slot-0003, slot-0004)" in note for note in found.notes)
    assert len(await everything(store, "simulations/town/calls")) == 5
    # The refusal is an outcome of its own: a new attempt of the same try is served it.
    more = Calls(store, "town", SITE, service, Budget(simulation=100_000))
    again = await more.ask_all(asks(5)[::-1])
    assert [reply.failure for reply in again] == [reply.failure for reply in replies]


async def test_what_was_not_needed_is_there_for_the_next_batch(store: DocumentStore) -> None:
    calls = Calls(store, "town", SITE, FakeService(), Budget(simulation=200))
    assert all(reply.ok for reply in await calls.ask_all(asks(2)))
    # 80 are spent; 120 are left, enough for one more at its worst case of 100.
    replies = await calls.ask_all(asks(4)[2:])
    assert [reply.ok for reply in replies] == [True, False]
    await settled(store, calls)
    assert (await ledger(store))["total"]["settled"] == 120


async def test_an_unknown_price_under_a_limit_is_refused_before_anything_is_sent(
    store: DocumentStore,
) -> None:
    service = FakeService(price=None)
    with pytest.raises(ConfigurationError, match="no price is known"):
        await Calls(store, "town", SITE, service, Budget(cycle=1)).ask_all(asks(1))
    assert not service.asked
    free = Calls(store, "town", SITE, service)
    assert (await free.ask_all(asks(1)))[0].ok
    assert (await settled(store, free)).costs[0].cost is None


async def test_a_slot_asks_one_thing_once(store: DocumentStore) -> None:
    calls = Calls(store, "town", SITE, FakeService())
    with pytest.raises(InvalidInputError, match="slot-0000"):
        await calls.ask_all(asks(1) * 2)
    await calls.settlement()
    with pytest.raises(PhaseEngineError):
        await calls.ask_all(asks(1))


async def test_usage_beyond_the_reservation_is_booked_up_to_it(store: DocumentStore) -> None:
    service = FakeService(lambda request, key: said("much", 170))
    calls = Calls(store, "town", SITE, service, Budget(simulation=100))
    await calls.ask_all(asks(1))
    found = await settled(store, calls)
    assert [(record.cost, record.flag) for record in found.costs] == [(100e-9, "overrun")]
    assert (await ledger(store))["total"]["settled"] == 100

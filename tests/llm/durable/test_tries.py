"""Tries of a phase: what is served again, what is asked again, and what a replay sees."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from _fake import FakeService, asks, prepare, said
from pydantic import BaseModel

from scrai.errors import StepConflictError
from scrai.llm import (
    Ask,
    Budget,
    Calls,
    CallSite,
    FailureKind,
    LLMMessage,
    LLMOutcome,
    ReplayedCalls,
    Structured,
)
from scrai.store import DocumentStore, MemoryStore, Query

SITE = CallSite(1, "world_update", 2, attempt=4, seed=7, step=3)


class Choice(BaseModel):
    pick: int


CHOICE: Structured[Choice] = Structured(Choice, max_repairs=1)
ONE = [Ask("only", [LLMMessage("user", "choose")], CHOICE)]


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made)
    return made


async def attempt(
    store: DocumentStore,
    service: FakeService,
    number: int,
    some: list[Ask],
    *,
    condemn: bool = False,
) -> Any:
    calls = Calls(store, "town", replace(SITE, attempt=number), service)
    replies = await calls.ask_all(some)
    if condemn:
        await calls.condemn()
    found = await calls.settlement()
    await store.commit(found.writes)
    return replies, found.costs


async def test_a_later_try_is_served_what_succeeded_and_asks_again_what_failed(
    store: DocumentStore,
) -> None:
    down = LLMOutcome.failed(FailureKind.UNAVAILABLE, "down", provider="fake", model="m")
    first = FakeService(lambda request, key: down if key.slot == "slot-0001" else "fine")
    replies, costs = await attempt(store, first, 4, asks(3))
    assert [reply.ok for reply in replies] == [True, False, True]
    assert [cost.flag for cost in costs] == [None, "unavailable", None]

    second = FakeService()
    replies, costs = await attempt(store, second, 5, asks(3))
    assert second.order == ["slot-0001"]
    assert [reply.value for reply in replies] == ["fine", "reply to slot-0001", "fine"]
    assert [cost.slot for cost in costs] == ["slot-0001"], "what was paid for is not paid again"


async def test_a_logical_call_that_failed_after_its_repairs_is_asked_anew(
    store: DocumentStore,
) -> None:
    poison = FakeService(lambda request, key: "nonsense")
    (reply,), _ = await attempt(store, poison, 4, ONE)
    assert reply.failure.kind is FailureKind.MALFORMED
    assert dict(poison.asked) == {"only/0": 1, "only/1": 1}
    same = FakeService()
    (again,), _ = await attempt(store, same, 4, ONE)
    assert not same.asked, "the same try sees what it saw"
    assert again == reply
    good = FakeService(lambda request, key: '{"pick": 3}')
    (reply,), _ = await attempt(store, good, 5, ONE)
    assert reply.value == Choice(pick=3)
    assert dict(good.asked) == {"only/0": 1}


async def test_condemned_replies_are_not_served_to_later_tries(store: DocumentStore) -> None:
    await attempt(store, FakeService(lambda request, key: "poison"), 4, asks(2), condemn=True)
    service = FakeService()
    replies, _ = await attempt(store, service, 5, asks(2))
    assert [reply.value for reply in replies] == ["reply to slot-0000", "reply to slot-0001"]
    third = FakeService()
    assert (await attempt(store, third, 6, asks(2)))[0] == replies
    assert not third.asked
    # Another pass is not concerned.
    calls = Calls(store, "town", replace(SITE, passes=3, attempt=6), third)
    await calls.ask_all(asks(2))
    assert len(third.asked) == 2


async def test_a_condemnation_is_dropped_with_the_commit_that_was_to_bring_it(
    store: DocumentStore,
) -> None:
    calls = Calls(store, "town", SITE, FakeService(lambda request, key: "poison"))
    await calls.ask_all(asks(1))
    await calls.condemn()
    await calls.settlement()  # the process dies here: the same try runs again
    service = FakeService()
    replies, _ = await attempt(store, service, 4, asks(1), condemn=True)
    assert replies[0].value == "poison"
    assert not service.asked


async def test_a_repair_turn_after_a_crash_goes_on_where_the_records_end(
    store: DocumentStore,
) -> None:
    class DownError(Exception):
        pass

    def answer(request: Any, key: Any) -> str:
        if key.turn == 1:
            raise DownError
        return "nonsense"

    calls = Calls(store, "town", SITE, FakeService(answer), Budget(simulation=250))
    with pytest.raises(DownError):
        await calls.ask_all(ONE)
    service = FakeService(lambda request, key: '{"pick": 1}')
    again = Calls(store, "town", SITE, service, Budget(simulation=250))
    (reply,) = await again.ask_all(ONE)
    # 40 for the first turn, 100 lost, and 100 more fit into 250.
    assert reply.value == Choice(pick=1)
    assert dict(service.asked) == {"only/1": 1}
    found = await again.settlement()
    assert [(cost.slot, cost.turn, cost.cost) for cost in found.costs] == [
        ("only", 0, 40e-9),
        ("only", 1, 40e-9),
    ]


async def test_a_replay_sees_what_the_committed_try_saw(store: DocumentStore) -> None:
    await attempt(store, FakeService(lambda r, k: "poison"), 4, asks(2), condemn=True)
    replies, _ = await attempt(store, FakeService(), 5, asks(2))
    calls = ReplayedCalls(store, "town", replace(SITE, attempt=6))
    assert await calls.ask_all(asks(2)) == replies
    assert calls.unrecorded == []
    missing = await calls.ask(Ask("other", [LLMMessage("user", "?")]))
    assert missing.failure.kind is FailureKind.UNRECORDED
    assert calls.unrecorded == ["other"]
    assert (await calls.settlement()).writes == []
    early = ReplayedCalls(store, "town", replace(SITE, attempt=4))
    assert (await early.ask(asks(1)[0])).value == "poison"


async def test_a_zombie_stops_and_its_request_is_lost(store: DocumentStore) -> None:
    zombie: list[Calls] = []

    async def taken_over() -> Any:
        calls = Calls(store, "town", SITE, FakeService(), Budget(simulation=10_000))
        replies = await calls.ask_all(asks(1))
        found = await calls.settlement()
        await store.commit(found.writes)
        return replies

    class Slow(FakeService):
        async def send(self, request: Any, **rest: Any) -> LLMOutcome:
            self.late = await taken_over()
            return said("too late")

    slow = Slow()
    zombie.append(Calls(store, "town", SITE, slow, Budget(simulation=10_000)))
    with pytest.raises(StepConflictError):
        await zombie[0].ask_all(asks(1))
    assert slow.late[0].value == "reply to slot-0000"
    document = await store.get("simulations/town/money", "ledger")
    total = document.value()["total"]
    assert (total["settled"], total["lost"], total["grants"]) == (40, 100, {})
    with pytest.raises(StepConflictError):
        await zombie[0].settlement()


async def test_a_zombie_takes_no_more_money(store: DocumentStore) -> None:
    zombie = Calls(store, "town", SITE, FakeService(), Budget(simulation=10_000))
    await zombie.ask_all(asks(1))
    heir = Calls(store, "town", SITE, FakeService(), Budget(simulation=10_000))
    await heir.ask_all(asks(1))
    await store.commit((await heir.settlement()).writes)
    with pytest.raises(StepConflictError):
        await zombie.ask_all(asks(3)[1:])
    document = await store.get("simulations/town/money", "ledger")
    assert document.value()["total"]["grants"] == {}
    assert document.value()["total"]["settled"] == 40


async def test_a_worker_that_lost_its_lease_sends_nothing(store: DocumentStore) -> None:
    def gone() -> None:
        raise StepConflictError("the lease is gone")

    service = FakeService()
    calls = Calls(store, "town", SITE, service, check=gone)
    with pytest.raises(StepConflictError):
        await calls.ask_all(asks(2))
    assert not service.asked
    assert await store.count(Query("simulations/town/calls")) == 0


async def test_of_two_workers_that_begin_at_once_one_asks(store: DocumentStore) -> None:
    service = FakeService(waits=lambda slot: 3)

    async def work() -> Any:
        calls = Calls(store, "town", SITE, service, Budget(simulation=10_000))
        await calls.ask_all(asks(4))
        await store.commit((await calls.settlement()).writes)

    results = await asyncio.gather(work(), work(), return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["NoneType", "StepConflictError"]
    assert set(service.asked.values()) == {1}
    document = await store.get("simulations/town/money", "ledger")
    total = document.value()["total"]
    assert (total["settled"], total["lost"], total["grants"]) == (160, 0, {})

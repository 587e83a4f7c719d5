"""Limits: which calls they stop, whom they concern, when they warn, what comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from _fake import FakeService, asks, prepare, said
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.errors import ConfigurationError
from scrai.llm import Ask, Budget, Calls, CallSite, FailureKind, nano, usd
from scrai.store import DocumentStore, MemoryStore

SITE = CallSite(1, "action_collection", 0, seed=7, step=3)


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made, "one", "two", "three", "four")
    return made


async def phase(
    store: DocumentStore,
    budget: Budget,
    some: list[Ask],
    *,
    name: str = "town",
    site: CallSite = SITE,
    service: FakeService | None = None,
) -> tuple[list[str], list[str]]:
    """Run a phase; return the slots that met a limit, and the notes."""
    calls = Calls(store, name, site, service or FakeService(), budget)
    replies = await calls.ask_all(some)
    found = await calls.settlement()
    await store.commit(found.writes)
    refused = [ask.slot for ask, reply in zip(some, replies, strict=True) if not reply.ok]
    kinds = {reply.failure.kind for reply in replies if reply.failure}
    assert kinds <= {FailureKind.BUDGET}
    return refused, found.notes


@settings(max_examples=60, deadline=None)
@given(
    waits=st.lists(st.integers(0, 9), min_size=12, max_size=12),
    in_flight=st.integers(1, 64),
    limit=st.integers(0, 1500),
    used=st.integers(0, 100),
    order=st.permutations(range(12)),
)
def test_which_calls_meet_the_wall_does_not_depend_on_speed(
    waits: list[int], in_flight: int, limit: int, used: int, order: list[int]
) -> None:
    def expected() -> set[int]:
        left, refused = limit, set()
        for batch in (range(6), range(6, 12)):
            held = 0
            for number in batch:
                if held + 100 <= left:
                    held += 100
                else:
                    refused.add(number)
            left -= held // 100 * used
        return refused

    async def run() -> set[int]:
        store = MemoryStore()
        await prepare(store)
        service = FakeService(used=used, waits=lambda slot: waits[int(slot[-2:])])
        budget = Budget(simulation=limit)
        calls = Calls(store, "town", SITE, service, budget, in_flight=in_flight)
        some = asks(12)
        refused = set()
        for numbers in (range(6), range(6, 12)):
            mixed = [number for number in order if number in numbers]
            replies = await calls.ask_all([some[number] for number in mixed])
            refused |= {n for n, reply in zip(mixed, replies, strict=True) if not reply.ok}
        return refused

    assert asyncio.run(run()) == expected()


async def test_a_cycle_has_its_own_limit(store: DocumentStore) -> None:
    budget = Budget(cycle=250)
    assert (await phase(store, budget, asks(3)))[0] == ["slot-0002"]
    later = replace(SITE, phase="world_update")
    assert (await phase(store, budget, asks(2), site=later))[0] == ["slot-0001"]
    assert (await phase(store, budget, asks(2), site=replace(SITE, cycle=2)))[0] == []
    document = await store.get("simulations/town/money", "ledger")
    value = document.value()
    assert value["total"]["settled"] == 200
    assert (value["cycle"], value["of_cycle"]["settled"]) == (2, 80)


async def test_an_actor_who_is_out_of_money_stops_nobody_else(store: DocumentStore) -> None:
    budget = Budget(simulation=10_000, actor=150, actors={"rich": 1000})
    some = [
        replace(ask, actor_id=who)
        for ask, who in zip(asks(6), ["poor", "poor", "rich", "rich", "poor", None], strict=True)
    ]
    assert (await phase(store, budget, some))[0] == ["slot-0001", "slot-0004"]
    again = replace(SITE, phase="world_update")
    assert (await phase(store, budget, some, site=again))[0] == ["slot-0001", "slot-0004"]
    third = replace(SITE, phase="snapshot")
    assert (await phase(store, budget, some, site=third))[0] == [
        "slot-0000",
        "slot-0001",
        "slot-0004",
    ]
    document = await store.get("simulations/town/money", "actor~poor")
    assert document.value()["settled"] == 80
    assert await store.get("simulations/town/money", "actor~None") is None


async def test_simulations_share_a_batch_budget(store: DocumentStore) -> None:
    budget = Budget(batch="sweep", batch_limit=300)
    first = Calls(store, "one", SITE, FakeService(), budget)
    assert all(reply.ok for reply in await first.ask_all(asks(2)))
    # Open grants count: of 300 only 100 are left until the first one settles.
    assert (await phase(store, budget, asks(3), name="two"))[0] == ["slot-0001", "slot-0002"]
    stale = await first.settlement()
    assert (await phase(store, budget, asks(3), name="three"))[0] == [
        "slot-0000",
        "slot-0001",
        "slot-0002",
    ]
    await store.commit((await first.settlement()).writes)
    assert (await phase(store, budget, asks(2), name="four"))[0] == ["slot-0001"]
    assert stale.costs


async def test_a_settlement_that_a_rival_overtook_says_so(store: DocumentStore) -> None:
    from scrai.errors import ConflictError

    budget = Budget(batch="sweep", batch_limit=3000)
    calls = Calls(store, "one", SITE, FakeService(), budget)
    await calls.ask_all(asks(2))
    found = await calls.settlement()
    await phase(store, budget, asks(1), name="two")
    with pytest.raises(ConflictError) as caught:
        await store.commit(found.writes)
    assert found.is_stale(caught.value)
    fresh = await calls.settlement()
    await store.commit(fresh.writes)
    document = await store.get("budgets", "sweep")
    assert (document.value()["settled"], document.value()["grants"]) == (120, {})
    assert fresh.costs == found.costs


async def test_the_warning_comes_once_for_each_limit(store: DocumentStore) -> None:
    budget = Budget(simulation=250)
    phases = iter("abcdefgh")

    async def notes(limit: Budget) -> list[str]:
        site = replace(SITE, phase="snapshot", passes=ord(next(phases)))
        found = await phase(store, limit, asks(1), site=site)
        return [note for note in found[1] if "%" in note]

    service = [await notes(budget) for _ in range(4)]
    assert service == [[], [], [], []], "160 of 250 is 64 %"
    assert await notes(Budget(simulation=260)) == []
    wider = Budget(simulation=300)
    assert await notes(wider) == ["budget: 80 % of the 0.0000003 USD of the simulation is used"]
    assert await notes(wider) == []


async def test_cut_off_calls_are_lost_and_the_rest_of_the_phase_goes_on(
    store: DocumentStore,
) -> None:
    service = FakeService(waits=lambda slot: 10**9 if slot == "slot-0001" else 0)
    calls = Calls(store, "town", SITE, service, Budget(simulation=400))
    first = asyncio.create_task(calls.ask_all(asks(2)))
    while len(service.order) < 2:  # noqa: ASYNC110 - the fake counts turns of the loop
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert service.now == 0
    # 40 are spent, 100 may be: 260 are left for two more.
    replies = await calls.ask_all(asks(6)[2:])
    assert [reply.ok for reply in replies] == [True, True, False, False]
    found = await calls.settlement()
    again = await calls.settlement()
    assert again.notes == found.notes
    assert any("calls cut off: 1, booked as lost: 0.0000001 USD" in note for note in found.notes)
    await store.commit(again.writes)
    document = await store.get("simulations/town/money", "ledger")
    total = document.value()["total"]
    assert (total["settled"], total["lost"], total["grants"]) == (120, 100, {})
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


async def test_a_repair_may_cost_what_was_reserved_for_it(store: DocumentStore) -> None:
    from scrai.llm import Structured

    service = FakeService(lambda r, k: said("junk", 90) if k.turn < 2 else '{"value": 5}')
    ask = replace(asks(1)[0], structured=Structured(int, max_repairs=2))
    assert (await phase(store, Budget(simulation=299), [ask]))[0] == ["slot-0000"]
    calls = Calls(store, "other", SITE, service, Budget(simulation=300))
    assert (await calls.ask(ask)).value == 5
    assert [cost.turn for cost in (await calls.settlement()).costs] == [0, 1, 2]


def test_amounts() -> None:
    assert nano(0.1) == 100_000_000
    assert nano("0.0000000019") == 1
    assert usd(1_500_000_000) == 1.5
    for wrong in ("x", -1, float("nan"), float("inf"), 10**8):
        with pytest.raises(ConfigurationError):
            nano(wrong)
    with pytest.raises(ConfigurationError, match="batch"):
        Budget(batch="b")
    with pytest.raises(ConfigurationError, match=r"actors\[ann\]"):
        Budget(actors={"ann": -1})


async def test_money_of_ended_calls_is_not_spent_while_others_are_in_flight(
    store: DocumentStore,
) -> None:
    stopped = asyncio.Event()

    class Server(FakeService):
        async def send(self, request: Any, *, key: Any = None, **rest: Any) -> Any:
            if key.slot == "slot-0001":
                await stopped.wait()
            return await super().send(request, key=key)

    calls = Calls(store, "town", SITE, Server(), Budget(simulation=400))
    some = asks(6)
    first = asyncio.create_task(calls.ask_all(some[:3]))
    while len(calls._paid) < 2:  # noqa: ASYNC110 - what the store knows, not the server
        await asyncio.sleep(0)
    # 80 of 300 are spent and one call is in flight: 100 have never been reserved.
    assert (await calls.ask(some[3])).ok
    assert not (await calls.ask(some[4])).ok
    stopped.set()
    assert all(reply.ok for reply in await first)
    assert (await calls.ask(some[5])).ok, "now 400 - 160 are left"
    await store.commit((await calls.settlement()).writes)
    document = await store.get("simulations/town/money", "ledger")
    assert document.value()["total"]["settled"] == 200


async def test_a_reservation_that_was_cancelled_holds_up_nobody(store: DocumentStore) -> None:
    begun, going = asyncio.Event(), asyncio.Event()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def commit(self, writes: Any) -> Any:
            begun.set()
            await going.wait()
            return await store.commit(writes)

    service = FakeService()
    calls = Calls(Slow(), "town", SITE, service, Budget(simulation=600), in_flight=2)  # type: ignore[arg-type]
    first = asyncio.create_task(calls.ask_all(asks(3)))
    await begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    going.set()
    replies = await calls.ask_all(asks(6)[3:])
    assert all(reply.ok for reply in replies)
    assert len(service.asked) == 3
    await store.commit((await calls.settlement()).writes)
    document = await store.get("simulations/town/money", "ledger")
    total = document.value()["total"]
    # Two of the first three had been recorded as requested; nobody can say that they were not sent.
    assert (total["settled"], total["lost"], total["grants"]) == (120, 200, {})

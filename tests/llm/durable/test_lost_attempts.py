"""Attempts that may have been worked on in vain: booked as lost, and reserved before the next."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from _billing import FAULTS, FREE, LOST, RATES, WORST, Billing, total_of
from _fake import asks, prepare
from _run import PATH, SITE, Choice, Killed, KillingStore, costs, expect, ledger
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scrai.llm import (
    Ask,
    Budget,
    Calls,
    FailureKind,
    LLMOutcome,
    LLMService,
    Settlement,
    Structured,
    costs_of,
    recover,
)
from scrai.store import DocumentStore, MemoryStore, create


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made)
    return made


def first_fails(fault: str, times: int = 1) -> Any:
    """Let the first attempts of every turn fail."""
    return lambda slot, number: fault if number < times else None


async def phase(
    store: DocumentStore, service: LLMService, budget: Budget, some: list[Ask], in_flight: int = 8
) -> tuple[list[Any], Settlement]:
    """Run the phase and commit it."""
    calls = Calls(store, "town", SITE, service, budget, in_flight=in_flight)
    replies = await calls.ask_all(some)
    found = await calls.settlement()
    marker = create(f"{PATH}/steps", "0000000009", {"commit_id": "c"}, {"step": 9})
    rows = [
        create(f"{PATH}/costs", f"9-{number:05d}", cost.model_dump(mode="json"), {"step": 9})
        for number, cost in enumerate(found.costs)
    ]
    await store.commit([marker, *found.writes, *rows])
    return replies, found


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_may_have_been_worked_on_is_lost_and_what_was_not_is_free(
    store: DocumentStore, fault: str
) -> None:
    billing = Billing(first_fails(fault))
    billing.watch = store
    replies, found = await phase(store, billing.service("one"), Budget(simulation=10_000), asks(1))
    lost = WORST if fault in LOST else 0
    again = fault != "flood"  # a reply that is too long is the model's, and not asked for again
    assert replies[0].ok is again
    assert total_of(await ledger(store)) == (40 * again, lost, {})
    assert billing.billed == 40 * again + lost
    rows = [(row.flag, row.attempts, row.cost) for row in found.costs]
    own = (None if again else "too_large", 1 if lost and again else 2 * again, 40e-9 * again)
    assert rows == [own, *([("lost", 1, WORST / 1e9)] if lost else [])]
    report = await costs_of(store, "town")
    assert (report.total.calls, report.total.attempts) == (1, sum(billing.asked.values()))
    assert (report.total.cost, report.total.lost) == (report.settled, report.lost)


async def test_another_attempt_is_sent_only_if_its_worst_case_can_be_reserved(
    store: DocumentStore,
) -> None:
    for limit, sent in ((WORST, 1), (2 * WORST - 1, 1), (2 * WORST, 2), (3 * WORST, 3)):
        store = MemoryStore()
        await prepare(store)
        billing = Billing(first_fails("late", 9))
        billing.watch, billing.limit = store, limit
        replies, found = await phase(
            store, billing.service("one"), Budget(simulation=limit), asks(1)
        )
        assert billing.asked[0] == sent
        assert replies[0].failure.kind is FailureKind.BUDGET
        assert "no whole answer" in replies[0].failure.message
        assert "0.000000512 USD" in replies[0].failure.message
        assert total_of(await ledger(store)) == (0, sent * WORST, {})
        assert "budget: calls not tried again: 1 (slot-0000)" in found.notes
        assert any(
            note.startswith(f"attempts that may have been worked on in vain: {sent}, booked")
            for note in found.notes
        )
        calls = await recorded(store)
        assert [call.failure.kind for call in calls if call.failure] == [FailureKind.BUDGET]


async def recorded(store: DocumentStore) -> list[LLMOutcome]:
    from scrai.llm import export_cassette

    lines = [line async for line in export_cassette(store, "town")]
    return [LLMOutcome.from_json(json.loads(line)["outcome"]) for line in lines[1:]]


async def test_what_a_call_may_cost_again_is_taken_from_what_others_did_not_need(
    store: DocumentStore,
) -> None:
    billing = Billing(lambda slot, number: "late" if slot == 1 and number == 0 else None)
    calls = Calls(store, "town", SITE, billing.service("one"), Budget(simulation=3 * WORST))
    assert (await calls.ask(asks(1)[0])).ok
    # 40 are spent, and what is left of the grant does for a call and its second attempt.
    assert (await calls.ask(asks(2)[1])).ok
    assert (await ledger(store))["total"]["grants"].popitem()[1] == 40 + 2 * WORST


@pytest.mark.parametrize("fault", FREE)
async def test_failures_that_are_free_take_no_money(store: DocumentStore, fault: str) -> None:
    service = Billing(first_fails(fault, 3)).service("one")
    replies, found = await phase(store, service, Budget(simulation=5 * WORST), asks(5))
    assert all(reply.ok for reply in replies)
    assert total_of(await ledger(store)) == (200, 0, {})
    assert {row.attempts for row in found.costs} == {4}
    assert found.notes == []


async def test_a_chain_reserves_the_worst_case_of_the_provider_in_turn(
    store: DocumentStore,
) -> None:
    billing = Billing(lambda slot, number: "late" if number == 0 else None)
    service = billing.service("one", "two", retries=0)
    assert service.worst_case(asks(1)[0].request()) == 3 * WORST
    # The chain's worst case is that of `two`. With what was lost on `one` it takes a fourth share.
    replies, _ = await phase(store, service, Budget(simulation=4 * WORST), asks(1))
    assert replies[0].ok
    assert billing.hosts == ["one", "two"]
    assert total_of(await ledger(store)) == (3 * 40, WORST, {})
    report = await costs_of(store, "town")
    assert {name: total.lost for name, total in report.by_model.items()} == {
        "one/m": WORST,
        "two/m": 0,
    }
    billing.hosts.clear()
    billing.asked.clear()
    other = MemoryStore()
    await prepare(other)
    replies, _ = await phase(other, service, Budget(simulation=4 * WORST - 1), asks(1))
    assert replies[0].failure.kind is FailureKind.BUDGET
    assert billing.hosts == ["one"]
    assert total_of(await ledger(other)) == (0, WORST, {})


async def test_a_cheaper_provider_in_turn_needs_no_more_than_was_reserved(
    store: DocumentStore,
) -> None:
    billing = Billing(first_fails("late"))
    dear_first = billing.service("two", "one", retries=0)
    replies, _ = await phase(store, dear_first, Budget(simulation=4 * WORST), asks(1))
    assert replies[0].ok
    assert total_of(await ledger(store)) == (40, 3 * WORST, {})


async def test_a_call_that_is_cut_off_in_its_second_attempt_loses_both(
    store: DocumentStore,
) -> None:
    hanging = asyncio.Event()

    def fault(slot: int, number: int) -> str | None:
        if number == 1:
            hanging.set()
            raise asyncio.CancelledError  # what its task would be told
        return "late"

    billing = Billing(fault)
    calls = Calls(store, "town", SITE, billing.service("one"), Budget(simulation=10_000))
    with pytest.raises(asyncio.CancelledError):
        await calls.ask(asks(1)[0])
    assert hanging.is_set()
    found = await calls.settlement()
    await store.commit(found.writes)
    assert total_of(await ledger(store)) == (0, 2 * WORST, {})


async def test_money_that_is_allowed_to_a_call_that_was_cut_off_is_not_given_away(
    store: DocumentStore,
) -> None:
    begun, going = asyncio.Event(), asyncio.Event()

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def commit(self, writes: Any) -> Any:
            if billing.asked:
                begun.set()
                await going.wait()
            return await store.commit(writes)

    billing = Billing(lambda slot, number: "late" if slot == 0 else None)
    budget = Budget(simulation=3 * WORST)
    calls = Calls(Slow(), "town", SITE, billing.service("one"), budget)  # type: ignore[arg-type]
    first = asyncio.create_task(calls.ask(asks(1)[0]))
    await begun.wait()  # the second attempt's money is being taken
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    going.set()
    replies = await calls.ask_all(asks(3)[1:])
    assert [reply.ok for reply in replies] == [True, False], "two of three shares are stuck"
    assert not (await calls.ask(asks(4)[3])).ok, "and stay so when nothing is in flight"
    await store.commit((await calls.settlement()).writes)
    assert total_of(await ledger(store)) == (40, 2 * WORST, {})


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 5))
async def test_a_kill_around_a_lost_attempt_neither_forgets_nor_doubles_it(
    store: DocumentStore, at: int, after: bool
) -> None:
    # The commits: 1 request, 2 more money for another attempt, 3 outcome, 4 the phase.
    expect(Budget(simulation=10_000), ["ann"])
    billing = Billing(first_fails("late"))
    billing.watch = store
    dying = KillingStore(store, at, after=after)
    with pytest.raises(Killed):
        await phase(dying, billing.service("one"), Budget(simulation=10_000), asks(1))
    if (at, after) != (4, True):
        await phase(store, billing.service("one"), Budget(simulation=10_000), asks(1))
    total = total_of(await ledger(store))
    # A request that is recorded may have been sent: so it is lost, and asked for again. Once the
    # outcome is recorded only the first attempt is lost, and nothing is asked again.
    lost = {(1, True): 2, (2, True): 2, (3, False): 2}.get((at, after), 1)
    assert total == (40, lost * WORST, {})
    assert billing.billed <= total[0] + total[1]
    rows = await costs(store)
    assert sum(round(row["cost"] * 1e9) for row in rows if row["flag"] == "lost") == total[1]


async def test_a_phase_that_is_not_run_again_leaves_its_losses_in_the_books(
    store: DocumentStore,
) -> None:
    billing = Billing(first_fails("502", 2))
    calls = Calls(store, "town", SITE, billing.service("one"), Budget(actor=10_000))
    assert (await calls.ask(asks(1, actor_id="ann")[0])).ok
    found = await recover(store, "town")
    assert (found.settled, found.lost, found.lost_calls) == (40, 2 * WORST, 2)
    assert total_of(await ledger(store)) == (40, 2 * WORST, {})
    actor = await store.get(f"{PATH}/money", "actor~ann")
    assert actor is not None
    assert (actor.value()["settled"], actor.value()["lost"]) == (40, 2 * WORST)
    assert [(row["flag"], row["attempts"]) for row in await costs(store)] == [
        ("lost", 2),
        ("orphan", 1),
    ]


@settings(max_examples=80, deadline=None)
@given(
    faults=st.lists(st.sampled_from([None, None, *FAULTS]), min_size=24, max_size=24),
    count=st.integers(1, 20),
    rates=st.fixed_dictionaries({"one": st.integers(0, 9), "two": st.integers(0, 9)}),
    hosts=st.sampled_from([("one",), ("one", "two"), ("two", "one")]),
    limit=st.one_of(st.none(), st.integers(0, 60_000)),
    concurrency=st.integers(1, 64),
    kills=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=4),
)
@example(["late"] * 24, 7, RATES, ("one", "two"), 12_000, 64, [(2, True), (3, False)])
def test_what_may_be_billed_is_in_the_books_and_the_books_keep_the_limit(
    faults: list[str | None],
    count: int,
    rates: dict[str, int],
    hosts: tuple[str, ...],
    limit: int | None,
    concurrency: int,
    kills: list[tuple[int, bool]],
) -> None:
    async def run() -> None:
        store = MemoryStore()
        await prepare(store)
        ceiling = 10**9 if limit is None else limit
        budget = Budget(
            simulation=limit, cycle=limit, actor=limit, batch="all", batch_limit=ceiling
        )
        expect(budget, ["ann"])
        some = asks(count, structured=Structured(Choice, max_repairs=1), actor_id="ann")
        billing = Billing(
            lambda slot, number: faults[(slot * 5 + number) % 24], poor=(1, 4), rates=rates
        )
        billing.watch, billing.limit = store, limit
        for at, after in [*kills, (10**9, False)]:
            service = billing.service(*hosts, concurrency=concurrency)
            dying = KillingStore(store, at, after=after)
            try:
                await phase(dying, service, budget, some, concurrency)
            except Killed:
                if await store.get(f"{PATH}/steps", "0000000009") is None:
                    continue
            break
        settled, lost, held = total_of(await ledger(store))
        assert held == {}
        assert billing.billed <= settled + lost <= ceiling
        rows = await costs(store)
        assert sum(round(row["cost"] * 1e9) for row in rows if row["flag"] == "lost") == lost
        assert sum(round(row["cost"] * 1e9) for row in rows if row["flag"] != "lost") == settled
        for collection, name in ((f"{PATH}/money", "actor~ann"), ("budgets", "all")):
            account = await store.get(collection, name)
            if account is not None:
                value = account.value()
                assert (value["settled"], value["lost"], value["grants"]) == (settled, lost, {})

    asyncio.run(run())

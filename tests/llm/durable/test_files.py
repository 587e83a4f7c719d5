"""What becomes of calls and money when a simulation is deleted, exported, asked for its costs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from _fake import FakeService, asks, everything, prepare, said

from scrai.data import delete_simulation
from scrai.engine import PhaseEngine
from scrai.llm import (
    Budget,
    CallKey,
    Calls,
    CallSite,
    LLMOutcome,
    LLMRequest,
    ReplyCache,
    clear_cache,
    costs_of,
    export_cassette,
    recover,
)
from scrai.models import SimulationState
from scrai.store import DocumentStore, MemoryStore, create, export_documents, import_documents

SITE = CallSite(1, "world_update", 0, seed=7, step=3)
BUDGET = Budget(simulation=10_000, batch="all", batch_limit=10_000)


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made, *"abcde")
    return made


async def crash(store: DocumentStore, name: str = "town", count: int = 4) -> None:
    """Let an attempt die with one reply recorded and one request unanswered."""
    service = FakeService(waits=lambda slot: 10**9 if slot == "slot-0001" else 0)
    calls = Calls(store, name, SITE, service, BUDGET, in_flight=1)
    task = asyncio.create_task(calls.ask_all(asks(count)))
    while "slot-0001" not in service.order:  # noqa: ASYNC110 - the fake counts turns of the loop
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def account(store: DocumentStore) -> tuple[int, int, int]:
    document = await store.get("budgets", "all")
    assert document is not None
    value = document.value()
    return value["settled"], value["lost"], sum(value["grants"].values())


async def test_recovery_books_what_a_dead_attempt_left(store: DocumentStore) -> None:
    await crash(store)
    assert await account(store) == (0, 0, 400)
    found = await recover(store, "town")
    assert (found.grants, found.lost, found.settled) == (1, 100, 40)
    assert await account(store) == (40, 100, 0), "what was granted and never requested is back"
    report = await costs_of(store, "town")
    assert {row.slot: row.flag for row in report.rows} == {
        "slot-0000": "orphan",
        "slot-0001": "lost",
    }
    assert (report.settled, report.lost, report.open) == (40, 100, 0)
    assert (await recover(store, "town")).grants == 0
    # The phase is run after all: the reply is served, and not paid for again.
    service = FakeService()
    calls = Calls(store, "town", SITE, service, BUDGET)
    await calls.ask_all(asks(4))
    assert len(service.asked) == 3
    assert len((await calls.settlement()).costs) == 3


async def test_the_next_phase_settles_what_an_abandoned_one_left(store: DocumentStore) -> None:
    await crash(store)
    calls = Calls(store, "town", replace(SITE, cycle=2, step=9), FakeService(), BUDGET)
    await calls.ask_all(asks(1))
    await store.commit((await calls.settlement()).writes)
    assert await account(store) == (80, 100, 0)
    flags = sorted(row["flag"] for row in await everything(store, "simulations/town/costs"))
    assert flags == ["lost", "orphan"]


async def test_deleting_a_simulation_takes_its_calls_and_gives_no_money_back_unseen(
    store: DocumentStore,
) -> None:
    engine = PhaseEngine(store)
    await engine.create(SimulationState(id="town", name="Town"))
    await crash(store)
    await delete_simulation(store, "town", detach=False, with_branches=False)
    assert await account(store) == (0, 400, 0)
    assert await store.subcollections("simulations", "town") == []


async def test_calls_and_money_move_with_a_simulation(store: DocumentStore) -> None:
    await store.commit([create("simulations", "town", {"a": 1})])
    long = "x" * 150_000
    calls = Calls(store, "town", SITE, FakeService(lambda r, k: long), Budget(simulation=10_000))
    await calls.ask_all(asks(2))
    documents = await everything(store, "simulations/town/calls")
    assert all(found["blobs"].keys() == {"outcome"} for found in documents)
    other = MemoryStore()
    await other.open()
    lines = [line async for line in export_documents(store, "simulations", ["town"])]
    await import_documents(other, lines)
    service = FakeService()
    again = Calls(other, "town", SITE, service, Budget(simulation=10_000))
    assert [reply.value for reply in await again.ask_all(asks(2))] == [long, long]
    assert not service.asked
    assert len((await again.settlement()).costs) == 2


async def test_a_cassette_has_every_turn_and_no_simulation(store: DocumentStore) -> None:
    calls = Calls(store, "town", SITE, FakeService())
    await calls.ask_all(asks(3))
    await crash(store, "other")
    lines = [orjson.loads(line) async for line in export_cassette(store, "town")]
    assert lines[0] == {"scrai_cassette": 1}
    assert len(lines) == 4
    for line in lines[1:]:
        key = CallKey.from_json(line["key"])
        assert key.id == line["id"]
        assert LLMRequest.from_json(line["request"]).hash == key.request_hash
        assert LLMOutcome.from_json(line["outcome"]).content == f"reply to {key.slot}"
    assert "town" not in str(lines)
    assert len([line async for line in export_cassette(store, "other")]) == 2


async def test_costs_are_taken_apart(store: DocumentStore) -> None:
    service = FakeService(lambda request, key: said("x", 10 if key.slot == "slot-0000" else 20))
    calls = Calls(store, "town", SITE, service, Budget(simulation=1_000))
    some = [replace(ask, actor_id=f"a{number % 2}") for number, ask in enumerate(asks(4))]
    await calls.ask_all(some)
    found = await calls.settlement()
    for number, cost in enumerate(found.costs):
        value, columns = cost.model_dump(mode="json"), {"step": cost.step}
        await store.commit([create("simulations/town/costs", f"c{number}", value, columns)])
    await store.commit(found.writes)
    report = await costs_of(store, "town")
    assert (report.total.calls, report.total.cost, report.settled) == (4, 70, 70)
    assert {name: total.cost for name, total in report.by_actor.items()} == {"a0": 30, "a1": 40}
    assert list(report.by_phase) == ["world_update"]
    assert list(report.by_model) == ["fake/fake-1"]
    assert {name: total.output_tokens for name, total in report.by_cycle.items()} == {"1": 70}
    assert report.rows[0].prices == {"cached": 0.0, "input": 0.0, "output": 0.001}
    assert (await costs_of(store, "nowhere")).total.calls == 0


# -- the cache across runs --------------------------------------------------------------------


async def cached(
    store: DocumentStore, name: str, service: FakeService, experiment: str | None, seed: int = 7
) -> list[Any]:
    cache = ReplyCache(store, models="fake/1", simulation_id=name, seed=seed, experiment=experiment)
    calls = Calls(store, name, SITE, service, Budget(simulation=10_000), cache=cache)
    replies = await calls.ask_all(asks(2))
    found = await calls.settlement()
    await store.commit(found.writes)
    hits = {cost.cache_hit for cost in found.costs}
    spent = sum(cost.cost or 0 for cost in found.costs)
    return [[reply.value for reply in replies], hits, spent]


def numbered(mark: str) -> FakeService:
    return FakeService(lambda request, key: f"{mark} says {key.slot}")


async def test_replicas_of_one_experiment_never_share_a_sample(store: DocumentStore) -> None:
    one, two, three = numbered("one"), numbered("two"), numbered("three")
    first = await cached(store, "a", one, "e")
    second = await cached(store, "b", two, "e")
    assert (len(one.asked), len(two.asked)) == (2, 2)
    # Another experiment walks along the same samples, each of its replicas on another one.
    assert (await cached(store, "c", three, "f"))[0] == first[0]
    values, hits, spent = await cached(store, "d", three, "f")
    assert (values, hits, spent) == (second[0], {True}, 0)
    assert not three.asked
    assert (await cached(store, "e", three, "f"))[1] == {False}
    assert len(three.asked) == 2


async def test_simulations_alone_share_samples_of_the_same_seed_only(store: DocumentStore) -> None:
    service = numbered("one")
    await cached(store, "a", service, None)
    assert (await cached(store, "b", service, None))[1] == {True}
    assert (await cached(store, "c", service, None, seed=8))[1] == {False}
    assert await clear_cache(store) == 4
    assert (await cached(store, "d", service, None))[1] == {False}


async def test_failures_are_no_samples(store: DocumentStore) -> None:
    from scrai.llm import FailureKind

    down = LLMOutcome.failed(FailureKind.UNAVAILABLE, "down", provider="fake", model="m")
    await cached(store, "a", FakeService(lambda request, key: down), "e")
    assert await everything(store, "samples") == []


async def test_samples_that_two_experiments_made_at_once_are_served_crosswise(
    store: DocumentStore,
) -> None:
    one, two = [
        ReplyCache(store, models="m", simulation_id="s", seed=1, experiment=name) for name in "ef"
    ]
    assert await one.take("h") is None
    assert await two.take("h") is None
    await one.put("h", said("of one"))
    await two.put("h", said("of two"))
    found = [await one.take("h"), await two.take("h")]
    assert found[0] is None, "what came before its own was passed over, and never its own again"
    assert found[1] is not None
    assert found[1].content == "of one"
    assert await two.take("h") is None


async def test_an_imported_simulation_owes_nothing_to_a_batch_that_is_not_here(
    store: DocumentStore,
) -> None:
    await store.commit([create("simulations", "town", {"a": 1})])
    await crash(store)
    other = MemoryStore()
    await other.open()
    lines = [line async for line in export_documents(store, "simulations", ["town"])]
    await import_documents(other, lines)
    calls = Calls(other, "town", SITE, FakeService(), BUDGET)
    await calls.ask_all(asks(4))
    await other.commit((await calls.settlement()).writes)
    document = await other.get("simulations/town/money", "ledger")
    total = document.value()["total"]
    assert (total["settled"], total["lost"], total["grants"]) == (160, 100, {})
    await import_documents(other, lines, replace=True)
    assert (await recover(other, "town")).lost == 100

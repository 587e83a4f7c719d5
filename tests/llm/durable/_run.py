"""An engine in small: runs a phase until it is committed, through kills at any commit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from _fake import FakeService, asks
from pydantic import BaseModel

from scrai.llm import Budget, Calls, CallSite, LLMRequest, Settlement
from scrai.llm._structured import Structured
from scrai.store import DocumentStore, Query, create

SITE = CallSite(2, "action_collection", 0, seed=7, step=9)
PATH = "simulations/town"


class Killed(BaseException):
    """The process is gone."""


class KillingStore:
    """A store whose process dies at a given commit, before or after it is applied.

    Attributes:
        commits: how many were asked for.
    """

    def __init__(self, inner: DocumentStore, at: int | None = None, *, after: bool = False) -> None:
        self._inner = inner
        self._at = at
        self._after = after
        self._dead = False
        self.commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self, writes: Sequence[Any]) -> Any:
        if self._dead:
            raise Killed
        self.commits += 1
        await asyncio.sleep(0)
        dying = self.commits == self._at
        if dying and not self._after:
            self._dead = True
            raise Killed
        result = await self._inner.commit(writes)
        await check_limits(self._inner)
        if dying:
            self._dead = True
            raise Killed
        return result


async def check_limits(store: DocumentStore) -> None:
    """Hold every stored account against its limit."""
    documents = await store.query(Query(f"{PATH}/money")) + await store.query(Query("budgets"))
    for document in documents:
        value = document.value()
        for account in (value.get("total"), value.get("of_cycle"), value):
            if account and "settled" in account:
                held = account["grants"].values()
                assert all(amount >= 0 for amount in held), document.path
                used = account["settled"] + account["lost"] + sum(held)
                limit = LIMITS.get(document.id if account is not value.get("of_cycle") else "cycle")
                assert limit is None or used <= limit, (document.path, account, limit)


LIMITS: dict[str, int | None] = {}
"""What `check_limits` expects of `ledger`, `cycle`, `actor~ID` and batches, by document id."""


def expect(budget: Budget, actors: Sequence[str] = ()) -> None:
    """Let `check_limits` know a budget."""
    LIMITS.clear()
    LIMITS.update({"ledger": budget.simulation, "cycle": budget.cycle})
    LIMITS.update({f"actor~{name}": budget.of_actor(name) for name in actors})
    if budget.batch is not None:
        LIMITS[budget.batch] = budget.batch_limit


class Choice(BaseModel):
    """What a reply must be."""

    pick: int


async def phase(
    store: DocumentStore, service: FakeService, budget: Budget, count: int, in_flight: int
) -> Settlement:
    """Run one attempt of the phase, and commit it."""
    calls = Calls(store, "town", SITE, service, budget, in_flight=in_flight)
    some = asks(count, structured=Structured(Choice, max_repairs=1), actor_id="ann")
    half = count // 2
    await calls.ask_all(some[:half])
    await asyncio.gather(*[calls.ask(ask) for ask in some[half:]])
    found = await calls.settlement()
    marker = create(f"{PATH}/steps", "0000000009", {"commit_id": "c"}, {"step": 9})
    costs = [
        create(f"{PATH}/costs", f"0000000009-{number:05d}", cost.model_dump(mode="json"))
        for number, cost in enumerate(found.costs)
    ]
    await store.commit([marker, *found.writes, *costs])
    return found


async def through_kills(
    store: DocumentStore,
    service: FakeService,
    budget: Budget,
    count: int,
    in_flight: int,
    kills: Sequence[tuple[int, bool]],
) -> int:
    """Run the phase until it is committed, killed at the given commits; return the deaths."""
    deaths = 0
    for at, after in kills:
        try:
            await phase(KillingStore(store, at, after=after), service, budget, count, in_flight)
        except Killed:
            deaths += 1
        if await store.get(f"{PATH}/steps", "0000000009") is not None:
            return deaths
    await phase(KillingStore(store), service, budget, count, in_flight)
    return deaths


async def ledger(store: DocumentStore) -> dict[str, Any]:
    """Return the ledger."""
    document = await store.get(f"{PATH}/money", "ledger")
    assert document is not None
    return document.value()


async def costs(store: DocumentStore) -> list[dict[str, Any]]:
    """Return the cost records."""
    return [document.value() for document in await store.query(Query(f"{PATH}/costs"))]


def poor(request: LLMRequest, key: Any) -> str:
    """Every third slot needs a repair turn."""
    number = int(key.slot.removeprefix("slot-"))
    return '{"pick": "nothing"}' if number % 3 == 1 and key.turn == 0 else '{"pick": 1}'


AMPLE = Budget(simulation=10**9, cycle=10**9, actor=10**9, batch="all", batch_limit=10**9)
COUNT = 7
TURNS = 9
"""Two of the seven calls need a repair."""


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

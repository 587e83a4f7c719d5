"""A worker that calls models, the deletion of its simulation, and one amidst the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from _fake import FakeService, asks

from scrai.data import KINDS, SIMULATIONS, delete_simulation
from scrai.errors import ConflictError, DocumentMissingError, StepConflictError
from scrai.llm import Budget, Calls, CallSite
from scrai.store import DocumentStore, Query

SITE = CallSite(0, "action_collection", 0, step=1)
BUDGET = Budget(simulation=10_000, actor=5_000, batch="all", batch_limit=10_000)
OPERATIONS = ("commit", "get", "get_many", "query", "subcollections")


class Meddling:
    """A store in which something else happens before the operation of a number (from 1).

    Attributes:
        count: how many operations there were.
    """

    def __init__(self, inner: DocumentStore, at: int, meanwhile: Callable[[], Awaitable[Any]]):
        self._inner = inner
        self._at = at
        self._meanwhile = meanwhile
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in OPERATIONS:
            return found

        async def operation(*args: Any, **rest: Any) -> Any:
            self.count += 1
            if self.count == self._at:
                await self._meanwhile()
            return await found(*args, **rest)

        return operation


async def work(store: Any) -> None:
    """Make the first calls of a simulation, and settle them."""
    calls = Calls(store, "town", SITE, FakeService(), BUDGET, in_flight=2)
    with suppress(StepConflictError, ConflictError, DocumentMissingError):
        await calls.ask_all(asks(5, actor_id="ann"))
        await store.commit((await calls.settlement()).writes)


async def remove(store: Any) -> None:
    await delete_simulation(store, "town", detach=False, with_branches=False)


async def check_nothing_is_left(store: DocumentStore, where: object) -> None:
    assert await store.get(SIMULATIONS, "town") is None, where
    assert await store.subcollections(SIMULATIONS, "town") == [], where
    for kind in KINDS:
        assert await store.query(Query(kind, limit=1)) == [], where
    shared = await store.get("budgets", "all")
    assert shared is None or shared.value()["grants"] == {}, where

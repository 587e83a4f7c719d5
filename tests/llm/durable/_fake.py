"""A service that answers by rule, counts what it is asked, and knows prices."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from scrai.data import ledger_write
from scrai.errors import AlreadyExistsError
from scrai.llm import CallKey, LLMMessage, LLMOutcome, LLMRequest, LLMUsage
from scrai.llm._sites import Ask
from scrai.store import DocumentStore, Query

Answer = Callable[[LLMRequest, CallKey], "str | LLMOutcome"]


def echo(request: LLMRequest, key: CallKey) -> str:
    """Say which slot asked."""
    return f"reply to {key.slot}"


class FakeService:
    """Answers after some turns of the loop.

    Attributes:
        asked: how often each call was asked, by slot and turn.
        order: the slots, in the order of their requests.
        most: the most calls that were in flight at once.
    """

    def __init__(
        self,
        answer: Answer = echo,
        *,
        price: int | None = 1,
        worst: int = 100,
        used: int = 40,
        waits: Callable[[str], int] = lambda slot: 0,
    ) -> None:
        self.answer = answer
        self.price = price
        self.worst = worst
        self.used = used
        self.waits = waits
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.now = self.most = 0

    async def send(
        self,
        request: LLMRequest,
        *,
        provider: str | None = None,
        key: CallKey | None = None,
        allow: Any = None,
    ) -> LLMOutcome:
        assert key is not None
        self.asked[f"{key.slot}/{key.turn}"] += 1
        self.order.append(key.slot)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            for _ in range(self.waits(key.slot)):
                await asyncio.sleep(0)
        finally:
            self.now -= 1
        found = self.answer(request, key)
        if isinstance(found, LLMOutcome):
            return found
        return said(found, self.used)

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        return None if self.price is None else self.price * self.worst

    def cost(self, outcome: LLMOutcome) -> int | None:
        return None if self.price is None else self.price * outcome.usage.output_tokens


def said(content: str, tokens: int = 40) -> LLMOutcome:
    """Return the outcome of a reply."""
    return LLMOutcome(
        content, provider="fake", model="fake-1", usage=LLMUsage(10, tokens), latency_ms=1.5
    )


def asks(count: int, **rest: Any) -> list[Ask]:
    """Return asks in slots that sort as they are numbered."""
    return [
        Ask(f"slot-{number:04d}", [LLMMessage("user", f"question {number}")], **rest)
        for number in range(count)
    ]


async def everything(store: DocumentStore, collection: str) -> list[dict[str, Any]]:
    """Return the payloads of a collection with their columns."""
    found = await store.query(Query(collection))
    return [{**each.columns, **each.value(), "id": each.id} for each in found]


async def commit(store: DocumentStore, writes: Sequence[Any]) -> None:
    """Do what the engine's commit does with a settlement."""
    await store.commit(list(writes))


async def prepare(store: DocumentStore, *names: str) -> None:
    """Open a store, and give simulations their ledgers, as their creation does."""
    await store.open()  # type: ignore[attr-defined]
    for name in ("town", "other", *names):
        try:
            await store.commit([ledger_write(name)])
        except AlreadyExistsError:
            continue

"""A model of our own making: it answers what a test wants, and counts what it is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from scrai.llm import (
    Budget,
    CallKey,
    Calls,
    CallSite,
    FailureKind,
    LLMAttempt,
    LLMOutcome,
    LLMRequest,
    LLMUsage,
)
from scrai.models import SimulationState
from scrai.store import DocumentStore

Answer = Callable[[str, LLMRequest], str | LLMOutcome]


def sensible(kind: str, request: LLMRequest) -> str:
    """Answer like a good, dull model."""
    text = request.messages[1].content
    if kind == "events":
        event = {
            "title": "A kite over the square",
            "description": "Everybody looks up.",
            "type": "social",
            "scope": "global",
            "affected_actors": ["actor-mayor"],
            "effects": [{"op": "add", "target": "world", "path": "tidiness", "value": 1}],
        }
        return json.dumps({"events": [event]})
    if kind in {"act", "parse"}:
        me = re.findall(r'"id":"(actor:[\w-]+)"', text)[0]
        effect = {"op": "add", "target": me, "path": "attributes.mood", "value": 1}
        option = {"intent": "looks at the kite", "type": "social", "effects": [effect]}
        return json.dumps({"options": [option, option | {"intent": "naps"}], "selected": 0})
    if kind == "resolve":
        ids = list(dict.fromkeys(re.findall(r'"id":"((?!actor:)[^"]+)"', text)))
        return json.dumps({each: {"success": True, "reason": "why not"} for each in ids})
    return json.dumps({"summary": "A calm day.", "effects": []})


class Model:
    """A service and a source of calls in one."""

    def __init__(
        self, answer: Answer = sensible, *, price: int = 1000, budget: Budget | None = None
    ) -> None:
        self.answer = answer
        self.price = price
        self.budget = budget
        self.asked: list[tuple[str, str]] = []

    def calls(
        self,
        store: DocumentStore,
        state: SimulationState,
        site: CallSite,
        check: Callable[[], None],
    ) -> Calls:
        return Calls(store, state.id, site, self, self.budget, check=check)

    async def send(
        self,
        request: LLMRequest,
        *,
        provider: str | None = None,
        key: CallKey | None = None,
        allow: Any = None,
    ) -> LLMOutcome:
        assert key is not None
        self.asked.append((key.slot, request.hash))
        found = self.answer(request.schema_name.partition("-")[0], request)
        if isinstance(found, LLMOutcome):
            return found
        attempt = LLMAttempt("fake", "fake-1", 200, None, 1.0)
        return LLMOutcome(
            found,
            provider="fake",
            model="fake-1",
            usage=LLMUsage(10, 5),
            finish_reason="stop",
            attempts=(attempt,),
            latency_ms=1.0,
        )

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        return self.price

    def cost(self, outcome: LLMOutcome) -> int | None:
        return 0 if outcome.content is None else self.price


def unreachable(kind: str, request: LLMRequest) -> LLMOutcome:
    """Be down."""
    return LLMOutcome.failed(FailureKind.UNAVAILABLE, "nobody there")


def minds(**settings: Any) -> dict[str, Any]:
    """Return the metadata of a simulation with minds."""
    return {"minds": {"llm": "scripted", **settings}}

"""A model in this process that answers sensibly, counts, and can be told to strike."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from _server import Exchange

USAGE = {"prompt_tokens": 100, "completion_tokens": 20}
PRICES = {"SCRAI_LLM_PRICES": json.dumps({"openai-compatible/m": {"input": 1.0, "output": 5.0}})}
COST = (100 * 1.0 + 20 * 5.0) / 1e6
"""US dollars that one call costs."""


def gain(target: str, path: str) -> dict[str, Any]:
    return {"op": "add", "target": target, "path": path, "value": 1}


def answer(kind: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a dull, good answer."""
    if kind == "events":
        event = {"title": "A kite", "description": "", "type": "social", "scope": "global"}
        effects = [gain("world", "kites")]
        return {"events": [event | {"affected_actors": [], "effects": effects}]}
    if kind in {"act", "parse"}:
        me = re.findall(r'"id":"(actor:[\w-]+)"', text)[0]
        option = {"intent": "looks up", "type": "social", "targets": [], "place": None}
        return {"options": [option | {"effects": [gain(me, "attributes.joy")]}], "selected": 0}
    if kind == "resolve":
        one = {"success": True, "reason": "why not", "effects": []}
        return dict.fromkeys(schema["properties"], one)
    return {"summary": "A day.", "effects": [gain("world", "days")]}


class CountingModel:
    """What is served, and how often each question came.

    Attributes:
        asked: how often each question (the text of the last message) was asked.
        order: the questions as they came.
        strike: called with the number of a request, from 1, before it is answered.
        headers: what came with each request.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.order: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.strike: Callable[[int], None] = lambda number: None
        self.usage = dict(USAGE)

    async def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        body = json.loads(exchange.body)
        question = body["messages"][-1]["content"]
        shape = body["response_format"]["json_schema"]
        self.asked[question] += 1
        self.order.append(question)
        self.headers.append(exchange.headers)
        self.strike(len(self.order))
        said = answer(shape["name"].split("-")[0], body["messages"][1]["content"], shape["schema"])
        message = {"role": "assistant", "content": json.dumps(said)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        await exchange.json({"model": "m", "choices": [choice], "usage": self.usage})

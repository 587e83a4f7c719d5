"""Short answers for small models: they come to an end, and the whole shape takes them."""

from __future__ import annotations

from typing import Any

import pytest
from model import Model, minds, sensible

from scrai.engine import PhaseEngine
from scrai.engine.minds import MindsConfig, structured_of
from scrai.engine.minds._events import events_reply
from scrai.engine.minds._replies import WorldReply, choice_reply
from scrai.engine.minds._resolution import TOKENS, shape
from scrai.llm import LLMOutcome, LLMRequest, ScriptedClient
from scrai.scenarios import create_default_scenario_service
from scrai.store import MemoryStore

BRIEF = MindsConfig(llm="scripted", brief=True)
KINDS: list[tuple[Any, int]] = [
    (events_reply(2), BRIEF.max_tokens),
    (choice_reply(1), BRIEF.max_tokens),
    (WorldReply, BRIEF.max_tokens),
    (shape([f"action-{number:015d}" for number in range(4)], brief=True), 4 * TOKENS),
]


def longest(node: dict[str, Any]) -> int:
    """Return how many characters an answer of a shape may have, blanks apart."""
    if "enum" in node:
        return max(len(str(each)) for each in node["enum"]) + 2
    if "anyOf" in node:
        return max(map(longest, node["anyOf"]))
    kind = node["type"]
    if kind == "object":
        parts = node["properties"].items()
        return 2 + sum(len(name) + 4 + longest(part) for name, part in parts)
    if kind == "array":
        return 2 + int(node["maxItems"]) * (longest(node["items"]) + 1)
    return int(node["maxLength"]) + 2 if kind == "string" else 24


@pytest.mark.parametrize(("kind", "tokens"), KINDS)
def test_no_answer_is_longer_than_its_tokens(kind: Any, tokens: int) -> None:
    assert longest(structured_of(kind, BRIEF, "x").schema) < tokens
    wordy = MindsConfig(llm="scripted")
    whole = shape(["a"]) if kind is KINDS[3][0] else kind
    assert longest(structured_of(whole, wordy, "x").schema) > TOKENS


@pytest.mark.parametrize(("kind", "tokens"), KINDS)
async def test_the_whole_shape_takes_every_short_answer(kind: Any, tokens: int) -> None:
    structured = structured_of(kind, BRIEF, "x")
    for number in range(20):
        asked = structured.request([{"role": "user", "content": str(number)}], max_tokens=tokens)
        judged = structured.judge(await ScriptedClient().complete(asked))
        assert type(judged).__name__ != "LLMFailure", judged


async def test_a_town_with_short_answers_runs(store: MemoryStore) -> None:
    shapes: dict[str, Any] = {}

    def answer(kind: str, request: LLMRequest) -> str | LLMOutcome:
        shapes[kind] = request.schema
        return sensible(kind, request)

    service = create_default_scenario_service()
    engine = PhaseEngine(store, service, models=Model(answer))
    state = service.new_simulation("simple_town", "town", metadata=minds(brief=True))
    await engine.create(state)
    notes = [note async for each in engine.run("town", cycles=2) for note in each.notes]
    assert not any("no usable reply" in note for note in notes)
    assert shapes["act"]["properties"]["options"]["maxItems"] == 1
    assert shapes["act"]["properties"]["selected"]["maximum"] == 0
    assert all(
        "effects" not in one["properties"] for one in shapes["resolve"]["properties"].values()
    )

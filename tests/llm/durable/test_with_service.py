"""Durable calls through the real service: the scripted provider, and the cassette of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from _fake import prepare
from pydantic import BaseModel

from scrai.llm import (
    Ask,
    Budget,
    Calls,
    CallSite,
    LLMMessage,
    LLMService,
    LLMServiceConfig,
    Structured,
    export_cassette,
)
from scrai.store import DocumentStore, MemoryStore

SITE = CallSite(1, "action_collection", 0, seed=7, step=3)


class Move(BaseModel):
    where: str
    steps: int


MOVE = Structured(Move)


@pytest.fixture
async def store() -> Any:
    made = MemoryStore()
    await prepare(made)
    return made


def moves(count: int) -> list[Ask]:
    return [
        Ask(f"move~{n}", [LLMMessage("user", f"Where to, {n}?")], MOVE, actor_id=f"actor-{n}")
        for n in range(count)
    ]


async def played(store: DocumentStore, name: str, spec: str) -> tuple[list[Any], list[Any]]:
    async with LLMService(LLMServiceConfig.from_spec(spec, env={}), env={}) as service:
        calls = Calls(store, name, SITE, service, Budget(simulation=10))
        replies = await calls.ask_all(moves(5))
        found = await calls.settlement()
        await store.commit(found.writes)
    return [reply.value for reply in replies], found.costs


async def test_a_run_is_played_again_from_its_cassette(
    store: DocumentStore, tmp_path: Path
) -> None:
    values, costs = await played(store, "town", "scripted")
    assert all(isinstance(value, Move) for value in values)
    assert {cost.provider for cost in costs} == {"scripted"}
    assert all(cost.cost == 0 and cost.input_tokens > 0 for cost in costs)
    file = tmp_path / "town.jsonl"
    file.write_bytes(b"".join([line async for line in export_cassette(store, "town")]))
    again, costs = await played(store, "other", f"replay:{file}")
    assert again == values
    assert {cost.provider for cost in costs} == {"replay"}

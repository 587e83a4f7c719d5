"""Memories by meaning from a real server: recorded, replayed without it, refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from _real_runs import Place, costs, entities, recorded

pytestmark = pytest.mark.xdist_group("model")

ENV = {"SCRAI_LLM_TIMEOUT": "120", "SCRAI_LLM_CONCURRENCY": "4"}
RUN = ("run", "simple_town", "--cycles", 3, "--seed", 7, "--llm", "scripted")


async def test_a_run_with_meaning_replays_when_the_server_is_gone(
    embedding_server: Any, place: Callable[..., Place]
) -> None:
    here = place(**ENV)
    mind = ("--mind", f"embeddings={embedding_server.url}#tiny")
    ended = here.json(*RUN, *mind, "--id", "town")
    assert ended["status"] == "completed"
    embedding_server.kill()
    async with here.store() as store:
        calls = [c for c in await recorded(store, "town") if c["request"].get("embeds")]
        booked = [each for each in await costs(store, "town") if each["model"] == "tiny"]
        actors = await entities(store, "actors", "town")
    assert len(calls) == len(booked) == 5
    assert all(call["outcome"]["usage"]["input_tokens"] > 0 for call in calls)
    assert not any(call["outcome"]["usage"]["estimated"] for call in calls)
    _check_memories(actors)
    assert here.json("simulation", "replay", "town")["hash"] == ended["hash"]
    here.call("simulation", "export", "town", "--cassette", "--out", "town.jsonl")
    played = (*RUN[:-1], "replay:town.jsonl", *mind, "--id", "again")
    assert here.json(*played)["hash"] == ended["hash"]
    assert here.hashes("again") == here.hashes("town")


def _check_memories(actors: list[dict[str, Any]]) -> None:
    """Every memory has the 64 numbers of the model, in base64."""
    records = [each["metadata"]["memory"] for each in actors if "memory" in each["metadata"]]
    assert {record["embedder"] for record in records} == {"openai-compatible/tiny"}
    vectors = [item["vector"] for record in records for item in record["items"]]
    assert len(vectors) > 20
    assert {len(vector) for vector in vectors} == {88}


async def test_a_server_that_embeds_nothing_is_told_of_in_one_line(
    model_server: Any, place: Callable[..., Place]
) -> None:
    here = place(**ENV)
    done = here.call(
        "--json", *RUN, "--mind", f"embeddings={model_server.url}#tiny", "--id", "town"
    )
    assert done.returncode == 1
    error = json.loads(done.stderr.splitlines()[-1])["error"]
    assert (
        "it embeds no texts (HTTP 501: This server does not support embeddings" in error["message"]
    )
    ended = here.json("run", "--resume", "town", "--mind", "embeddings=scripted")
    assert ended["status"] == "completed"

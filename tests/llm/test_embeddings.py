"""Vectors from a server: asked for like anything else, and nothing in the answer is trusted."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from _fakes import Provider, by_host, provider, service
from scrai.errors import LLMRejectedError, LLMReplyError, LLMUnavailableError
from scrai.llm import (
    CallKey,
    FailureKind,
    LLMClient,
    LLMUsage,
    PriceBook,
    ReplayClient,
    ScriptedClient,
    embedding_request,
    nearness,
    worst_usage,
)

TEXTS = ["the mill", "the baker"]
GOOD = [[0.5, 0.25, -1], [1, 0, 0]]


def vectors(*rows: Any, usage: Any = 7) -> dict[str, Any]:
    data = [{"index": index, "embedding": row} for index, row in enumerate(rows)]
    return {"data": data, "usage": {"prompt_tokens": usage, "total_tokens": usage}}


async def test_texts_are_sent_in_one_request_and_vectors_come_back() -> None:
    fake = Provider(vectors(*GOOD))
    async with service(fake) as llm:
        found = await llm.embed(TEXTS)
    assert fake.requests[0].url.path == "/v1/embeddings"
    assert fake.bodies == [{"model": "m", "input": TEXTS, "encoding_format": "float"}]
    assert found.model == "openai-compatible/m"
    assert found.rows == (bytes([64, 32, 129]), bytes([127, 0, 0]))


async def test_their_places_say_whose_they_are() -> None:
    answer = vectors(*GOOD)
    answer["data"].reverse()
    async with service(Provider(answer)) as llm:
        assert (await llm.embed(TEXTS)).rows[1] == bytes([127, 0, 0])


async def test_what_was_counted_is_booked() -> None:
    prices = {"openai-compatible/m": {"input": 1, "output": 9}}
    async with service(Provider(vectors(*GOOD)), prices=prices) as llm:
        asked = embedding_request(TEXTS)
        outcome = await llm.send(asked)
        assert outcome.usage == LLMUsage(7, 0)
        assert llm.cost(outcome) == 7000
        assert llm.worst_case(asked) == 1000 * worst_usage(asked).input_tokens
    async with service(Provider({"data": vectors(*GOOD)["data"]})) as llm:
        usage = (await llm.send(embedding_request(TEXTS))).usage
        assert (usage.input_tokens > 7, usage.output_tokens, usage.estimated) == (True, 0, True)


def test_a_listed_price_of_a_model_that_embeds_is_known() -> None:
    book = PriceBook()
    assert book.cost("openai", "text-embedding-3-small", LLMUsage(1000, 0)) == 20_000
    assert book.cost("openai", "text-embedding-3-small", LLMUsage(1000, 1)) is None


POISON: list[Any] = [
    [],
    GOOD[:1],
    [*GOOD, [1, 1, 1]],
    [[1, 2, 3], [1, 2]],
    [[], []],
    [[0, 0, 0], [1, 0, 0]],
    [["1", "2", "3"], [1, 0, 0]],
    [[True, 0, 0], [1, 0, 0]],
    [[None, 0, 0], [1, 0, 0]],
    [[[1], 0, 0], [1, 0, 0]],
    ["AACAPw==", "AACAPw=="],
    [None, None],
    [{"0": 1}, {"0": 1}],
    [[10**400, 0, 0], [1, 0, 0]],
    [[1.0] * 16_385, [1.0] * 16_385],
]


@pytest.mark.parametrize("rows", POISON)
async def test_poison_is_a_typed_failure(rows: list[Any]) -> None:
    fake = Provider(httpx.Response(200, content=json.dumps(vectors(*rows))))
    async with service(fake) as llm:
        outcome = await llm.send(embedding_request(TEXTS))
        assert outcome.failure is not None
        assert outcome.failure.kind is FailureKind.MALFORMED
        assert outcome.content is None
        assert outcome.usage.input_tokens == 7
    assert len(fake.requests) == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_finite_number_is_poison(number: str) -> None:
    text = json.dumps(vectors([0, 1], [1, 0])).replace("[0, 1]", f"[{number}, 1]")
    async with service(Provider(httpx.Response(200, content=text))) as llm:
        with pytest.raises(LLMReplyError, match="not finite"):
            await llm.embed(TEXTS)


@pytest.mark.parametrize(
    "data",
    [None, "x", {}, [1, 2], [{}, {}], [{"index": 0, "embedding": [1]}] * 2,
     [{"index": "0", "embedding": [1]}, {"index": 1, "embedding": [1]}],
     [{"index": 0, "embedding": [1]}, {"index": 2, "embedding": [1]}],
     [{"index": True, "embedding": [1]}, {"index": 0, "embedding": [1]}]],
)  # fmt: skip
async def test_an_answer_of_another_form_is_poison(data: Any) -> None:
    async with service(Provider({"data": data, "usage": "many"})) as llm:
        with pytest.raises(LLMReplyError, match="unusable embeddings"):
            await llm.embed(TEXTS)


async def test_ten_megabytes_are_not_read() -> None:
    huge = httpx.Response(200, content=b'{"data": [' + b" " * 10_000_000 + b"]}")
    async with service(Provider(huge)) as llm:
        outcome = await llm.send(embedding_request(TEXTS))
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TOO_LARGE
    assert [each.lost for each in outcome.attempts] == [True]


@pytest.mark.parametrize("status", [404, 405, 501])
async def test_a_server_that_embeds_nothing_says_so_in_one_line(status: int) -> None:
    fake = Provider(httpx.Response(status, json={"error": {"message": "no such\nthing"}}))
    async with service(fake) as llm:
        with pytest.raises(LLMRejectedError) as caught:
            await llm.embed(TEXTS)
    said = f"openai-compatible: it embeds no texts (HTTP {status}: no such thing)"
    assert str(caught.value) == said
    assert len(fake.requests) == 1


async def test_a_server_in_trouble_is_asked_again() -> None:
    fake = Provider(503, vectors(*GOOD))
    async with service(fake) as llm:
        assert len((await llm.embed(TEXTS)).rows) == 2
    assert len(fake.requests) == 2
    async with service(Provider(503)) as llm:
        with pytest.raises(LLMUnavailableError):
            await llm.embed(TEXTS)


async def test_the_next_of_the_chain_embeds_where_the_first_does_not() -> None:
    transport = by_host(
        one=lambda _: httpx.Response(404), two=lambda _: httpx.Response(200, json=vectors(*GOOD))
    )
    second = provider(base_url="http://two.example/v1", provider_label="second")
    async with service(transport, provider(), second) as llm:
        assert (await llm.embed(TEXTS)).model == "second/m"


async def test_a_role_has_a_provider_of_its_own() -> None:
    fake = Provider(vectors(*GOOD))
    async with service(fake, roles={"embeddings": "scripted"}) as llm:
        assert (await llm.embed(TEXTS)).model == "scripted (not a model)"
    assert fake.requests == []


async def test_without_a_name_the_first_model_that_embeds_is_asked() -> None:
    def server(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/models"):
            return httpx.Response(200, json={"data": [{"id": "chat"}, {"id": "nomic-embed"}]})
        return httpx.Response(200, json=vectors(*GOOD))

    fake = Provider(server)
    async with service(fake, provider(model=None)) as llm:
        assert (await llm.embed(TEXTS)).model == "openai-compatible/nomic-embed"
    listing = Provider({"data": [{"id": "chat"}]})
    async with service(listing, provider(model=None)) as llm:
        with pytest.raises(LLMRejectedError, match="no model that embeds"):
            await llm.embed(TEXTS)


async def test_a_client_of_another_kind_embeds_nothing_unless_it_says_so() -> None:
    class Mute(ScriptedClient):
        label = "mute"
        embed = LLMClient.embed

    chain, own = provider(model=None), {"openai-compatible": Mute()}
    async with service(Provider(200), chain, clients=own) as llm:
        with pytest.raises(LLMRejectedError, match="mute: it embeds no texts"):
            await llm.embed(TEXTS)


async def test_scripted_vectors_go_by_spelling_and_are_always_the_same() -> None:
    texts = ["the miller's wheel", "a wheel for the mill", "rain over the hills", "", "🌧"]
    client = ScriptedClient()
    asked = embedding_request(texts)
    outcome = await client.embed(asked)
    assert outcome.model == "scripted (not a model)"
    assert outcome.content == (await ScriptedClient().embed(asked)).content
    async with service(Provider(200), roles={"embeddings": "scripted"}) as llm:
        rows = (await llm.embed(texts)).rows
    assert nearness(rows[0], rows[1]) > nearness(rows[0], rows[2]) + 100
    assert all(any(row) for row in rows)


async def test_scripted_vectors_can_be_laid_down() -> None:
    own = {"openai-compatible": ScriptedClient(replies={"*": "no vectors"})}
    async with service(Provider(200), provider(model=None), clients=own) as llm:
        with pytest.raises(LLMReplyError, match="no vectors of meaning"):
            await llm.embed(TEXTS)


async def test_recorded_vectors_are_served_without_a_server(tmp_path: Any) -> None:
    async with service(Provider(vectors(*GOOD))) as llm:
        asked = embedding_request(TEXTS)
        outcome = await llm.send(asked)
    key = CallKey(1, "world_update", 0, "embed/0000", 0, 0, asked.hash)
    line = {"id": key.id, "key": key.to_json(), "outcome": outcome.to_json()}
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps({"scrai_cassette": 1}) + "\n" + json.dumps(line) + "\n")
    served = await ReplayClient(file).embed(asked, key=key)
    assert served.content == outcome.content
    other = await ReplayClient(file).embed(embedding_request(["else"]))
    assert other.failure is not None
    assert other.failure.kind is FailureKind.UNRECORDED

"""What is read out of a completion, and how a schema is asked for."""

from __future__ import annotations

import json

import httpx
import pytest
from pydantic import BaseModel

from _fakes import HELLO, Provider, provider, request, said, service
from scrai.errors import LLMReplyError
from scrai.llm import FailureKind, LLMMessage, LLMOutcome, Structured


class Town(BaseModel):
    name: str
    people: int


OAK = {"name": "Oak", "people": 3}
TOWN = Structured(Town, max_repairs=0)
REQUEST = TOWN.request([LLMMessage("user", "a town")])


def kind(outcome: LLMOutcome) -> FailureKind | None:
    return outcome.failure.kind if outcome.failure else None


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (said(None), FailureKind.EMPTY),
        (said(""), FailureKind.EMPTY),
        (said(" \n"), FailureKind.EMPTY),
        (said({"a": 1}, refusal="I will not"), FailureKind.REFUSAL),
        (said("x", finish="content_filter"), FailureKind.REFUSAL),
        (said('{"name": "O', finish="length"), FailureKind.TRUNCATED),
        (said("", finish="length"), FailureKind.TRUNCATED),
        (said("x", finish="error"), FailureKind.MALFORMED),
    ],
)
async def test_typed_failures(answer: object, wanted: FailureKind) -> None:
    fake = Provider(answer)
    outcome = await service(fake).send(REQUEST)
    assert kind(outcome) is wanted
    assert len(fake.requests) == 1
    assert outcome.usage.output_tokens == 5, "a failure that was counted is paid"


async def test_half_a_surrogate_pair_is_malformed_and_not_asked_again() -> None:
    body = b'{"choices":[{"message":{"content":"a \\ud800 b"},"finish_reason":"stop"}]}'
    fake = Provider(lambda _: httpx.Response(200, content=body))
    outcome = await service(fake).send(request())
    assert kind(outcome) is FailureKind.MALFORMED
    assert len(fake.requests) == 1


async def test_free_text_that_was_cut_off_is_still_text() -> None:
    reply = await service(Provider(said("half a sen", finish="length"))).complete(HELLO)
    assert (reply.content, reply.finish_reason) == ("half a sen", "length")
    with pytest.raises(LLMReplyError) as caught:
        await service(Provider(said("", finish="length"))).complete(HELLO)
    assert caught.value.kind == "truncated"


async def test_content_in_parts_is_joined() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    answer = {"choices": [{"message": {"content": parts}, "finish_reason": "stop"}]}
    assert (await service(Provider(answer)).complete(HELLO)).content == "ab"


@pytest.mark.parametrize(
    "usage",
    [None, "x", {}, {"prompt_tokens": -1, "completion_tokens": 5}, {"prompt_tokens": "5"},
     {"prompt_tokens": True, "completion_tokens": 1}, {"prompt_tokens": 0, "completion_tokens": 0},
     {"prompt_tokens": 1 << 40, "completion_tokens": 1}, {"prompt_tokens": 1.5}],
)  # fmt: skip
async def test_usage_that_is_missing_or_nonsense_is_bounded_from_above(usage: object) -> None:
    answer = {"choices": [{"message": {"content": "hello"}}], "usage": usage}
    outcome = await service(Provider(answer)).send(request("four"))
    assert outcome.usage.estimated
    assert outcome.usage.output_tokens == 5
    assert outcome.usage.input_tokens >= 4


async def test_cached_tokens_are_read() -> None:
    answer = said("hi")
    answer["usage"]["prompt_tokens_details"] = {"cached_tokens": 4}
    assert (await service(Provider(answer)).send(request())).usage.cached_tokens == 4


async def test_a_schema_is_asked_for_as_json_schema() -> None:
    fake = Provider(said(OAK))
    reply = await service(fake).complete(HELLO, response_type=Town)
    assert reply.parsed == Town(name="Oak", people=3)
    asked = fake.bodies[0]["response_format"]
    assert asked["type"] == "json_schema"
    assert asked["json_schema"] == {"name": "Town", "schema": TOWN.schema, "strict": True}


def refusing(*words: str) -> object:
    def handler(asked: httpx.Request) -> httpx.Response:
        sent = json.loads(asked.content).get("response_format", {}).get("type", "none")
        if sent in words:
            text = f"response_format {sent} is not supported"
            return httpx.Response(400, json={"error": {"message": text}})
        return httpx.Response(200, json=said(OAK))

    return handler


@pytest.mark.parametrize(
    ("refused", "ways"),
    [
        ((), ["json_schema"]),
        (("json_schema",), ["json_schema", "json_object"]),
        (("json_schema", "json_object"), ["json_schema", "json_object", None]),
    ],
)
async def test_the_way_down_is_taken_once_and_remembered(
    refused: tuple[str, ...], ways: list[str | None]
) -> None:
    fake = Provider(refusing(*refused))
    llm = service(fake)
    first = await llm.complete(HELLO, response_type=Town)
    second = await llm.complete(HELLO, response_type=dict[str, int | str])
    assert first.parsed == Town(name="Oak", people=3)
    assert second.parsed == OAK
    sent = [body.get("response_format", {}).get("type") for body in fake.bodies]
    assert sent == [*ways, ways[-1]]
    if len(ways) > 1:
        system = fake.bodies[-1]["messages"][0]
        assert system["role"] == "system"
        assert "JSON schema" in system["content"]
        assert fake.bodies[-1]["messages"][1:] == HELLO


async def test_the_schema_joins_a_system_message_that_is_there() -> None:
    fake = Provider(refusing("json_schema"))
    messages = [{"role": "system", "content": "Be brief."}, *HELLO]
    await service(fake).complete(messages, response_type=Town)
    sent = fake.bodies[-1]["messages"]
    assert [item["role"] for item in sent] == ["system", "user"]
    assert sent[0]["content"].startswith("Be brief.\n\n")


async def test_a_grammar_that_a_server_cannot_make_is_a_way_down_too() -> None:
    broken = httpx.Response(500, json={"error": {"message": "failed to parse grammar"}})
    fake = Provider(broken, said(OAK))
    assert (await service(fake).complete(HELLO, response_type=Town)).parsed is not None
    assert len(fake.requests) == 2


async def test_a_refusal_for_another_reason_is_no_way_down() -> None:
    text = "maximum context length is 10 tokens"
    fake = Provider(httpx.Response(400, json={"error": {"message": text}}))
    outcome = await service(fake).send(REQUEST)
    assert kind(outcome) is FailureKind.REJECTED
    assert len(fake.requests) == 1


async def test_a_server_that_refuses_every_way_is_rejected_in_the_end() -> None:
    fake = Provider(refusing("json_schema", "json_object", "none"))
    outcome = await service(fake).send(REQUEST)
    assert kind(outcome) is FailureKind.REJECTED
    assert len(fake.requests) == 3


async def test_max_tokens_is_renamed_where_a_model_wants_it() -> None:
    text = "Unsupported parameter: use 'max_completion_tokens' instead of 'max_tokens'"
    fake = Provider(httpx.Response(400, json={"error": {"message": text}}), said("hi"))
    llm = service(fake)
    await llm.complete(HELLO, max_tokens=9)
    await llm.complete(HELLO, max_tokens=9)
    assert ["max_completion_tokens" in body for body in fake.bodies] == [False, True, True]
    assert fake.bodies[2]["max_completion_tokens"] == 9
    assert "max_tokens" not in fake.bodies[2]


async def test_a_compressed_answer_is_refused_unread() -> None:
    def handler(asked: httpx.Request) -> httpx.Response:
        assert asked.headers["accept-encoding"] == "identity"
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Never())

    class Never(httpx.AsyncByteStream):
        async def __aiter__(self):
            raise AssertionError
            yield b""

    outcome = await service(Provider(handler), provider(max_retries=0)).send(request())
    assert kind(outcome) is FailureKind.UNAVAILABLE
    assert "compressed" in str(outcome.failure)

"""Every field of ProviderConfig does what it says."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from _fakes import HELLO, Provider, VirtualClock, provider, request, said, service
from scrai.errors import ConfigurationError, LLMError
from scrai.llm import FailureKind, OpenAICompatibleClient, ProviderConfig


def test_it_has_the_fields_of_the_contract_in_their_order() -> None:
    config = ProviderConfig(
        "lmstudio", "m", "http://h/v1", "key", "X-Key", 7, 2, {"A": "b"}, "mine"
    )
    assert (config.name, config.model, config.base_url) == ("lmstudio", "m", "http://h/v1")
    assert (config.api_key, config.api_key_header) == ("key", "X-Key")
    assert (config.timeout, config.max_retries) == (7, 2)
    assert (config.extra_headers, config.provider_label) == ({"A": "b"}, "mine")
    bare = ProviderConfig("openrouter")
    assert (bare.timeout, bare.max_retries, bare.api_key_header) == (30, 3, "Authorization")
    assert (bare.model, bare.base_url, bare.api_key, bare.provider_label) == (None,) * 4
    assert bare.extra_headers == {}


async def test_base_url_model_and_sampling_reach_the_server() -> None:
    fake = Provider(said("hi"))
    llm = service(fake, provider(base_url="http://one.example/api/v1/", model="big"))
    reply = await llm.complete(
        HELLO, max_tokens=7, temperature=0.5, top_p=0.9, seed=3, stop="END", role="events"
    )
    assert str(fake.requests[0].url) == "http://one.example/api/v1/chat/completions"
    assert fake.bodies[0] == {
        "model": "big",
        "messages": HELLO,
        "max_tokens": 7,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 3,
        "stop": ["END"],
    }
    assert (reply.content, reply.model, reply.provider) == ("hi", "big", "openai-compatible")
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (10, 5)
    assert reply.finish_reason == "stop"


@pytest.mark.parametrize(
    ("header", "value"), [("Authorization", "Bearer sesame-1"), ("X-Api-Key", "sesame-1")]
)
async def test_the_key_goes_into_its_header(header: str, value: str) -> None:
    fake = Provider(said("hi"))
    await service(fake, provider(api_key="sesame-1", api_key_header=header)).complete(HELLO)
    assert fake.requests[0].headers[header] == value
    assert [k for k, v in fake.requests[0].headers.items() if "sesame" in v] == [header.lower()]


async def test_without_a_key_no_such_header_is_sent() -> None:
    fake = Provider(said("hi"))
    await service(fake).complete(HELLO)
    assert "authorization" not in fake.requests[0].headers


async def test_extra_headers_are_sent_with_every_request() -> None:
    fake = Provider({"data": [{"id": "m"}]}, said("hi"))
    llm = service(fake, provider(extra_headers={"X-Title": "a town"}))
    await llm.list_models()
    await llm.complete(HELLO)
    assert [item.headers["x-title"] for item in fake.requests] == ["a town"] * 2


async def test_the_label_names_the_provider_in_replies_errors_and_calls() -> None:
    llm = service(Provider(said("hi"), 400), provider(provider_label="lab-box", max_retries=0))
    assert (await llm.complete(HELLO, provider="lab-box")).provider == "lab-box"
    with pytest.raises(LLMError, match=r"^lab-box: HTTP 400"):
        await llm.complete(HELLO, provider="openai-compatible")


async def test_timeout_bounds_an_attempt() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    client = OpenAICompatibleClient(
        provider(timeout=0.01, max_retries=1),
        env={},
        clock=VirtualClock(),
        transport=httpx.MockTransport(never),
    )
    outcome = await client.complete(request())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TIMEOUT
    assert "0.01 s" in outcome.failure.message
    assert len(outcome.attempts) == 2


@pytest.mark.parametrize("retries", [0, 1, 4])
async def test_max_retries_are_attempts_after_the_first(retries: int) -> None:
    fake = Provider(503)
    outcome = await service(fake, provider(max_retries=retries)).send(request())
    assert len(fake.requests) == len(outcome.attempts) == retries + 1


async def test_concurrency_bounds_the_requests_under_way() -> None:
    now, most = 0, 0

    async def handler(_: httpx.Request) -> httpx.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _again in range(5):
            await asyncio.sleep(0)
        now -= 1
        return httpx.Response(200, json=said("hi"))

    llm = service(httpx.MockTransport(handler), provider(concurrency=3))
    await asyncio.gather(*(llm.send(request(str(n))) for n in range(20)))
    assert most == 3


async def test_max_reply_bytes_bounds_what_is_read() -> None:
    llm = service(Provider(said("x" * 2000)), provider(max_reply_bytes=1024))
    outcome = await llm.send(request())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TOO_LARGE
    assert outcome.content is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name": " "}, "name"),
        ({"base_url": "ftp://x"}, "http"),
        ({"base_url": "localhost:1234"}, "http"),
        ({"base_url": "http://"}, "http"),
        ({"base_url": "http://user:pw@host/v1"}, "user"),
        ({"base_url": "http://host/v1?key=abc"}, "query"),
        ({"api_key": "a\nb"}, "key"),
        ({"api_key_header": "a b"}, "header"),
        ({"extra_headers": {"A": "b\r\nC: d"}}, "header"),
        ({"extra_headers": {"": "b"}}, "header"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"concurrency": 0}, "concurrency"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"tokens_per_minute": True}, "tokens_per_minute"),
        ({"max_reply_bytes": 1}, "max_reply_bytes"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        ProviderConfig(**{"name": "openai", **settings})  # type: ignore[arg-type]
    assert "pw" not in str(caught.value)
    assert "abc" not in str(caught.value)


async def test_the_first_model_is_asked_where_none_is_named() -> None:
    models = {"data": [{"id": "bge-embedding-x"}, {"id": "zephyr"}, {"id": "hermes"}]}
    fake = Provider(models, said("hi"), said("ho"))
    llm = service(fake, provider("lmstudio", base_url=None, model=None))
    assert (await llm.complete(HELLO)).model == "hermes"
    await llm.complete(HELLO)
    assert [item.url.path for item in fake.requests] == ["/v1/models"] + [
        "/v1/chat/completions"
    ] * 2
    assert fake.requests[0].url.port == 1234


async def test_a_provider_without_any_model_says_so() -> None:
    llm = service(Provider({"data": []}), provider("ollama", base_url=None, model=None))
    with pytest.raises(LLMError, match="ollama: it has no model"):
        await llm.complete(HELLO)

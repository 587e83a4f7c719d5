"""Keys reach their own provider's header and nothing else."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from dataclasses import asdict

import httpx
import orjson
import pytest

from _fakes import HELLO, provider, said
from scrai.errors import ConfigurationError, LLMError
from scrai.llm import (
    FailureKind,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMService,
    LLMServiceConfig,
    OpenAICompatibleClient,
    ProviderConfig,
    Secret,
)

CANARIES = {
    "OPENROUTER_API_KEY": "canary-openrouter",
    "OPENAI_API_KEY": "canary-openai",
    "LM_STUDIO_API_KEY": "canary-lmstudio",
    "LM_PROXY_API_KEY": "canary-lmproxy",
    "OLLAMA_API_KEY": "canary-ollama",
    "SCRAI_LLM_API_KEY": "canary-scrai",
}
ADDRESSES = {
    "OPENROUTER_BASE_URL": "http://openrouter.example/v1",
    "OPENAI_BASE_URL": "http://openai.example/v1",
    "LM_STUDIO_BASE_URL": "http://lmstudio.example/v1",
    "LM_PROXY_BASE_URL": "http://lmproxy.example/v1",
    "OLLAMA_BASE_URL": "http://ollama.example/v1",
}
OWN = {
    "SCRAI_LLM_PROVIDER": "openai-compatible",
    "SCRAI_LLM_BASE_URL": "http://scrai.example/v1",
    "SCRAI_LLM_PROVIDER_LABEL": "own",
    "SCRAI_LLM_MAX_RETRIES": "0",
    "SCRAI_LLM_FALLBACKS": "openrouter, openai, lmstudio, lm_proxy, ollama/smol",
}
MODELS = {f"{name}_MODEL": "m" for name in ("OPENROUTER", "OPENAI", "LM_STUDIO", "LM_PROXY")}
ENVIRONMENT = {**CANARIES, **ADDRESSES, **OWN, **MODELS, "SCRAI_LLM_MODEL": "m"}


def echo(request: httpx.Request) -> httpx.Response:
    """A server that tells everything it heard, in every place where it can."""
    heard = " ".join(f"{name}={value}" for name, value in request.headers.items())
    return httpx.Response(
        400, json={"error": {"message": heard}}, headers={"x-heard": heard}, request=request
    )


async def test_each_key_goes_to_its_own_server_and_shows_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return echo(request)

    config = LLMServiceConfig.from_env(ENVIRONMENT)
    llm = LLMService(config, env=ENVIRONMENT, transport=httpx.MockTransport(handler))
    with pytest.raises(LLMError) as caught:
        await llm.complete(HELLO)
    outcome = await llm.send(LLMRequest((LLMMessage("user", "x"),)))
    problems = await llm.diagnose()
    assert len({request.url.host for request in seen}) == 6
    for request in seen:
        host = request.url.host.partition(".")[0]
        carried = {k: v for k, v in request.headers.items() if "canary" in v}
        assert carried == {"authorization": f"Bearer canary-{host}"}
        assert b"canary" not in request.content
        assert "canary" not in str(request.url)
    shown = [
        caplog.text, repr(caught.value), str(caught.value), repr(caught.value.outcome),
        json.dumps(outcome.to_json()), repr(problems), repr(config), str(config), repr(llm),
        repr(asdict(config)), json.dumps(asdict(config)), orjson.dumps(asdict(config)).decode(),
    ]  # fmt: skip
    assert [text[:200] for text in shown if "canary" in text] == []
    assert "********" in repr(caught.value.outcome)


async def test_a_key_that_a_server_puts_into_a_reply_or_a_list_is_masked() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        key = request.headers["authorization"]
        if request.method == "GET":
            return httpx.Response(200, json={"data": [{"id": key}]})
        if b"stream" in request.content:
            event = json.dumps({"choices": [{"delta": {"content": key}, "finish_reason": "stop"}]})
            head = {"content-type": "text/event-stream"}
            return httpx.Response(200, content=f"data: {event}\n\n", headers=head)
        return httpx.Response(200, json=said(f"your key is {key}"))

    llm = LLMService(
        LLMServiceConfig(provider(api_key="canary-1")),
        env={},
        transport=httpx.MockTransport(handler),
    )
    said_ = [
        (await llm.complete(HELLO)).content,
        *await llm.list_models(),
        *[piece async for piece in llm.stream(HELLO)],
    ]
    assert len(said_) == 3
    assert "canary" not in repr(said_)


async def test_a_network_error_that_quotes_the_key_is_masked() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"cannot send {request.headers['authorization']}")

    client = OpenAICompatibleClient(
        provider(api_key="canary-1", max_retries=0),
        env={},
        transport=httpx.MockTransport(handler),
    )
    outcome = await client.complete(LLMRequest((LLMMessage("user", "x"),)))
    assert "cannot send" in repr(outcome)
    assert "canary" not in repr(outcome)


async def test_values_of_extra_headers_are_masked_too() -> None:
    transport = httpx.MockTransport(echo)
    config = provider(extra_headers={"X-Token": "canary-token"}, max_retries=0)
    assert "canary" not in repr(config)
    llm = LLMService(LLMServiceConfig(config), env={}, transport=transport)
    outcome = await llm.send(LLMRequest((LLMMessage("user", "x"),)))
    assert "x-token" in repr(outcome)
    assert "canary" not in repr(outcome)


def test_a_secret_is_a_mask_wherever_it_is_put() -> None:
    secret = Secret("canary")
    shown = [
        str(secret), repr(secret), f"{secret}", f"{secret:>20}", "%s" % secret,  # noqa: UP031
        "".join([secret, "x"]), secret + "", json.dumps({"k": secret}), secret.upper(),
        orjson.dumps({"k": secret}).decode(), secret[:], " ".join(list(secret)),
    ]  # fmt: skip
    assert [text for text in shown if "canary" in text.lower()] == []
    assert secret.reveal() == "canary"
    assert type(secret.reveal()) is str
    for other in (Secret(secret), copy.deepcopy(secret), pickle.loads(pickle.dumps(secret))):
        assert other == secret
        assert other.reveal() == "canary"
    assert secret == "canary"
    assert secret != "other"
    assert hash(secret) == hash("canary")
    assert bool(Secret("")) is False


def test_a_key_that_cannot_be_sent_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        ProviderConfig("openai", api_key="canary\u20ac")
    assert "canary" not in str(caught.value)


def test_a_failures_message_is_bounded_and_encodable() -> None:
    failure = LLMFailure(FailureKind.EMPTY, "\ud800" + "x" * 10_000)
    assert len(failure.message) == 500
    assert LLMOutcome.from_json(json.loads(json.dumps(LLMOutcome(None, failure).to_json())))

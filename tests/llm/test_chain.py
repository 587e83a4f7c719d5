"""Which provider is asked, and when the next one is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from _fakes import HELLO, Provider, by_host, provider, request, said, service
from scrai.errors import (
    ConfigurationError,
    InvalidInputError,
    LLMError,
    LLMRejectedError,
    LLMReplyError,
    LLMUnavailableError,
)
from scrai.llm import (
    CallKey,
    Deadline,
    FailureKind,
    LLMClient,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMService,
    LLMServiceConfig,
    ProviderConfig,
    ScriptedClient,
)

TWO = (
    provider(provider_label="one", max_retries=1),
    provider(base_url="http://two.example/v1", provider_label="two", max_retries=1),
)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 418, 422, 429, 500, 503])
async def test_any_client_or_server_error_moves_on(status: int) -> None:
    one, two = Provider(status), Provider(said("hi"))
    reply = await service(by_host(one=one, two=two), *TWO).complete(HELLO)
    assert (reply.provider, reply.content) == ("two", "hi")
    assert [item.provider for item in reply.attempts][-1] == "two"
    assert {item.status for item in reply.attempts if item.provider == "one"} == {status}


async def test_a_network_error_moves_on() -> None:
    one, two = Provider(httpx.ConnectError("refused")), Provider(said("hi"))
    assert (await service(by_host(one=one, two=two), *TWO).complete(HELLO)).provider == "two"


async def test_a_missing_key_moves_on_and_sends_nothing() -> None:
    two = Provider(said("hi"))
    llm = service(by_host(two=two), ProviderConfig("openrouter"), TWO[1])
    reply = await llm.complete(HELLO)
    assert reply.provider == "two"
    assert len(reply.attempts) == 1


async def test_when_all_fail_the_last_error_is_raised_and_says_it_of_each() -> None:
    llm = service(by_host(one=Provider(500), two=Provider(401)), *TWO)
    with pytest.raises(LLMRejectedError, match="one: HTTP 500; two: HTTP 401") as caught:
        await llm.complete(HELLO)
    assert caught.value.kind == "rejected"
    assert [item.status for item in caught.value.outcome.attempts] == [500, 500, 401]
    llm = service(by_host(one=Provider(401), two=Provider(500)), *TWO)
    with pytest.raises(LLMUnavailableError):
        await llm.complete(HELLO)


async def test_what_the_model_says_does_not_move_on() -> None:
    one = Provider(said(None, refusal="no"))
    with pytest.raises(LLMReplyError, match="refuses: no"):
        await service(by_host(one=one), *TWO).complete(HELLO)


async def test_send_never_raises_for_what_is_remote() -> None:
    outcome = await service(by_host(one=Provider(500), two=Provider(404)), *TWO).send(request())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.REJECTED
    assert LLMOutcome.from_json(outcome.to_json()) == outcome


async def test_one_provider_can_be_asked_alone() -> None:
    one, two = Provider(said("1")), Provider(500)
    llm = service(by_host(one=one, two=two), *TWO)
    with pytest.raises(LLMUnavailableError):
        await llm.complete(HELLO, provider="two")
    assert not one.requests
    assert (await llm.complete(HELLO, provider="scripted")).provider == "scripted"
    with pytest.raises(ConfigurationError, match="no provider 'openroutr'") as caught:
        await llm.complete(HELLO, provider="openroutr")
    assert "openrouter" in (caught.value.hint or "")


async def test_a_model_is_named_for_one_call_and_shares_the_connections() -> None:
    fake = Provider(said("hi"))
    llm = service(fake)
    await llm.complete(HELLO, model="other")
    await llm.complete(HELLO)
    assert [body["model"] for body in fake.bodies] == ["other", "m"]
    assert len(llm._clients._made) == 1


async def test_roles_choose_the_provider() -> None:
    fake = Provider(said("hi"))
    llm = service(
        fake,
        provider(model="base"),
        roles={
            "events": "http://one.example/v1#big",
            "actor": "scripted",
            "actor:mayor": "http://one.example/v1#mayor",
        },
    )
    for role in ("default", "events", "actor:mayor", "actor:doctor", "world"):
        await llm.complete(HELLO, role=role)
    assert [body["model"] for body in fake.bodies] == ["base", "big", "mayor", "base"]


async def test_a_role_falls_back_like_everybody() -> None:
    llm = service(
        by_host(one=Provider(401), two=Provider(said("hi"))),
        provider("openai-compatible", base_url="http://three.example/v1"),
        TWO[1],
        roles={"events": "http://one.example/v1#big"},
    )
    assert (await llm.complete(HELLO, role="events")).provider == "two"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"temprature": 1}, "temprature"),
        ({"max_repairs": 1}, "response_type"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"top_p": -1}, "top_p"),
        ({"seed": 1 << 70}, "seed"),
    ],
)
async def test_a_wrong_argument_is_the_callers_error(
    arguments: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        await service(Provider(said("hi"))).complete(HELLO, **arguments)


@pytest.mark.parametrize(
    "messages",
    [[], [{"role": "user"}], [{"role": "boss", "content": "x"}], ["x"],
     [{"role": "user", "content": 1}], [{"role": "user", "content": "\ud800"}]],
)  # fmt: skip
async def test_a_wrong_message_is_the_callers_error(messages: list[object]) -> None:
    with pytest.raises(InvalidInputError):
        await service(Provider(said("hi"))).complete(messages)  # type: ignore[arg-type]


class Oracle(LLMClient):
    """A provider of another kind."""

    label = "oracle"
    model = "delphi"
    closed = False

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        assert deadline is not None
        assert 0 < deadline.left() <= 300
        return LLMOutcome(f"beware of {request.messages[-1].content}", provider="oracle")

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        yield "beware"

    async def list_models(self) -> list[str]:
        return ["delphi"]

    async def close(self) -> None:
        self.closed = True


async def test_a_client_of_ones_own_takes_part() -> None:
    oracle = Oracle()
    config = LLMServiceConfig(ProviderConfig("oracle"), [ProviderConfig("scripted")])
    async with LLMService(config, env={}, clients={"oracle": oracle}) as llm:
        reply = await llm.complete([LLMMessage("user", "the ides")])
        assert (reply.content, reply.provider) == ("beware of the ides", "oracle")
        assert await llm.list_models("oracle") == ["delphi"]
        assert await llm.validate()
    assert oracle.closed


async def test_list_models_and_validate_really_ask() -> None:
    one, two = Provider({"data": [{"id": "b"}, {"id": "a"}, {"no": 1}]}), Provider(500)
    llm = service(by_host(one=one, two=two), *TWO)
    assert await llm.list_models() == ["a", "b"]
    assert await llm.list_models("one") == ["a", "b"]
    assert await llm.validate() is False
    assert [item.url.path for item in one.requests] == ["/v1/models"] * 3
    problems = await llm.diagnose()
    assert problems["one"] is None
    assert "HTTP 500" in str(problems["two"])
    with pytest.raises(LLMError, match="two: HTTP 500"):
        await llm.list_models("two")


async def test_openrouter_is_asked_whether_the_key_is_good() -> None:
    fake = Provider(401, {"data": {}})
    llm = service(fake, ProviderConfig("openrouter", api_key="key-1"))
    assert await llm.validate() is False
    assert await llm.validate() is True
    assert {item.url.path for item in fake.requests} == {"/api/v1/key"}
    assert fake.requests[0].headers["authorization"] == "Bearer key-1"


@pytest.mark.parametrize(("model", "good"), [("smol", True), ("smol:latest", True), ("big", False)])
async def test_ollama_is_asked_whether_it_has_the_model(model: str, good: bool) -> None:
    fake = Provider({"data": [{"id": "smol:latest"}]})
    assert await service(fake, provider("ollama", model=model)).validate() is good


async def test_scripted_replies_can_be_laid_down_beside_a_chain() -> None:
    scripted = ScriptedClient({"*": "laid down"})
    llm = service(
        Provider(500), provider(max_retries=0), ProviderConfig("scripted"),
        clients={"scripted": scripted},
    )  # fmt: skip
    assert (await llm.complete(HELLO)).content == "laid down"

"""Which attempts may have been worked on in vain, and what is asked before the next one."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from _fakes import Provider, provider, request, said, service
from _server import Exchange, serving
from scrai.llm import (
    CallKey,
    Deadline,
    FailureKind,
    LLMAttempt,
    LLMClient,
    LLMOutcome,
    LLMRequest,
    LLMService,
    LLMServiceConfig,
    LLMUsage,
    ProviderConfig,
    worst_usage,
)

BROKEN = {"choices": [{"message": {"content": "It"}, "finish_reason": "error"}]}


@pytest.mark.parametrize(
    ("step", "lost"),
    [
        *((status, False) for status in (301, 400, 401, 402, 404, 408, 409, 413, 422, 425, 429)),
        *((status, False) for status in (501, 503, 505, 529)),
        *((status, True) for status in (500, 502, 504, 520, 524)),
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("far away"), False),
        (httpx.ProxyError("403"), False),
        (httpx.ReadTimeout("late"), True),
        (httpx.WriteTimeout("late"), True),
        (httpx.ReadError("reset"), True),
        (httpx.WriteError("reset"), True),
        (httpx.RemoteProtocolError("hung up"), True),
        (TimeoutError(), True),
        ({"nonsense": 1}, True),
        ({"error": {"code": 429, "message": "slow"}}, False),
        ({"error": {"code": 502, "message": "upstream"}}, True),
        ({"error": {"message": "who knows"}}, True),
        (BROKEN | {"error": {"code": 429}}, True),
        (httpx.Response(200, headers={"content-encoding": "br"}, content=b""), True),
        (httpx.Response(200, content=b"{" + b" " * 9_000), True),
        (httpx.Response(429, content=b" " * 9_000), False),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_which_attempts_are_lost(step: Any, lost: bool) -> None:
    config = provider(max_retries=0, max_reply_bytes=4096)
    outcome = await service(Provider(step), config, prices={"*/m": RATE}).send(request())
    (attempt,) = outcome.attempts
    assert outcome.failure is not None
    assert attempt.lost is lost
    bound = worst_usage(request())
    figures = (bound.input_tokens, bound.output_tokens)
    usage = attempt.usage
    assert (usage and (usage.input_tokens, usage.output_tokens)) == (figures if lost else None)
    assert LLMOutcome.from_json(outcome.to_json()) == outcome


RATE = {"input": 1.0, "output": 1.0}


def test_attempts_that_were_recorded_before_there_were_losses_are_read() -> None:
    outcome = LLMOutcome("hi", attempts=(LLMAttempt("p", "m", 200, None, 1.0),))
    value = outcome.to_json()
    assert "lost" not in value["attempts"][0]
    assert LLMOutcome.from_json(value) == outcome


class Connecting(httpx.AsyncBaseTransport):
    """Comes as far as it is told, and no further."""

    def __init__(self, *events: str) -> None:
        self._events = events

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for event in self._events:
            await request.extensions["trace"](event, {})
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(
    ("events", "lost"),
    [
        (("connection.connect_tcp.started",), False),
        (("connection.connect_tcp.started", "connection.start_tls.started"), False),
        (("connection.connect_tcp.started", "http11.send_request_headers.started"), True),
        (("http11.send_request_headers.started",), True),
        ((), True),
    ],
)
async def test_time_that_runs_out_while_connecting_costs_nothing(
    events: tuple[str, ...], lost: bool
) -> None:
    config = LLMServiceConfig(provider(max_retries=0, timeout=0.02))
    async with LLMService(config, env={}, transport=Connecting(*events)) as llm:
        outcome = await llm.send(request())
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.TIMEOUT
    assert [attempt.lost for attempt in outcome.attempts] == [lost]


async def test_over_a_real_connection() -> None:
    async def hang_up(exchange: Exchange) -> None:
        raise ConnectionResetError

    asked = asyncio.Event()

    async def stall(exchange: Exchange) -> None:
        await asked.wait()

    async def one(url: str) -> bool:
        config = ProviderConfig("openai-compatible", "m", url, max_retries=0, timeout=0.3)
        async with LLMService(LLMServiceConfig(config), env={}) as llm:
            (attempt,) = (await llm.send(request())).attempts
        return attempt.lost

    async with serving(hang_up) as server:
        assert await one(server.url)
    async with serving(stall) as server:
        assert await one(server.url)
        asked.set()
        url = server.url
    assert not await one(url), "nobody listens there any more"


async def test_a_list_of_models_costs_nothing() -> None:
    fake = Provider(httpx.ReadTimeout("late"), {"data": [{"id": "m"}]}, said("hi"))
    outcome = await service(fake, provider(model=None)).send(request())
    assert [attempt.lost for attempt in outcome.attempts] == [False, False, False]


async def test_more_is_asked_for_after_losses_only() -> None:
    asked: list[int] = []

    async def allow(amount: int) -> bool:
        asked.append(amount)
        return len(asked) < 3

    fake = Provider(503, httpx.ReadTimeout("late"), 429, 502, said("hi"))
    llm = service(fake, provider(max_retries=9), prices={"openai-compatible/m": RATE})
    bound = worst_usage(request())
    worst = 1000 * (bound.input_tokens + bound.output_tokens)
    outcome = await llm.send(request(), allow=allow)
    # 503 and 429 were free: after the time-out it is two worst cases, after 502 three.
    assert asked == [2 * worst, 2 * worst, 3 * worst]
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.BUDGET
    assert outcome.failure.message.startswith("openai-compatible: HTTP 502; a budget does not")
    assert len(fake.requests) == 4
    assert llm.cost(outcome) == 0


class Careless(LLMClient):
    """Asks nobody before it tries again, but says what it lost."""

    label = "careless"
    model = "m"

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        attempt = LLMAttempt("careless", "m", None, "late", 1.0, LLMUsage(0, 9), lost=True)
        return LLMOutcome.failed(
            FailureKind.TIMEOUT, "late", provider=self.label, attempts=(attempt, attempt)
        )

    def stream(self, request: LLMRequest) -> Any:
        raise NotImplementedError

    async def list_models(self) -> list[str]:
        return []


async def test_a_client_of_ones_own_can_lose_attempts_too() -> None:
    asked: list[int] = []

    async def allow(amount: int) -> bool:
        asked.append(amount)
        return False

    fake = Provider(said("hi"))
    prices = {"careless/m": RATE, "openai-compatible/m": RATE}
    chain = (provider("careless"), provider())
    llm = service(fake, *chain, prices=prices, clients={"careless": Careless()})
    outcome = await llm.send(request(), allow=allow)
    assert len(asked) == 1
    assert fake.requests == []
    assert outcome.failure is not None
    assert outcome.failure.kind is FailureKind.BUDGET
    assert outcome.failure.message.startswith("late; openai-compatible: a budget does not allow")


async def test_who_was_cut_off_or_said_nothing_may_have_counted_all_that_was_allowed() -> None:
    for reply in (said("It ra", finish="length", usage=None), said("", usage=None)):
        outcome = await service(Provider(reply)).send(request())
        assert outcome.usage.output_tokens == request().max_tokens
        assert outcome.usage.estimated
    outcome = await service(Provider(said("rain", usage=None))).send(request())
    assert outcome.usage.output_tokens == 4

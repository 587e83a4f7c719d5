"""Over a real connection: streams, slow and huge replies, hang-ups, cancellation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from _fakes import HELLO, VirtualClock, request, said
from _server import Exchange, Server, serving, settled
from scrai.errors import LLMReplyError, LLMTimeoutError, LLMUnavailableError
from scrai.llm import (
    Clock,
    FailureKind,
    LLMOutcome,
    LLMService,
    LLMServiceConfig,
    ProviderConfig,
    worst_usage,
)


def service(server: Server, clock: Clock | None = None, **settings: Any) -> LLMService:
    config = ProviderConfig("openai-compatible", "m", server.url, **settings)
    return LLMService(LLMServiceConfig(config), env={}, clock=clock or VirtualClock())


def kind(outcome: LLMOutcome) -> FailureKind | None:
    return outcome.failure.kind if outcome.failure else None


def delta(text: str | None, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}, "finish_reason": finish}]}


async def test_a_call_and_one_connection_for_many() -> None:
    async def handler(exchange: Exchange) -> None:
        assert exchange.headers["content-type"] == "application/json"
        await exchange.json(said("hi"))

    most = 0
    async with serving(handler) as server, service(server) as llm:
        for _ in range(5):
            assert (await llm.complete(HELLO)).content == "hi"
            most = max(most, server.open)
        assert len(server.requests) == 5
    assert most == 1


async def test_a_stream_arrives_piece_by_piece() -> None:
    go = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await exchange.head(content_type="text/event-stream", connection="close")
        await exchange.send(b": a comment\r\n\r\nevent: x\r\n")
        await exchange.send(b'data: {"choices":[{"delta":{"content":"caf\xc3')
        await exchange.send(b'\xa9 "}}]}\r\n\r\n')
        await go.wait()
        await exchange.send(b'data:{"choices":[]}\n\ndata: {"choices":[{"delta":{}}]}\n\n')
        await exchange.send(b'data: {"choices":[{"delta":{"content":"noir"}}]}\n\n')
        await exchange.send(b"data: [DONE]\n\n")
        exchange.writer.close()

    async with serving(handler) as server, service(server) as llm:
        stream = llm.stream(HELLO, max_tokens=5)
        assert await anext(stream) == "café "
        go.set()
        assert [piece async for piece in stream] == ["noir"]
        assert b'"stream":true' in server.requests[0].body


async def test_a_stream_without_done_that_was_finished_is_whole() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.events(delta("hi"), delta(None, "stop"), end=False)
        exchange.writer.close()

    async with serving(handler) as server, service(server) as llm:
        assert [piece async for piece in llm.stream(HELLO)] == ["hi"]


async def test_a_stream_that_breaks_off_says_so_and_what_came_stands() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.events(delta("half"), end=False)
        exchange.writer.close()

    async with serving(handler) as server, service(server) as llm:
        got: list[str] = []

        async def listen() -> None:
            async for piece in llm.stream(HELLO):
                got.append(piece)  # noqa: PERF401 - the point is what was had before the error

        with pytest.raises(LLMUnavailableError, match="broke off"):
            await listen()
        assert got == ["half"]
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "event", [b"data: {oops\n\n", b'data: {"error": {"message": "overloaded"}}\n\n', b"data: 1\n\n"]
)
async def test_a_stream_that_fails_before_its_first_word_is_opened_again(event: bytes) -> None:
    async def handler(exchange: Exchange) -> None:
        if len(server.requests) < 3:
            await exchange.events(event, end=False)
        else:
            await exchange.events(delta("hi"))
        exchange.writer.close()

    clock = VirtualClock()
    async with serving(handler) as server, service(server, clock) as llm:
        assert [piece async for piece in llm.stream(HELLO)] == ["hi"]
        assert len(server.requests) == 3
    assert clock.slept == [0.5, 1.0]


async def test_an_error_within_a_stream_is_told() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.events({"error": {"message": "overloaded"}}, end=False)
        exchange.writer.close()

    async with serving(handler) as server, service(server, max_retries=0) as llm:
        with pytest.raises(LLMUnavailableError, match="HTTP 502: overloaded"):
            await anext(llm.stream(HELLO))


async def test_a_server_that_does_not_stream_is_heard_all_the_same() -> None:
    async with (
        serving(lambda exchange: exchange.json(said("all at once"))) as server,
        service(server) as llm,
    ):
        assert [piece async for piece in llm.stream(HELLO)] == ["all at once"]


async def test_a_stream_moves_on_while_nothing_was_said() -> None:
    async with serving(lambda exchange: exchange.json({}, 401)) as server:
        config = LLMServiceConfig(
            ProviderConfig("openai-compatible", "m", server.url), [ProviderConfig("scripted")]
        )
        async with LLMService(config, env={}) as llm:
            assert "not a model" in "".join([piece async for piece in llm.stream(HELLO)])


async def test_a_stream_that_is_left_leaves_no_connection() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.head(content_type="text/event-stream")
        while True:
            await exchange.send(b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n')

    async with serving(handler) as server, service(server, concurrency=1) as llm:
        for _ in range(3):
            stream = llm.stream(HELLO)
            assert await anext(stream) == "x"
            await stream.aclose()  # type: ignore[attr-defined]
            await settled(lambda: server.open == 0)


async def test_a_flood_is_cut_off_at_the_bound_and_is_not_asked_again() -> None:
    sent = 0

    async def handler(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.head(content_type="application/json")
        for _ in range(2000):
            await exchange.send(b" " * 65536)
            sent += 65536

    async with serving(handler) as server, service(server, max_reply_bytes=1 << 20) as llm:
        outcome = await llm.send(request())
        assert kind(outcome) is FailureKind.TOO_LARGE
        (attempt,) = outcome.attempts
        assert attempt.lost
        assert attempt.usage == replace(worst_usage(request()), estimated=True)
        assert len(server.requests) == 1
        await settled(lambda: server.open == 0)
        assert sent < 64 << 20
        with pytest.raises(LLMReplyError) as caught:
            await llm.complete(HELLO)
        assert caught.value.kind == "too_large"


async def test_a_flood_of_a_stream_is_cut_off_too() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.head(content_type="text/event-stream")
        while True:
            await exchange.send(b"x" * 65536)

    async with serving(handler) as server, service(server, max_reply_bytes=1 << 20) as llm:
        with pytest.raises(LLMReplyError, match="over 1048576 bytes"):
            await anext(llm.stream(HELLO))
        await settled(lambda: server.open == 0)


@pytest.mark.parametrize("when", ["before", "head", "body"])
async def test_a_hang_up_is_tried_again(when: str) -> None:
    async def handler(exchange: Exchange) -> None:
        if len(server.requests) == 3:
            await exchange.json(said("hi"))
            return
        if when != "before":
            await exchange.head(content_type="application/json", content_length="1000")
        if when == "body":
            await exchange.send(b'{"choices": [')
        exchange.writer.close()

    async with serving(handler) as server, service(server) as llm:
        outcome = await llm.send(request())
        assert outcome.content == "hi"
        assert [item.status for item in outcome.attempts] == [None, None, 200]


async def test_a_reply_that_drips_is_bounded_as_a_whole() -> None:
    async def handler(exchange: Exchange) -> None:
        await exchange.head(content_type="application/json", content_length="100000")
        while True:
            await exchange.send(b" ")
            await asyncio.sleep(0.01)

    async with (
        serving(handler) as server,
        service(server, timeout=0.2, max_retries=0) as llm,
    ):
        with pytest.raises(LLMTimeoutError):
            await llm.complete(HELLO)
        await settled(lambda: server.open == 0)


async def test_nobody_there_is_unavailable() -> None:
    async with serving(lambda exchange: exchange.json({})) as server:
        pass
    async with service(server) as llm:
        outcome = await llm.send(request())
        assert kind(outcome) is FailureKind.UNAVAILABLE
        assert len(outcome.attempts) == 4
        assert await llm.validate() is False


async def test_cancelling_calls_leaks_no_connection_and_no_task() -> None:
    free = asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        await free.wait()
        await exchange.json(said("hi"))

    before = asyncio.all_tasks()
    async with serving(handler) as server:
        async with service(server, concurrency=4) as llm:
            calls = [asyncio.create_task(llm.send(request(str(n)))) for n in range(10)]
            await settled(lambda: len(server.requests) == 4)
            for call in calls:
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(item, asyncio.CancelledError) for item in results)
            free.set()
            # All four places are free again: four calls at once go through.
            outcomes = await asyncio.gather(*(llm.send(request(str(n))) for n in range(4)))
            assert [item.content for item in outcomes] == ["hi"] * 4
        await settled(lambda: server.open == 0)
        assert {
            task for task in asyncio.all_tasks() - before if "_connected" not in repr(task)
        } == set()


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async def elsewhere(exchange: Exchange) -> None:
        await exchange.json(said("stolen"))

    async with serving(elsewhere) as thief:

        async def handler(exchange: Exchange) -> None:
            await exchange.head(307, location=thief.url + "/chat/completions", content_length="0")

        async with serving(handler) as server, service(server, api_key="sesame-123") as llm:
            outcome = await llm.send(request())
            assert kind(outcome) is FailureKind.REJECTED
            assert "redirect" in str(outcome.failure)
        assert thief.requests == []

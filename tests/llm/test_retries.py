"""Retries, deadlines and the circuit breaker, on a clock that nobody waits for."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from _fakes import Provider, VirtualClock, by_host, provider, request, said, service
from scrai.llm import FailureKind, LLMOutcome
from scrai.llm._breaker import ATTEMPTS, FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker


def kind(outcome: LLMOutcome) -> FailureKind | None:
    return outcome.failure.kind if outcome.failure else None


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 504, 529])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    fake = Provider(status, status, said("hi"))
    outcome = await service(fake).send(request())
    assert outcome.content == "hi"
    assert [item.status for item in outcome.attempts] == [status, status, 200]
    assert [item.error is None for item in outcome.attempts] == [False, False, True]


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 413, 422])
async def test_what_will_not_pass_is_not(status: int) -> None:
    fake = Provider(status)
    outcome = await service(fake).send(request())
    assert kind(outcome) is FailureKind.REJECTED
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("x"), httpx.ReadError("x"), httpx.WriteError("x"),
        httpx.RemoteProtocolError("x"), httpx.ConnectTimeout("x"), httpx.ReadTimeout("x"),
        httpx.ProxyError("x"),
    ],
)  # fmt: skip
async def test_network_errors_are_tried_again(error: Exception) -> None:
    fake = Provider(error, error, said("hi"))
    assert (await service(fake).send(request())).content == "hi"


@pytest.mark.parametrize(
    "body",
    [b"<html>oops</html>", b"", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{}]}',
     b'{"choices": [{"message": "x"}]}', b'{"error": {"message": "no", "code": 502}}',
     b'{"error": "overloaded"}', b'{"choices": [[1]]}', b"\xff\xfe", b"[" * 5000],
)  # fmt: skip
async def test_an_answer_that_is_no_completion_is_tried_again(body: bytes) -> None:
    fake = Provider(httpx.Response(200, content=body), said("hi"))
    assert (await service(fake).send(request())).content == "hi"
    always = Provider(lambda _: httpx.Response(200, content=body))
    assert kind(await service(always).send(request())) is FailureKind.UNAVAILABLE


async def test_an_error_that_calls_itself_a_success_counts_as_its_code() -> None:
    fake = Provider({"error": {"message": "no credits", "code": 402}})
    outcome = await service(fake).send(request())
    assert kind(outcome) is FailureKind.REJECTED
    assert "no credits" in str(outcome.failure)


async def test_waits_double_and_are_jittered() -> None:
    for share, wanted in ((0.0, [0.5, 1.0, 2.0]), (1.0, [0.25, 0.5, 1.0])):
        clock = VirtualClock(share)
        await service(Provider(503), clock=clock).send(request())
        assert clock.slept == wanted


@pytest.mark.parametrize(
    ("header", "value", "wait"),
    [
        ("Retry-After", "7", 7.0),
        ("Retry-After", "1.5", 1.5),
        ("Retry-After", "Tue, 01 Jan 2030 00:00:09 GMT", 9.0),
        ("retry-after-ms", "2500", 2.5),
        ("Retry-After", "soon", 0.5),
        ("Retry-After", "-3", 0.5),
        ("Retry-After", "inf", 0.5),
        ("Retry-After", "Tue, 01 Jan 2019 00:00:00 GMT", 0.5),
    ],
)
async def test_retry_after_is_honoured(header: str, value: str, wait: float) -> None:
    clock = VirtualClock()
    fake = Provider(httpx.Response(503, headers={header: value}), said("hi"))
    assert (await service(fake, clock=clock).send(request())).content == "hi"
    assert clock.slept == [wait]


async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    clock = VirtualClock()
    fake = Provider(httpx.Response(429, headers={"Retry-After": "400"}))
    outcome = await service(fake, clock=clock, deadline=300).send(request())
    assert kind(outcome) is FailureKind.UNAVAILABLE
    assert clock.slept == []
    assert len(fake.requests) == 1


async def test_the_deadline_ends_retries_and_the_chain() -> None:
    clock = VirtualClock()

    def slow(_: httpx.Request) -> httpx.Response:
        clock.time += 4.4
        return httpx.Response(503)

    one, two = Provider(slow), Provider(said("hi"))
    llm = service(
        by_host(one=one, two=two), provider(max_retries=10),
        provider(base_url="http://two.example/v1"), clock=clock, deadline=10,
    )  # fmt: skip
    assert kind(await llm.send(request())) is None  # there was time left for the second
    assert len(one.requests) == 2
    assert (clock.time - 100) <= 10
    clock.time += 1000

    def slower(_: httpx.Request) -> httpx.Response:
        clock.time += 11
        return httpx.Response(503)

    one.steps[:] = [slower]
    del two.requests[:]
    assert kind(await llm.send(request())) is FailureKind.UNAVAILABLE
    assert not two.requests


async def test_a_paid_answer_is_not_paid_again() -> None:
    fake = Provider(said("half", finish="error"))
    outcome = await service(fake).send(request())
    assert kind(outcome) is FailureKind.MALFORMED
    assert outcome.usage.output_tokens == 5
    assert len(fake.requests) == 1


def fail(breaker: Breaker) -> None:
    ticket = breaker.admit()
    assert ticket is not None
    breaker.failed(ticket)


def test_the_breaker_opens_probes_and_closes() -> None:
    clock = VirtualClock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        fail(breaker)
    assert breaker.admit() is None
    clock.time += FIRST_PAUSE
    probe = breaker.admit()
    assert probe is not None
    assert breaker.admit() is None, "one probe at a time"
    breaker.failed(probe)
    assert breaker.wait() == 2 * FIRST_PAUSE
    clock.time += 2 * FIRST_PAUSE
    assert breaker.admit() is not None
    breaker.succeeded()
    assert breaker.admit() is not None
    assert breaker.admit() is not None
    for _ in range(50):
        clock.time += breaker.wait()
        fail(breaker)
    assert breaker.wait() == LONGEST_PAUSE


def test_many_calls_that_fail_at_once_open_it_once() -> None:
    breaker = Breaker(VirtualClock())
    tickets = [breaker.admit() for _ in range(32)]
    for ticket in tickets:
        assert ticket is not None
        breaker.failed(ticket)
    assert breaker.wait() == FIRST_PAUSE


def test_a_success_between_failures_keeps_the_breaker_closed() -> None:
    breaker = Breaker(VirtualClock())
    for _ in range(10):
        fail(breaker)
        fail(breaker)
        breaker.succeeded()
    assert breaker.admit() is not None


async def test_calls_in_the_queue_do_not_all_go_to_a_dead_provider() -> None:
    one, two = Provider(httpx.ConnectError("gone")), Provider(said("hi"))
    llm = service(
        by_host(one=one, two=two),
        provider(concurrency=1),
        provider(base_url="http://two.example/v1", provider_label="two"),
    )
    outcomes = await asyncio.gather(*(llm.send(request(str(n))) for n in range(40)))
    assert {item.provider for item in outcomes} == {"two"}
    assert len(one.requests) == ATTEMPTS


async def test_time_in_the_queue_is_not_the_calls_own() -> None:
    clock = VirtualClock()

    def slow(_: httpx.Request) -> httpx.Response:
        clock.time += 4
        return httpx.Response(200, json=said("hi"))

    llm = service(Provider(slow), provider(concurrency=1), clock=clock, deadline=10)
    outcomes = await asyncio.gather(*(llm.send(request(str(n))) for n in range(20)))
    assert [item.content for item in outcomes] == ["hi"] * 20
    # The minute before each attempt is ours; the retry after it is still within the ten seconds.
    flaky = Provider(*[503, said("hi")] * 5)
    rated = service(flaky, provider(requests_per_minute=1), deadline=10)
    outcomes = [await rated.send(request(str(n))) for n in range(5)]
    assert [item.content for item in outcomes] == ["hi"] * 5


async def test_a_provider_that_wants_too_long_a_rest_is_passed_over() -> None:
    one = Provider(httpx.Response(429, headers={"Retry-After": "4000"}))
    two = Provider(said("hi"))
    clock = VirtualClock()
    llm = service(
        by_host(one=one, two=two), provider(),
        provider(base_url="http://two.example/v1", provider_label="two"), clock=clock,
    )  # fmt: skip
    for _ in range(5):
        assert (await llm.send(request())).provider == "two"
    assert len(one.requests) == 1
    assert clock.time < 110
    lone = await llm.send(request(), provider="openai-compatible")
    assert kind(lone) is FailureKind.UNAVAILABLE
    assert "wants everybody to wait" in str(lone.failure)


async def test_a_dead_provider_is_left_alone_while_another_answers() -> None:
    one, two = Provider(500), Provider(said("hi"))
    clock = VirtualClock()
    llm = service(
        by_host(one=one, two=two),
        provider(max_retries=0),
        provider(base_url="http://two.example/v1", provider_label="two"),
        clock=clock,
    )
    for _ in range(10):
        assert (await llm.send(request())).provider == "two"
    assert len(one.requests) == FAILURES
    clock.time += FIRST_PAUSE
    one.steps[:] = [said("back")]
    assert (await llm.send(request())).content == "back"
    assert (await llm.send(request())).content == "back"


async def test_a_lone_provider_is_waited_for_within_the_deadline() -> None:
    clock = VirtualClock()
    fake = Provider(500, 500, 500, said("back"))
    llm = service(fake, provider(max_retries=0), clock=clock)
    for _ in range(FAILURES):
        await llm.send(request())
    begun = clock.time
    assert (await llm.send(request())).content == "back"
    assert clock.time - begun == pytest.approx(FIRST_PAUSE)


async def test_a_lone_provider_that_stays_away_longer_is_a_typed_failure() -> None:
    llm = service(Provider(500), provider(max_retries=0), deadline=2)
    for _ in range(FAILURES):
        await llm.send(request())
    outcome = await llm.send(request())
    assert kind(outcome) is FailureKind.UNAVAILABLE
    assert "left alone" in str(outcome.failure)
    assert outcome.attempts == ()


async def test_client_errors_do_not_open_the_breaker() -> None:
    fake = Provider(400)
    llm = service(fake)
    for _ in range(10):
        await llm.send(request())
    assert len(fake.requests) == 10


async def test_calls_that_the_breaker_cuts_short_go_on_after_the_pause() -> None:
    clock = VirtualClock()
    fake = Provider(*[500] * ATTEMPTS, said("back"))
    llm = service(fake, clock=clock)
    async with asyncio.timeout(20):
        outcomes = await asyncio.gather(*(llm.send(request(str(n))) for n in range(30)))
    assert [item.content for item in outcomes] == ["back"] * 30
    assert sum(item.attempts[0].status == 500 for item in outcomes) == ATTEMPTS
    assert sum(len(item.attempts) for item in outcomes) == len(fake.requests)


async def test_429_slows_down_and_does_not_open_the_breaker() -> None:
    llm = service(Provider(429), provider(max_retries=20), deadline=80_000)
    outcome = await llm.send(request("a"))
    assert kind(outcome) is FailureKind.UNAVAILABLE
    assert [item.status for item in outcome.attempts] == [429] * 21
    assert all(route.breaker.wait() == 0 for route in llm._clients.chain)

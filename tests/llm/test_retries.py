"""Retries, deadlines and the circuit breaker, on a clock that nobody waits for."""

from __future__ import annotations

import httpx
import pytest

from _fakes import Provider, VirtualClock, by_host, provider, request, said, service
from scrai.llm import FailureKind, LLMOutcome
from scrai.llm._breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker


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


def test_the_breaker_opens_probes_and_closes() -> None:
    clock = VirtualClock()
    breaker = Breaker(clock)
    for _ in range(FAILURES):
        assert breaker.admit()
        breaker.failed()
    assert not breaker.admit()
    clock.time += FIRST_PAUSE
    assert breaker.admit()
    assert not breaker.admit(), "one probe at a time"
    breaker.failed()
    assert breaker.wait() == 2 * FIRST_PAUSE
    clock.time += 2 * FIRST_PAUSE
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.admit()
    assert breaker.admit()
    for _ in range(50):
        breaker.failed()
        clock.time += breaker.wait()
        breaker.admit()
    assert breaker.wait() == LONGEST_PAUSE


def test_a_success_between_failures_keeps_the_breaker_closed() -> None:
    breaker = Breaker(VirtualClock())
    for _ in range(10):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.admit()


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

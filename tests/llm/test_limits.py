"""Requests and tokens per minute: no minute holds more, whoever asks how."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _fakes import Provider, VirtualClock, provider, request, said, service
from scrai.llm._limits import Limiter


async def starts(limiter: Limiter, clock: VirtualClock, sizes: list[int]) -> list[float]:
    """Return when requests of these sizes may go, asked one after the other."""
    found = []
    for size in sizes:
        async with limiter.place(size):
            found.append(clock.time)
    return found


@settings(max_examples=60, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=40),
    requests=st.none() | st.integers(1, 9),
    tokens=st.none() | st.integers(50, 900),
)
def test_no_window_of_a_minute_holds_more(
    sizes: list[int], requests: int | None, tokens: int | None
) -> None:
    clock = VirtualClock()
    found = asyncio.run(starts(Limiter(4, requests, tokens, clock), clock, sizes))
    assert found == sorted(found)
    for begin in found:
        inside = [s for at, s in zip(found, sizes, strict=True) if begin <= at < begin + 60 - 1e-6]
        assert requests is None or len(inside) <= requests
        # A request of more than the whole limit goes alone.
        assert tokens is None or sum(inside) <= tokens or len(inside) == 1


async def test_what_fits_goes_at_once() -> None:
    clock = VirtualClock()
    assert await starts(Limiter(1, 5, 1000, clock), clock, [100] * 5) == [100.0] * 5


async def test_counted_tokens_replace_the_reserved_ones() -> None:
    clock = VirtualClock()
    limiter = Limiter(1, None, 1000, clock)
    for _ in range(5):
        async with limiter.place(600) as place:
            limiter.used(place, 100)
    assert clock.time == 100.0
    async with limiter.place(900):
        assert clock.time == 160.0


async def test_the_service_keeps_to_requests_and_tokens_per_minute() -> None:
    for setting, wanted in (
        ({"requests_per_minute": 2}, 120.0),
        ({"tokens_per_minute": 1400}, 120.0),  # two of about 600 in each minute
    ):
        clock = VirtualClock()
        fake = Provider(said("hi", usage=(85, 512)))
        llm = service(fake, provider(**setting), clock=clock)
        for n in range(5):
            assert (await llm.send(request(str(n)))).ok
        assert clock.time - 100 == pytest.approx(wanted), setting


async def test_too_many_holds_everybody_and_halves_the_pace() -> None:
    clock = VirtualClock()
    limiter = Limiter(8, None, None, clock)
    async with limiter.place(1) as first:
        for _ in range(7):
            async with limiter.place(1):
                pass
        limiter.too_many(first, 12.0)
    assert limiter.requests == 40.0, "8 in a moment are 80 a minute"
    limiter.requests = None  # apart from the pace, nobody goes before the time that was asked for
    assert await starts(limiter, clock, [1] * 3) == [112.0] * 3


async def test_the_pace_is_that_of_the_last_minute() -> None:
    clock = VirtualClock()
    limiter = Limiter(8, None, None, clock)
    for _ in range(20):
        async with limiter.place(1) as last:
            clock.time += 2.0
    limiter.too_many(last, None)
    assert limiter.requests == 15.0, "20 in 40 seconds are 30 a minute"


async def test_many_refusals_of_one_burst_count_once() -> None:
    clock = VirtualClock()
    limiter = Limiter(8, 64, 6400, clock)
    places = []
    for _ in range(8):
        async with limiter.place(1) as place:
            places.append(place)
    for place in places:
        limiter.too_many(place, None)
    assert (limiter.requests, limiter.tokens) == (32.0, 3200.0)


async def test_successes_bring_the_pace_back_to_what_was_configured() -> None:
    clock = VirtualClock()
    limiter = Limiter(8, 10, 1000, clock)
    async with limiter.place(1) as place:
        limiter.too_many(place, None)
    assert limiter.requests == 5.0
    seen = []
    for _ in range(40):
        limiter.succeeded()
        seen.append(limiter.requests)
    assert all(a <= b for a, b in pairwise(seen))  # type: ignore[operator]
    assert (limiter.requests, limiter.tokens) == (10.0, 1000.0)


async def test_a_learned_limit_is_forgotten_in_the_end() -> None:
    clock = VirtualClock()
    limiter = Limiter(8, None, None, clock)
    async with limiter.place(1) as place:
        limiter.too_many(place, None)
    limiter.succeeded()
    assert limiter.requests is not None
    clock.time += 301
    limiter.succeeded()
    assert limiter.requests is None


async def test_a_429_from_a_server_slows_the_next_requests() -> None:
    clock = VirtualClock()
    fake = Provider(httpx.Response(429, headers={"Retry-After": "20"}), said("hi"))
    llm = service(fake, clock=clock)
    assert (await llm.send(request("a"))).ok
    assert clock.time >= 120.0
    client = next(iter(llm._clients._made.values()))[0]
    assert client._shared.limiter.requests == 6.0, "5 after the refusal, then one success"  # type: ignore[attr-defined]


async def test_waiting_for_a_place_can_be_cancelled_and_frees_it() -> None:
    limiter = Limiter(1, None, None, VirtualClock())
    gate = asyncio.Event()

    async def hold() -> None:
        async with limiter.place(1):
            await gate.wait()

    first, second = asyncio.create_task(hold()), asyncio.create_task(hold())
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    async with asyncio.timeout(5), limiter.place(1):
        pass

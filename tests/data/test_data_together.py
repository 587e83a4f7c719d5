"""Several reads at once: what follows a failed one is neither run nor left lying about."""

from __future__ import annotations

import asyncio
import gc
import warnings
from dataclasses import replace

import pytest

from scrai.data import together
from scrai.errors import StoreUnavailableError
from scrai.store import MemoryStore


class Remote(MemoryStore):
    """A store of which it is worth while to ask several things at once."""

    capabilities = replace(MemoryStore.capabilities, remote=True)


async def test_after_a_failed_read_the_others_are_put_away() -> None:
    ran: list[int] = []

    async def first() -> int:
        return 1

    async def failing() -> None:
        raise StoreUnavailableError("the store is away")

    async def later() -> None:
        ran.append(1)

    assert await together(MemoryStore(), first(), first()) == [1, 1]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(StoreUnavailableError):
            await together(MemoryStore(), first(), failing(), later())
        gc.collect()
    assert not said
    assert not ran


class Reads:
    """Reads of a remote store, and how each of them ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def long(self) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0)  # giving a connection back takes a moment
            self.ended.append("long")

    async def failing(self) -> None:
        await asyncio.sleep(0)
        raise StoreUnavailableError("the store is away") from OSError("no route")


async def test_when_one_of_several_at_once_fails_the_others_are_over_before_it_is_told() -> None:
    reads, before = Reads(), asyncio.all_tasks()
    with pytest.raises(StoreUnavailableError) as raised:
        await together(Remote(), reads.long(), reads.failing(), reads.long())
    assert reads.ended == ["long", "long"]
    assert asyncio.all_tasks() == before
    assert isinstance(raised.value.__cause__, OSError), "the error is as it was raised"


async def test_who_is_cancelled_leaves_no_read_behind() -> None:
    reads, before = Reads(), asyncio.all_tasks()
    asking = asyncio.create_task(together(Remote(), reads.long(), reads.long()))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert reads.ended == ["long", "long"]
    assert asyncio.all_tasks() == before


async def test_answers_come_in_the_order_of_the_questions() -> None:
    async def after(turns: int) -> int:
        for _ in range(turns):
            await asyncio.sleep(0)
        return turns

    assert await together(Remote(), after(5), after(0), after(2)) == [5, 0, 2]
    assert await together(Remote()) == []

"""Several reads at once: what follows a failed one is neither run nor left lying about."""

from __future__ import annotations

import gc
import warnings

import pytest

from scrai.data import together
from scrai.errors import StoreUnavailableError
from scrai.store import MemoryStore


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

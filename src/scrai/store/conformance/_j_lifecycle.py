"""J. Opening, closing, and leaving nothing behind."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

from scrai.errors import StoreClosedError
from scrai.store._types import Capabilities, DocumentStore, create, upsert
from scrai.store.conformance._i_failure import OPERATIONS
from scrai.store.conformance._kit import DOCS, Kit, case

_HANDLES = Path("/proc/self/fd")


@case()
async def a_store_says_what_it_is(kit: Kit) -> None:
    store = await kit.store()
    kit.expect(isinstance(store, DocumentStore), "it has all of the protocol")
    kit.expect(store.name and store.name == store.name.lower(), "its name is a short word")
    kit.equal(type(store.capabilities), Capabilities, "it says what it can do")


@case()
async def opening_and_closing_may_be_repeated(kit: Kit) -> None:
    store = await kit.store()
    await store.open()
    await asyncio.gather(store.open(), store.open())
    await store.commit([create(DOCS, "a", {"v": 1})])
    await store.close()
    await store.close()


@case()
async def a_closed_store_refuses_every_operation(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"v": 1})])
    await store.close()
    for name, call in OPERATIONS.items():
        async with kit.refuses(StoreClosedError, demand=f"{name} after close"):
            await call(store)
    await store.open()
    await store.commit([upsert(DOCS, "b", {"v": 2})])
    kit.equal((await kit.read(store, "b")).value(), {"v": 2}, "it may be opened again")


@case()
async def two_stores_share_nothing(kit: Kit) -> None:
    one, two = await kit.store(), await kit.store()
    await one.commit([create(DOCS, "a", {"of": 1}, {"owner": "x"})])
    kit.equal(await two.get(DOCS, "a"), None, "another store does not see it")
    await two.commit([create(DOCS, "a", {"of": 2}, {"owner": "y"})])
    kit.equal((await kit.read(one, "a")).value(), {"of": 1}, "nor overwrites it")
    await one.close()
    kit.equal((await kit.read(two, "a")).value(), {"of": 2}, "nor is closed with it")


def _left() -> tuple[int, int, int]:
    handles = len(os.listdir(_HANDLES)) if _HANDLES.is_dir() else 0  # noqa: PTH208 - a count only
    return threading.active_count(), handles, len(asyncio.all_tasks())


async def _use_fully(kit: Kit) -> None:
    store = await kit.store()
    for call in OPERATIONS.values():
        await call(store)
    await store.commit([upsert(DOCS, f"{each}", {}, {"n": 1}) for each in range(300)])
    await asyncio.gather(*[store.get(DOCS, f"{each}") for each in range(50)])
    await store.close()


@case()
async def nothing_is_left_behind(kit: Kit) -> None:
    await _use_fully(kit)  # what is made once for the whole process is made here
    before = _left()
    for _ in range(3):
        await _use_fully(kit)
    for _ in range(40):  # a socket may take a moment to go
        after = _left()
        if all(now <= then for now, then in zip(after, before, strict=True)):
            return
        await asyncio.sleep(0.05)
    kit.equal(after, before, "threads, open files, tasks after three stores were used and closed")

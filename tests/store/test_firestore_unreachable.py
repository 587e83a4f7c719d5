"""A server that is away, hangs, or loses replies: bounded, typed, and over when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from _operations import OPERATIONS
from _proxy import Proxy, proxy
from scrai import errors
from scrai.store._firestore import FirestoreStore
from scrai.store._firestore_bounds import Bounds
from scrai.store._types import create, upsert
from scrai.store.emulator import Emulator, free_port

pytestmark = pytest.mark.emulator
QUICK = Bounds(attempt=0.5, commit=1.0, total=3.0, probe=2.0, retrying=2.5)


@pytest.fixture
async def line(emulator: Emulator) -> AsyncIterator[Proxy]:
    async with proxy(emulator.host) as running:
        yield running


@pytest.fixture
async def store(line: Proxy, project: str) -> AsyncIterator[FirestoreStore]:
    """A store behind the proxy, with short bounds."""
    async with FirestoreStore(project, emulator_host=line.host, bounds=QUICK) as opened:
        yield opened


async def fails(store: FirestoreStore, operation: str) -> errors.StoreUnavailableError:
    """Return the error of an operation, which must come within the promised ten seconds."""
    async with asyncio.timeout(10):
        with pytest.raises(errors.StoreUnavailableError) as caught:
            await OPERATIONS[operation](store)
    assert caught.value.hint
    return caught.value


async def test_opening_to_a_closed_port_fails_fast_with_the_remedy() -> None:
    store = FirestoreStore("demo", emulator_host=f"127.0.0.1:{free_port()}")
    async with asyncio.timeout(4):
        with pytest.raises(errors.StoreUnavailableError) as caught:
            await store.open()
    assert "FIRESTORE_EMULATOR_HOST" in (caught.value.hint or "")
    with pytest.raises(errors.StoreClosedError):
        await store.get("actors", "a")


async def test_opening_to_a_server_that_never_answers_fails_fast(line: Proxy) -> None:
    line.silent = True
    store = FirestoreStore("demo", emulator_host=line.host)
    async with asyncio.timeout(4):
        with pytest.raises(errors.StoreUnavailableError):
            await store.open()


@pytest.mark.parametrize("trouble", ["refusing", "silent", "mute"])
async def test_every_operation_is_bounded_by_default(
    line: Proxy, project: str, trouble: str
) -> None:
    async with FirestoreStore(project, emulator_host=line.host) as store:
        await store.commit([create("actors", "a", {})])
        if trouble == "refusing":
            await line.down()
        else:
            setattr(line, trouble, True)
        found = await asyncio.gather(*(fails(store, name) for name in OPERATIONS))
        assert len(found) == len(OPERATIONS)


async def test_those_who_wait_for_their_turn_are_bounded_too(
    line: Proxy, store: FirestoreStore
) -> None:
    line.silent = True
    await asyncio.gather(*(fails(store, "get") for _ in range(4 * QUICK.in_flight)))


async def test_a_long_queue_is_no_failure_while_it_moves(store: FirestoreStore) -> None:
    async def read() -> None:
        assert await store.get("actors", "none") is None

    await asyncio.gather(*(read() for _ in range(1000)))


async def test_it_works_again_when_the_server_is_back(line: Proxy, store: FirestoreStore) -> None:
    await store.commit([create("actors", "a", {"n": 1})])
    for trouble in ("down", "cut"):
        await getattr(line, trouble)()
        if trouble == "down":
            await fails(store, "get")
            await line.up()
        found = await store.get("actors", "a")
        assert found is not None
        assert found.value() == {"n": 1}
        await store.commit([upsert("actors", trouble, {})])


async def test_it_works_again_after_the_emulator_was_restarted(project: str) -> None:
    with Emulator() as own:
        async with FirestoreStore(project, emulator_host=own.host) as store:
            await store.commit([create("actors", "a", {})])
            own.restart()
            await store.commit([create("actors", "a", {})])  # the new one starts empty
            assert await store.get("actors", "a") is not None


async def test_a_commit_to_a_server_that_is_away_was_not_sent(
    line: Proxy, store: FirestoreStore
) -> None:
    await line.down()
    await asyncio.sleep(0.2)  # until the client has seen the connection go
    error = await fails(store, "commit")
    assert "nothing was sent" in str(error)
    assert not isinstance(error, errors.StoreTimeoutError)
    await line.up()
    assert await store.get("actors", "new") is None


async def test_a_commit_whose_reply_is_lost_says_that_it_does_not_know(
    line: Proxy, store: FirestoreStore
) -> None:
    line.mute = True
    error = await fails(store, "commit")
    assert isinstance(error, errors.StoreTimeoutError)
    assert "unknown" in (error.hint or "")
    line.mute = False
    await line.cut()
    assert await store.get("actors", "new") is not None  # it had been applied, once


async def test_a_commit_cut_off_in_flight_says_that_it_does_not_know(
    line: Proxy, store: FirestoreStore
) -> None:
    line.mute = True
    task = asyncio.create_task(fails(store, "commit"))
    await asyncio.sleep(0.3)
    await line.cut()
    assert "unknown" in ((await task).hint or "")


async def test_a_cancelled_operation_stays_cancelled(line: Proxy, store: FirestoreStore) -> None:
    line.mute = True
    for operation in OPERATIONS.values():
        task = asyncio.ensure_future(operation(store))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

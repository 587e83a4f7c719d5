"""Opening and closing: once, in one event loop, leaving nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from _operations import OPERATIONS
from _proxy import proxy
from scrai import errors
from scrai.store._firestore import FirestoreClient, FirestoreStore
from scrai.store._types import DocumentStore, create
from scrai.store.emulator import Emulator

pytestmark = pytest.mark.emulator


async def test_the_clients_of_the_contract_are_stores(emulator: Emulator, project: str) -> None:
    client = FirestoreClient(project_id=project, emulator_host=emulator.host)
    assert isinstance(client, DocumentStore)
    await client.initialize()
    await client.commit([create("actors", "actor1", {"name": "John"})])
    found = await client.get("actors", "actor1")
    assert found is not None
    await client.close()


async def test_the_environment_says_where_the_emulator_is(
    emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", project)
    async with FirestoreStore() as store:
        await store.commit([create("actors", "a", {})])
    async with FirestoreStore(project, emulator_host=emulator.host) as same:
        assert await same.get("actors", "a") is not None


async def test_databases_of_one_project_are_apart(emulator: Emulator, project: str) -> None:
    async with FirestoreStore(project, emulator_host=emulator.host) as store:
        await store.commit([create("actors", "a", {})])
    async with FirestoreStore(project, database="second", emulator_host=emulator.host) as second:
        assert await second.get("actors", "a") is None


async def test_open_and_close_may_be_repeated(emulator: Emulator, project: str) -> None:
    store = FirestoreStore(project, emulator_host=emulator.host)
    await asyncio.gather(store.open(), store.open())
    await store.open()
    await store.close()
    await store.close()
    await store.open()
    assert await store.get("actors", "a") is None
    await store.close()


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_closed_store_says_so(emulator: Emulator, project: str, operation: str) -> None:
    store = FirestoreStore(project, emulator_host=emulator.host)
    with pytest.raises(errors.StoreClosedError, match="not open"):
        await OPERATIONS[operation](store)
    await store.open()
    await store.close()
    with pytest.raises(errors.StoreClosedError, match="not open"):
        await OPERATIONS[operation](store)


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_closing_ends_what_is_in_flight(
    emulator: Emulator, project: str, operation: str
) -> None:
    async with proxy(emulator.host) as line:
        store = FirestoreStore(project, emulator_host=line.host)
        await store.open()
        line.mute = True
        task = asyncio.ensure_future(OPERATIONS[operation](store))
        await asyncio.sleep(0.1)
        await store.close()
        async with asyncio.timeout(3):
            with pytest.raises(errors.StoreClosedError):
                await task


def test_a_second_event_loop_is_told(emulator: Emulator, project: str) -> None:
    store = FirestoreStore(project, emulator_host=emulator.host)
    asyncio.run(store.open())
    for operation in OPERATIONS.values():
        with pytest.raises(errors.StoreError, match="event loop that opened it"):
            asyncio.run(_await(operation(store)))
    with pytest.raises(errors.StoreError, match="event loop that opened it"):
        asyncio.run(store.open())
    asyncio.run(store.close())


def test_a_closed_store_may_be_opened_in_another_loop(emulator: Emulator, project: str) -> None:
    store = FirestoreStore(project, emulator_host=emulator.host)
    for number in range(2):
        asyncio.run(_open_write_close(store, number))


async def _open_write_close(store: FirestoreStore, number: int) -> None:
    async with store:
        await store.commit([create("actors", str(number), {})])


async def _await(operation: object) -> None:
    await operation  # type: ignore[misc]


async def test_nothing_is_left_behind(emulator: Emulator, project: str) -> None:
    async def life(number: int) -> None:
        await _open_write_close(FirestoreStore(project, emulator_host=emulator.host), number)

    await life(0)  # what gRPC keeps for the life of the process
    before = await _left()
    for number in range(1, 6):
        await life(number)
    after = await _left()
    assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)


async def test_a_refused_open_leaves_nothing_behind() -> None:
    async def attempt() -> None:
        with pytest.raises(errors.StoreUnavailableError):
            await FirestoreStore("demo", emulator_host="127.0.0.1:1").open()

    await attempt()
    before = await _left()
    for _ in range(5):
        await attempt()
    after = await _left()
    assert all(now <= then for now, then in zip(after, before, strict=True)), (before, after)


async def _left() -> tuple[int, int, int]:
    """Threads, tasks and sockets now, once what is ending has ended."""
    counts = []
    for _ in range(10):
        gc.collect()
        await asyncio.sleep(0.05)
        counts.append((threading.active_count(), len(asyncio.all_tasks()), _sockets()))
    return min(counts)


def _sockets() -> int:
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            count += entry.readlink().name.startswith("socket:")
    return count


def test_a_process_that_uses_it_ends_quietly(emulator: Emulator, project: str) -> None:
    program = (
        "import asyncio\n"
        "from scrai.store._firestore import FirestoreStore\n"
        "from scrai.store._types import create\n"
        "async def main():\n"
        f"    async with FirestoreStore({project!r}) as store:\n"
        "        await store.commit([create('actors', 'a', {})])\n"
        "asyncio.run(main(), debug=True)\n"
    )
    environment = {**os.environ, "FIRESTORE_EMULATOR_HOST": emulator.host}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert "Error" not in done.stderr
    assert "never" not in done.stderr


async def test_a_server_that_goes_away_brings_no_noise(emulator: Emulator, project: str) -> None:
    program = (
        "import asyncio\n"
        "from scrai.errors import StoreUnavailableError\n"
        "from scrai.store._firestore import FirestoreStore\n"
        "async def main():\n"
        f"    async with FirestoreStore({project!r}) as store:\n"
        "        print('open', flush=True)\n"
        "        input()\n"
        "        try:\n"
        "            await store.get('actors', 'a')\n"
        "        except StoreUnavailableError as error:\n"
        "            print(error.hint)\n"
        "asyncio.run(main())\n"
    )
    async with proxy(emulator.host) as line:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-W", "error", "-c", program),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "FIRESTORE_EMULATOR_HOST": line.host},
        )
        assert process.stdout
        assert await process.stdout.readline() == b"open\n"
        await line.down()
        out, err = await process.communicate(b"\n")
    assert b"FIRESTORE_EMULATOR_HOST" in out
    assert err == b""


def test_importing_the_backend_imports_no_google() -> None:
    program = (
        "import sys, scrai.store._firestore\n"
        "heavy = [name for name in sys.modules if name.split('.')[0] in {'google', 'grpc'}]\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

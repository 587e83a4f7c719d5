"""An import that is cut off at any commit: what it left is no simulation, and in nobody's way."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from _dying import DiedError, DyingStore, documents
from scrai import _wall
from scrai.data import SIMULATIONS, read_head
from scrai.errors import AlreadyExistsError, ConflictError, SimulationEndedError
from scrai.runtime import Runtime, Settings
from scrai.store import (
    CommitResult,
    DocumentStore,
    MemorySpace,
    MemoryStore,
    SqliteStore,
    Write,
    create,
    delete_tree,
)

MEMORY = Settings(backend="memory")


async def archive_of(cycles: int) -> list[bytes]:
    async with Runtime.open(MEMORY) as runtime:
        await runtime.simulations.create("simple_town", simulation_id="town", cycles=cycles)
        async for _ in runtime.simulations.run("town"):
            pass
        return [line async for line in runtime.export_simulation("town")]


@pytest.fixture
async def archive() -> list[bytes]:
    """The lines of an exported simulation, which is imported in several batches."""
    return await archive_of(40)


async def bring(store: DocumentStore, lines: Iterable[bytes]) -> None:
    await store.open()
    async with Runtime.open(MEMORY, store=store) as runtime:
        await runtime.import_simulation(lines)


async def cut_off(space: MemorySpace, archive: list[bytes], commits: int) -> bool:
    """Import into a store that dies after so many commits; return whether it did."""
    store = DyingStore(space, commits)
    with suppress(DiedError):
        await bring(store, archive)
    return store.died


async def whole(archive: list[bytes]) -> tuple[int, set[str]]:
    """Return how many commits an import takes, and the paths of what it brings."""
    for commits in range(100):
        space = MemorySpace()
        if not await cut_off(space, archive, commits):
            return commits, set(documents(space))
    raise AssertionError("an import takes no 100 commits")


async def test_at_every_commit_it_can_be_imported_again(archive: list[bytes]) -> None:
    number, wanted = await whole(archive)
    assert number > 3
    for commits in range(1, number):
        space = MemorySpace()
        assert await cut_off(space, archive, commits)
        await bring(MemoryStore(space), archive)
        assert set(documents(space)) == wanted
        store = MemoryStore(space)
        await store.open()
        async with Runtime.open(MEMORY, store=store) as runtime:
            assert [step.step async for step in runtime.travel.replay("town")]


async def test_at_every_commit_it_is_no_simulation_and_can_be_deleted(
    archive: list[bytes],
) -> None:
    number, _ = await whole(archive)
    for commits in range(1, number):
        space = MemorySpace()
        assert await cut_off(space, archive, commits)
        store = MemoryStore(space)
        await store.open()
        async with Runtime.open(MEMORY, store=store) as runtime:
            (line,) = [line async for line in runtime.reading.listing()]
            assert line["deleting"] is True
            with pytest.raises(SimulationEndedError):
                await runtime.simulations.advance("town")
            with pytest.raises(SimulationEndedError, match="is not whole"):
                await anext(runtime.export_simulation("town"))
            assert await runtime.simulations.delete("town") == ["town"]
        assert documents(space) == {}


async def test_what_another_archive_left_does_not_mix_in(archive: list[bytes]) -> None:
    short = await archive_of(2)
    _, wanted = await whole(short)
    number, _ = await whole(archive)
    space = MemorySpace()
    assert await cut_off(space, archive, number - 1)
    await bring(MemoryStore(space), short)
    assert set(documents(space)) == wanted


async def test_what_an_older_version_left_is_imported_over(archive: list[bytes]) -> None:
    _, wanted = await whole(archive)
    space = MemorySpace()
    await bring(MemoryStore(space), archive)
    store = MemoryStore(space)
    await store.open()
    document = await store.get(SIMULATIONS, "town")
    assert document is not None
    head = replace(read_head(document), deleting=True)  # without a lease
    await delete_tree(store, SIMULATIONS, "town")
    await store.commit([create(SIMULATIONS, "town", head.value(), head.columns())])
    await bring(store, archive)
    assert set(documents(space)) == wanted


async def test_a_healthy_simulation_is_left_alone(archive: list[bytes]) -> None:
    space = MemorySpace()
    await bring(MemoryStore(space), archive)
    before = documents(space)
    with pytest.raises(AlreadyExistsError, match="simulation 'town' exists already"):
        await bring(MemoryStore(space), archive)
    assert documents(space) == before


async def test_an_import_under_way_is_left_alone(archive: list[bytes]) -> None:
    space = MemorySpace()
    second = MemoryStore(space)
    await second.open()

    async def try_it() -> None:
        before = documents(space)
        with pytest.raises(AlreadyExistsError, match="is being made or deleted by process"):
            await bring(second, archive)
        assert documents(space) == before

    await bring(_Meanwhile(space, 2, try_it), archive)


async def test_an_import_that_is_deleted_meanwhile_writes_nothing_any_more(
    archive: list[bytes],
) -> None:
    space = MemorySpace()
    second = MemoryStore(space)
    await second.open()

    async def delete() -> None:
        async with Runtime.open(MEMORY, store=second) as runtime:
            await runtime.simulations.delete("town")

    with pytest.raises(ConflictError, match="was deleted, or begun anew"):
        await bring(_Meanwhile(space, 2, delete), archive)
    assert documents(space) == {}


async def test_one_that_was_taken_over_leaves_all_to_the_winner(archive: list[bytes]) -> None:
    """A worker that sleeps longer than its lease is taken over, wakes, and must do no harm."""
    _, wanted = await whole(archive)
    space = MemorySpace()

    async def take_over() -> None:
        late = MemoryStore(space, clock=lambda: _wall.now() + timedelta(hours=1))
        await bring(late, archive)

    with pytest.raises(ConflictError, match="was deleted, or begun anew"):
        await bring(_Meanwhile(space, 2, take_over), archive)
    assert set(documents(space)) == wanted
    store = MemoryStore(space)
    await store.open()
    document = await store.get(SIMULATIONS, "town")
    assert document is not None
    assert not read_head(document).deleting


class _Meanwhile(MemoryStore):
    """Lets something happen before its nth commit."""

    def __init__(
        self, space: MemorySpace, commits: int, what: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(space)
        self._left = commits
        self._what = what

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        self._left -= 1
        if self._left == 0:
            await self._what()
        return await super().commit(writes)


KILLED = """
import asyncio, os, signal, sys
from scrai.runtime import Runtime, Settings
from scrai.store import SqliteStore

class Killed(SqliteStore):
    left = int(sys.argv[3])
    async def commit(self, writes):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1
        return await super().commit(writes)

async def main():
    store = Killed(sys.argv[1])
    await store.open()
    async with Runtime.open(Settings(backend="memory"), store=store) as runtime:
        with open(sys.argv[2], "rb") as lines:
            await runtime.import_simulation(lines)

asyncio.run(main())
"""


async def test_killed_before_its_last_commit(tmp_path: Path, archive: list[bytes]) -> None:
    number, _ = await whole(archive)
    file, db = tmp_path / "town.jsonl", tmp_path / "scrai.db"
    file.write_bytes(b"".join(archive))
    command = [sys.executable, "-c", KILLED, str(db), str(file), str(number - 1)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    store = SqliteStore(db)
    await store.open()
    async with Runtime.open(MEMORY, store=store) as runtime:
        assert [line["deleting"] async for line in runtime.reading.listing()] == [True]
        await runtime.import_simulation(archive)
        assert [line["deleting"] async for line in runtime.reading.listing()] == [False]
        assert [step.step async for step in runtime.travel.replay("town")]
    await store.close()

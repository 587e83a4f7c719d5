"""Files that cannot be written: looked at where that is sound, else refused in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scrai.store import SqliteStore, create, update

READER = """
import asyncio, json, os, sys
from scrai.errors import StoreError
from scrai.store import Query, SqliteStore, create

async def look(store, asked):
    try:
        if asked == "open":
            await store.open()
            return store.read_only
        if asked == "commit":
            return str(await store.commit([create("actors", "b", {})]))
        if asked == "close":
            await store.close()
            return None
        return [found.value() for found in await store.query(Query("actors"))]
    except StoreError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint}

async def main():
    # All that is ever imported must be imported before we are nobody.
    warm = SqliteStore(sys.argv[2])
    for asked in ("open", "query", "commit", "commit", "close"):
        await look(warm, asked)
    if os.getuid() == 0:  # root may write anywhere
        os.setgid(65534)
        os.setuid(65534)
    store = SqliteStore(sys.argv[1])
    for asked in sys.stdin:
        print(json.dumps(await look(store, asked.strip())), flush=True)

asyncio.run(main())
"""


class Reader:
    """A process that may not write what it is not allowed to."""

    def __init__(self, path: Path, warm: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER, str(path), str(warm)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def __call__(self, asked: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{asked}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Path]:
    """A database in a folder that everybody may enter (pytest's own are ours alone)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = folder / "a ?#%.db"  # must be quoted in an address
        store = SqliteStore(path)
        await store.open()
        await store.commit([create("actors", "a", {"v": 1})])
        await store.close()
        yield path
        folder.chmod(0o755)


@contextmanager
def reading(path: Path, tmp_path: Path) -> Iterator[Reader]:
    """Forbid all writing, and start a reader."""
    for each in path.parent.iterdir():
        each.chmod(0o444)
    path.parent.chmod(0o555)
    reader = Reader(path, tmp_path / "warm.db")
    try:
        yield reader
    finally:
        reader.end()
        path.parent.chmod(0o755)
        for each in path.parent.iterdir():
            each.chmod(0o644)


def files(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.parent.iterdir()}


async def test_a_file_in_a_folder_that_cannot_be_written_is_looked_at(
    place: Path, tmp_path: Path
) -> None:
    before = files(place)
    with reading(place, tmp_path) as reader:
        assert reader("open") is True
        assert reader("query") == [{"v": 1}]
        refused = reader("commit")
        assert refused["error"] == "StoreReadOnlyError"
        assert "can only be looked at" in refused["message"]
        assert refused["hint"]
        assert reader("query") == [{"v": 1}]
        reader("close")
    assert files(place) == before


async def test_a_file_that_cannot_be_written_itself_is_looked_at(
    place: Path, tmp_path: Path
) -> None:
    with reading(place, tmp_path) as reader:
        place.parent.chmod(0o777)
        assert reader("open") is True
        assert reader("query") == [{"v": 1}]
        assert "can only be looked at" in reader("commit")["message"]
        reader("close")


async def test_what_somebody_else_writes_meanwhile_is_seen_through_his_index(
    place: Path, tmp_path: Path
) -> None:
    writer = SqliteStore(place)
    await writer.open()
    await writer.commit([update("actors", "a", {"v": 2})])
    with reading(place, tmp_path) as reader:
        assert reader("open") is True
        assert reader("query") == [{"v": 2}], "it is in the log, and not yet in the file"
        await writer.commit([update("actors", "a", {"v": 3})])
        assert reader("query") == [{"v": 3}]
        reader("close")
    await writer.close()


async def test_a_file_that_begins_to_be_written_is_not_read_on(place: Path, tmp_path: Path) -> None:
    with reading(place, tmp_path) as reader:
        assert reader("open") is True
        assert reader("query") == [{"v": 1}]
        place.parent.chmod(0o755)
        place.chmod(0o644)
        writer = SqliteStore(place)
        await writer.open()
        await writer.commit([update("actors", "a", {"v": 2})])
        assert "was written while it was looked at" in reader("query")["message"]
        await writer.close()  # the log goes into the file
        found = reader("query")
        assert found["error"] == "StoreUnavailableError"
        assert found["hint"]
        reader("close")


async def test_commits_that_only_the_log_has_are_not_overlooked(
    place: Path, tmp_path: Path
) -> None:
    writer = SqliteStore(place)
    await writer.open()
    await writer.commit([update("actors", "a", {"v": 2})])
    killed = place.parent / "killed"
    killed.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{place}{suffix}", f"{killed / place.name}{suffix}")
    await writer.close()
    path = killed / place.name
    with reading(path, tmp_path) as reader:
        found = reader("open")
        assert found["error"] == "StoreReadOnlyError"
        assert "holds commits that are not in the file yet" in found["message"]
        assert f"copy {path.name} and {path.name}-wal" in found["hint"]


async def test_an_empty_file_that_cannot_be_written_is_no_database(
    place: Path, tmp_path: Path
) -> None:
    place.write_bytes(b"")
    with reading(place, tmp_path) as reader:
        assert reader("open")["error"] == "StoreReadOnlyError"


async def test_what_can_be_written_is_not_opened_for_looking(place: Path) -> None:
    store = SqliteStore(place)
    await store.open()
    assert not store.read_only
    await store.close()

"""The same inputs give the same hash at every step: everywhere, always."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from scrai.store import DocumentStore, MemoryStore, SqliteStore
from scrai.store.emulator import Emulator
from transcript import script

HERE = Path(__file__).parent


def transcript(python: Path, hash_seed: str) -> Any:
    done = subprocess.run(
        [str(python), str(HERE / "transcript.py")],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "SCRAI_DISABLE_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def reference() -> Any:
    return transcript(Path(sys.executable), "0")


def test_every_python(any_python: Path, reference: Any) -> None:
    assert transcript(any_python, "1") == reference
    assert transcript(any_python, "4321") == reference


@asynccontextmanager
async def opened(store: Any) -> AsyncIterator[DocumentStore]:
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def test_sqlite_is_memory(tmp_path: Path) -> None:
    async with opened(MemoryStore()) as memory, opened(SqliteStore(tmp_path / "a.db")) as sqlite:
        assert await script(sqlite) == await script(memory)


@pytest.mark.emulator
async def test_firestore_is_memory(emulator: Emulator, project: str) -> None:
    from scrai.data import FirestoreClient

    async with (
        opened(MemoryStore()) as memory,
        opened(FirestoreClient(project_id=project, emulator_host=emulator.host)) as firestore,
    ):
        assert await script(firestore) == await script(memory)


async def test_another_seed_is_another_story(tmp_path: Path) -> None:
    from village import engine, run, state

    async with opened(MemoryStore()) as store:
        target = engine(store)
        await target.create(state("one", seed=1))
        await target.create(state("two", seed=2))
        one = [result.hash for result in await run(target, 2, "one")]
        two = [result.hash for result in await run(target, 2, "two")]
        assert one[0] == two[0]  # Initialize draws nothing
        assert not set(one[1:]) & set(two[1:])

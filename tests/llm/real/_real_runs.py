"""Runs of the program itself, each in a process of its own, and what they leave behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrai.llm import export_cassette
from scrai.store import DocumentStore, Query, SqliteStore, Where

HERE = Path(__file__).parent
PATIENCE = 300
FOREIGN = ("SCRAI_", "OPEN", "LM_", "OLLAMA", "GOOGLE", "FIRESTORE", "PYTHON", "XDG_")
DONE = ("completed", "failed", "cancelled")


@dataclass(frozen=True)
class Place:
    """A folder with a database in it, and the environment of what runs there."""

    folder: Path
    env: Mapping[str, str]
    project: str | None = None
    host: str = ""

    @property
    def database(self) -> Path:
        return self.folder / "scrai.db"

    def words(self, *args: object) -> list[str]:
        """Return the command that runs the program."""
        where: tuple[object, ...] = ("--db", self.database)
        if self.project is not None:
            where = ("--backend", "firestore", "--project-id", self.project)
        return [sys.executable, "-m", "scrai.cli", *map(str, (*where, *args))]

    def environment(self) -> dict[str, str]:
        """Return the variables of a process: nothing of the developer's, then our own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        here = {"HOME": str(self.folder), "NO_COLOR": "1", "FIRESTORE_EMULATOR_HOST": self.host}
        return kept | {name: value for name, value in here.items() if value} | dict(self.env)

    def call(self, *args: object) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, whatever that is."""
        return subprocess.run(
            self.words(*args),
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def json(self, *args: object) -> Any:
        """Run the program, which must succeed; return what it prints."""
        done = self.call("--json", *args)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    async def spawn(self, *args: object, as_json: bool = True) -> Process:
        """Start the program and do not wait; the loop of this process goes on."""
        options = ("--json",) if as_json else ()
        return await asyncio.create_subprocess_exec(
            *self.words(*options, *args),
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    async def ended(self, *args: object) -> tuple[int, str, str]:
        """Run the program beside this loop; return its exit code and what it printed."""
        process = await self.spawn(*args)
        out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    def hashes(self, name: str) -> list[tuple[int, str]]:
        """Return the number and the hash of every step."""
        found = self.json("simulation", "history", name)
        return [(step["step"], step["hash"]) for step in found]

    @asynccontextmanager
    async def store(self) -> AsyncIterator[DocumentStore]:
        """Open the database in this process."""
        store: Any = SqliteStore(self.database)
        if self.project is not None:
            from scrai.store._firestore import FirestoreStore

            store = FirestoreStore(project_id=self.project, emulator_host=self.host)
        await store.open()
        try:
            yield store
        finally:
            await store.close()


async def entities(store: DocumentStore, kind: str, name: str) -> list[dict[str, Any]]:
    """Return all actors, events or actions of a simulation, those that are over included."""
    found = await store.query(Query(kind, (Where("simulation_id", "==", name),)))
    return [document.value() for document in found]


async def recorded(store: DocumentStore, name: str) -> list[dict[str, Any]]:
    """Return the recorded calls of a simulation as a cassette has them."""
    lines = [json.loads(line) async for line in export_cassette(store, name)]
    return lines[1:]


async def costs(store: DocumentStore, name: str) -> list[dict[str, Any]]:
    """Return the cost records of a simulation."""
    return [each.value() for each in await store.query(Query(f"simulations/{name}/costs"))]


def last_turns(calls: list[dict[str, Any]], slot: str) -> list[dict[str, Any]]:
    """Return the calls of slots that begin so, of each conversation only the last turn."""
    found: dict[Any, dict[str, Any]] = {}
    for call in calls:
        key = call["key"]
        place = (key["cycle"], key["phase"], key["passes"], key["slot"])
        order = (key["attempt"], key["turn"])
        if key["slot"].startswith(slot) and (
            place not in found
            or order > (found[place]["key"]["attempt"], found[place]["key"]["turn"])
        ):
            found[place] = call
    return list(found.values())

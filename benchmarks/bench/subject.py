"""A simulation under measurement: store, engine and what the store's documents weigh."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

from scrai._wall import nonce
from scrai.engine import PhaseEngine
from scrai.store import (
    FirestoreClient,
    MemoryStore,
    SqliteStore,
    delete_tree,
    export_documents,
    import_documents,
)

from .calibration import Stopwatch
from .worlds import Worlds

NAME = "town"
COLLECTIONS = ("simulations", "actors", "events", "actions")


class Subject:
    """One simulation in a store of its own, or in a project of Firestore that others share."""

    def __init__(
        self,
        backend: str,
        scenario: str,
        actors: int = 0,
        folder: str = "",
        host: str = "",
        project: str = "",
    ) -> None:
        self.name = f"{NAME}-{nonce(6)}" if project else NAME
        self._project = project or f"demo-{nonce(6)}"
        self._host, self._actors = host, actors
        self._remote = backend == "emulator"
        self.worlds = Worlds(actors)
        self.scenario = scenario
        self.file = Path(folder, f"{nonce(6)}.db") if backend == "sqlite" else None
        self.store: Any = self._store(backend)
        self.engine = PhaseEngine(self.store, self.worlds)
        self.cycle = 0

    def _store(self, backend: str) -> Any:
        if backend == "memory":
            return MemoryStore()
        if self.file is not None:
            return SqliteStore(self.file)
        return FirestoreClient(project_id=self._project, emulator_host=self._host)

    async def open(self) -> None:
        """Open the store and create the simulation."""
        await self.store.open()
        await self.engine.create(self.worlds.new_simulation(self.scenario, self.name))

    async def close(self) -> None:
        """Close the store; a file of it is deleted."""
        await self.store.close()
        if self.file is not None:
            _remove(self.file)

    async def advance(self, cycles: int) -> None:
        """Run so many cycles."""
        async for result in self.engine.run(self.name, cycles=cycles):
            self.cycle = result.simulation.phase_number

    async def age(self, cycles: int) -> None:
        """Be a simulation of so many cycles, whatever there was of it before.

        On Firestore its twin lives them in memory, and its documents are copied: the emulator
        alone would take an hour for ten thousand cycles.
        """
        if not self._remote:
            await self.advance(cycles - self.cycle)
            return
        twin = Subject("memory", self.scenario, self._actors)
        twin.name = self.name
        await twin.open()
        await twin.advance(cycles)
        await delete_tree(self.store, "simulations", self.name)
        for collection in COLLECTIONS:
            lines = export_documents(twin.store, collection)
            await import_documents(self.store, lines, replace=True)
        await twin.close()
        self.cycle = cycles
        self.engine = PhaseEngine(self.store, self.worlds)  # the old one knows another past

    async def timed(self, cycles: int) -> dict[str, float]:
        """Run so many cycles; return what one of them cost."""
        watch = Stopwatch()
        await self.advance(cycles)
        return watch.stop(cycles)

    async def timed_loads(self, count: int) -> dict[str, float]:
        """Load the simulation as a new worker does; return what that costs."""
        watch = Stopwatch()
        for _ in range(count):
            await PhaseEngine(self.store, self.worlds).inspect(self.name)
        return watch.stop(count)

    def weight(self) -> dict[str, Any]:
        """Return what this process and, on sqlite, the file hold."""
        found: dict[str, Any] = {"rss_mb": _rss(), "blocks": sys.getallocatedblocks()}
        if self.file is not None:
            found |= _file_weight(self.file)
        return found


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


def _rss() -> float | None:
    """Return the resident megabytes of this process, None where /proc does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _file_weight(file: Path) -> dict[str, Any]:
    """Return the size of the file with its log folded in, and of its documents."""
    db = sqlite3.connect(file)
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        tables = [
            name
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name.startswith("d_")
        ]
        weights = {name[2:]: _table_weight(db, name) for name in tables}
    finally:
        db.close()
    return {
        "file_bytes": file.stat().st_size,
        "document_bytes": sum(weight["bytes"] for weight in weights.values()),
        "largest_document": max(weight["largest"] for weight in weights.values()),
        "collections": {name: weight for name, weight in weights.items() if weight["documents"]},
    }


def _table_weight(db: sqlite3.Connection, name: str) -> dict[str, int]:
    size = "length(CAST(payload AS BLOB)) + coalesce(length(data), 0)"
    row = db.execute(
        f'SELECT count(*), coalesce(sum({size}), 0), coalesce(max({size}), 0) FROM "{name}"'
    ).fetchone()
    return {"documents": row[0], "bytes": row[1], "largest": row[2]}

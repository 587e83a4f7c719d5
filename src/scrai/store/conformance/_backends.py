"""Factories of ScrAI's own file and memory stores; examples for others."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scrai import _wall
from scrai.errors import StoreCorruptError, StoreReadOnlyError, StoreSchemaError
from scrai.store._memory import MemoryStore
from scrai.store._sqlite import SqliteStore
from scrai.store._sqlite_schema import APPLICATION, VERSION
from scrai.store._types import DocumentStore
from scrai.store.conformance._kit import Feature, Hazard, Opener


class Clock:
    """A clock that can be moved."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return _wall.now() + self.ahead


class LocalFactory:
    """What factories of stores in this process have in common."""

    name = ""
    features: frozenset[Feature] = frozenset()
    bound = 10.0

    def __init__(self) -> None:
        self.stores: list[DocumentStore] = []
        self.clock = Clock()

    async def opened(self, store: DocumentStore) -> DocumentStore:
        """Open a store and remember to close it."""
        await store.open()
        self.stores.append(store)
        return store

    async def cleanup(self) -> None:
        """Close everything."""
        while self.stores:
            await self.stores.pop().close()

    def move_clock(self, store: DocumentStore, seconds: float) -> None:
        """Move the one clock of this factory's stores."""
        self.clock.ahead += timedelta(seconds=seconds)

    def opener(self, store: DocumentStore) -> Opener:
        """Not for stores that only this process has."""
        raise NotImplementedError

    async def reopen(self, store: DocumentStore) -> DocumentStore:
        """Not for data that end with the store."""
        raise NotImplementedError

    async def outage(self, store: DocumentStore) -> None:
        """There is no server."""
        raise NotImplementedError

    async def recover(self, store: DocumentStore) -> None:
        """There is no server."""
        raise NotImplementedError

    async def lose_reply(self, store: DocumentStore) -> None:
        """There are no replies to lose."""
        raise NotImplementedError

    def hazards(self) -> list[Hazard]:
        """There are no places."""
        raise NotImplementedError

    async def earlier(self) -> list[DocumentStore]:
        """There are no stored data."""
        raise NotImplementedError


class MemoryFactory(LocalFactory):
    """Memory stores."""

    name = "memory"
    features = frozenset({Feature.SECOND, Feature.CLOCK, Feature.SPOIL})

    async def fresh(self) -> DocumentStore:
        """Return a store on a space of its own."""
        return await self.opened(MemoryStore(clock=self.clock))

    async def second(self, store: DocumentStore) -> DocumentStore:
        """Return another store on the same space."""
        return await self.opened(MemoryStore(_memory(store).space, clock=self.clock))

    async def spoil(self, store: DocumentStore, collection: str, id: str) -> None:  # noqa: A002
        """Reach into the space."""
        _memory(store).space.collections[collection].rows[id].payload = b"{garbage"


def _memory(store: DocumentStore) -> MemoryStore:
    if not isinstance(store, MemoryStore):
        raise TypeError("not a memory store")
    return store


class SqliteFactory(LocalFactory):
    """Sqlite stores in a temporary folder.

    Args:
        fixtures: database files of earlier versions.
        options: more arguments of SqliteStore.
    """

    name = "sqlite"

    def __init__(self, fixtures: list[Path] | None = None, **options: Any) -> None:
        super().__init__()
        self._fixtures = fixtures or []
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="scrai-conformance-"))
        self._count = 0

    @property
    def features(self) -> frozenset[Feature]:  # type: ignore[override]
        """All that needs no server; fixtures only where there are some."""
        local = {Feature.OUTAGE, Feature.LOST_REPLY}
        return frozenset(Feature) - local - (set() if self._fixtures else {Feature.EARLIER})

    def place(self, name: str = "store.db") -> Path:
        """Return a path in a folder of its own."""
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        return folder / name

    def at(self, path: Path, **options: Any) -> SqliteStore:
        """Return a store on a file, not open."""
        return SqliteStore(path, clock=self.clock, **self._options, **options)

    async def fresh(self) -> DocumentStore:
        """Return a store on a new file."""
        return await self.opened(self.at(self.place()))

    async def second(self, store: DocumentStore) -> DocumentStore:
        """Return another connection to the file."""
        return await self.opened(self.at(_path(store)))

    async def reopen(self, store: DocumentStore) -> DocumentStore:
        """Close the file and open it again."""
        await store.close()
        return await self.second(store)

    def opener(self, store: DocumentStore) -> Opener:
        """Other processes open the file."""
        return Opener(f"{__name__}:open_sqlite", {"path": str(_path(store))})

    async def spoil(self, store: DocumentStore, collection: str, id: str) -> None:  # noqa: A002
        """Write past the store."""
        group = collection.rpartition("/")[2]
        with sqlite3.connect(_path(store)) as db:
            db.execute(f'UPDATE "d_{group}" SET payload = ? WHERE id = ?', ("{garbage", id))  # noqa: S608
        db.close()

    async def cleanup(self) -> None:
        """Close everything and remove the folder."""
        await super().cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def earlier(self) -> list[DocumentStore]:
        """Open copies of the fixtures."""
        stores = []
        for fixture in self._fixtures:
            copy = self.place(fixture.name)
            shutil.copy(fixture, copy)
            stores.append(await self.opened(self.at(copy)))
        return stores

    def hazards(self) -> list[Hazard]:
        """Files that are not ours, newer, damaged, or cannot be written."""
        return [
            self._hazard("a text file", StoreCorruptError, _write_text),
            self._hazard("a file cut short", StoreCorruptError, _write_cut),
            self._hazard("another program's database", StoreCorruptError, _write_foreign),
            self._hazard("a newer schema", StoreSchemaError, _write_newer),
            self._hazard("a folder that does not exist", StoreReadOnlyError, _no_folder),
            self._hazard("a folder in the place of the file", StoreCorruptError, _write_folder),
        ]

    def _hazard(self, name: str, error: Any, prepare: Callable[[Path], Path]) -> Hazard:
        path = prepare(self.place())
        return Hazard(name, error, lambda: self.at(path), lambda: _content(path))


def open_sqlite(path: str) -> SqliteStore:
    """What other processes call."""
    return SqliteStore(path)


def _path(store: DocumentStore) -> Path:
    if not isinstance(store, SqliteStore):
        raise TypeError("not a sqlite store")
    return store.path


def _content(path: Path) -> bytes:
    """The file's bytes and the names beside it."""
    if not path.parent.is_dir():
        return b"no folder"
    names = ",".join(sorted(each.name for each in path.parent.iterdir()))
    return names.encode() + (path.read_bytes() if path.is_file() else b"")


def _write_text(path: Path) -> Path:
    path.write_text("simulation: town\n" * 200)
    return path


def _write_cut(path: Path) -> Path:
    _write_foreign(path)
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 3000)
    return path


def _write_foreign(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE notes (text)")
    db.close()
    return path


def _write_newer(path: Path) -> Path:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE words (id, word)")
        db.execute(f"PRAGMA application_id = {APPLICATION}")
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    return path


def _no_folder(path: Path) -> Path:
    return path.parent / "missing" / path.name


def _write_folder(path: Path) -> Path:
    path.mkdir()
    return path

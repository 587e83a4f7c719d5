"""The connection of the sqlite store: one, used by one thread at a time.

An operation that is short by its nature runs where it was asked, in the event loop's thread: a
hop to another thread costs several times the CPU of the operation itself. It is held to so many
steps of sqlite's machine, a few milliseconds. What exceeds them, what finds the file locked by
another process, and what is long by its nature runs in the store's own thread, where waiting
harms nobody.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from scrai import _wall
from scrai.errors import (
    StoreClosedError,
    StoreCorruptError,
    StoreReadOnlyError,
)
from scrai.store._sqlite_errors import is_busy, is_interrupted, translate
from scrai.store._sqlite_looking import Still, address, may_be_looked_at

T = TypeVar("T")
Prepare: TypeAlias = Callable[[sqlite3.Connection], None]

_STEPS = 2_000
_ROUNDS = 25
_CHECKPOINT_PAGES = 4000
_PAGES_PER_WRITE = 4
_WAL_LIMIT = 8 * 1024 * 1024


class Link:
    """A connection, and where its operations run.

    Args:
        path: the database file.
        synchronous: NORMAL (an operating system crash may lose the last commits, never tear
            one) or FULL.
        busy_timeout: seconds to wait for other processes.
    """

    def __init__(self, path: Path, synchronous: str, busy_timeout: float) -> None:
        self._path = path
        self._synchronous = synchronous
        self._busy_timeout = busy_timeout
        self._inline = synchronous == "NORMAL"
        self._lock = threading.Lock()
        self._opening = asyncio.Lock()
        self._rounds: int | None = None
        self._pages = 0
        self._db: sqlite3.Connection | None = None
        self._still: Still | None = None
        self.read_only = False
        self._executor: ThreadPoolExecutor | None = None

    async def open(self, prepare: Prepare, look: Prepare) -> None:
        """Connect, and let `prepare` look at the file before anything is written.

        A file that cannot be written is opened for looking, with `look` in place of `prepare`.
        """
        async with self._opening:
            if self._db is None:
                self._still, self.read_only = None, False
                self._db = await self._open(prepare, look)

    async def _open(self, prepare: Prepare, look: Prepare) -> sqlite3.Connection:
        _check_place(self._path)
        try:
            db = await self._opened(prepare, str(self._path))
        except StoreReadOnlyError as refusal:
            if not may_be_looked_at(self._path, refusal):
                raise
        else:
            # sqlite does not say that it could open the file for reading alone.
            self.read_only = not os.access(self._path, os.W_OK)
            return db
        self.read_only = True
        try:
            return await self._opened(look, address(self._path), uri=True)
        except StoreReadOnlyError:
            self._still = Still.of(self._path)
            return await self._opened(look, address(self._path, immutable=True), uri=True)

    async def _opened(
        self, prepare: Prepare, place: str, *, uri: bool = False
    ) -> sqlite3.Connection:
        db = self._connect(place, uri)
        try:
            await self._hop(lambda: self._patiently(db, self._set_up(prepare)))
        except BaseException:
            self._stop_thread()  # if we were cancelled, it may still be at work
            db.close()
            raise
        return db

    def _connect(self, place: str, uri: bool) -> sqlite3.Connection:
        try:
            db = sqlite3.connect(
                place,
                uri=uri,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
            )
        except sqlite3.Error as error:
            raise translate(error, str(self._path)) from error
        db.set_progress_handler(self._is_too_long, _STEPS)
        return db

    def _is_too_long(self) -> bool:
        """Asked by sqlite every so many steps: whether to interrupt what runs in the loop.

        Steps are counted, not seconds: on a busy machine time passes without any work.
        """
        if self._rounds is None:
            return False
        self._rounds -= 1
        return self._rounds < 0

    def lift_bound(self) -> None:
        """Let the rest of the present operation take its time (a roll-back must not stop)."""
        self._rounds = None

    def _set_up(self, prepare: Prepare) -> Prepare:
        def work(db: sqlite3.Connection) -> None:
            prepare(db)
            db.execute(f"PRAGMA synchronous = {self._synchronous}")
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute("PRAGMA cache_size = -16000")
            db.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
            if self._inline:  # checkpoints wait for the disk: not in the loop's thread
                db.execute("PRAGMA wal_autocheckpoint = 0")

        return work

    async def close(self) -> None:
        """Let what is under way end, then disconnect."""
        db, self._db = self._db, None
        if db is None:
            return
        try:
            await self._hop(lambda: self._disconnect(db))
        finally:
            self._stop_thread()

    def _disconnect(self, db: sqlite3.Connection) -> None:
        with self._lock:
            db.close()

    def _stop_thread(self) -> None:
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)

    async def run(self, work: Callable[[sqlite3.Connection], T], *, short: bool = True) -> T:
        """Run an operation here if that can be short, else in the thread."""
        db = self._db
        if db is None:
            raise StoreClosedError(
                f"{self._path}: the store is not open", hint="await store.open() first"
            )
        if short and self._inline and self._lock.acquire(blocking=False):
            self._rounds = _ROUNDS
            try:
                return self._seen(work(db))
            except sqlite3.Error as error:
                if not (is_busy(error) or is_interrupted(error)):
                    raise translate(error, str(self._path)) from error
            finally:
                self._rounds = None
                self._lock.release()
        return await self._hop(lambda: self._patiently(db, work))

    def _seen(self, found: T) -> T:
        """Return what was read, if the file still is what it was."""
        if self._still is not None:
            self._still.check()
        return found

    async def _hop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread(), work)

    def _thread(self) -> ThreadPoolExecutor:
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="scrai-sqlite")
        return self._executor

    def _patiently(self, db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run an operation, again and again while others hold the file, up to the bound."""
        deadline = _wall.seconds() + self._busy_timeout
        pause = 0.0005
        while True:
            try:
                with self._lock:
                    return self._seen(work(db))
            except sqlite3.Error as error:
                if not is_busy(error) or _wall.seconds() + pause > deadline:
                    raise translate(error, str(self._path)) from error
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)

    def note_commit(self, writes: int, size: int) -> None:
        """Reckon what a commit adds to the log; now and then move the log into the file, in the
        thread.
        """
        self._pages += _PAGES_PER_WRITE * writes + size // 4096
        if self._inline and self._pages >= _CHECKPOINT_PAGES:
            self._pages = 0
            self._thread().submit(self._checkpoint)

    def _checkpoint(self) -> None:
        db = self._db
        if db is None:
            return
        with self._lock:
            try:
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            except sqlite3.Error:
                return  # the log just grows until the next time; closing empties it anyway


def _check_place(path: Path) -> None:
    """Say in plain words what sqlite calls `unable to open database file`."""
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:  # a folder above may not be entered, or the name is impossible
        raise StoreReadOnlyError(
            f"{path}: {error.strerror}", hint="choose another place (--db)"
        ) from error
    if is_folder:
        raise StoreCorruptError(
            f"{path} is a folder, not a database file", hint="name a file in it (--db)"
        )
    if not has_folder:
        raise StoreReadOnlyError(
            f"{path}: the folder {path.parent} does not exist",
            hint=f"make it first: mkdir -p {path.parent}",
        )

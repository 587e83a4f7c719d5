# ruff: noqa: S608 - statements are made of names of our own; values are bound
"""The sqlite store: one file, no set-up, any number of processes on one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from scrai import _wall
from scrai.errors import StoreReadOnlyError
from scrai.store._arrange import arrange
from scrai.store._ids import check_id
from scrai.store._plan import Plan, check_count, check_query
from scrai.store._prepare import Prepared, prepare
from scrai.store._registry import CollectionSpec, groups, spec_of, spec_of_group
from scrai.store._sqlite_commit import Commit, MisfitError
from scrai.store._sqlite_link import Link
from scrai.store._sqlite_query import Sql, count, select, select_near
from scrai.store._sqlite_rows import TICK, document, revision_at
from scrai.store._sqlite_schema import Table, check_file, create_base, find_table, make_table
from scrai.store._sqlite_words import Words
from scrai.store._types import Capabilities, CommitResult, Document, Query, Write

T = TypeVar("T")

_SHORT_COMMIT = 128 * 1024
_SHORT_WRITES = 64
_SHORT_READ = 64
_PAGE = 256


class SqliteStore:
    """A `DocumentStore` in a sqlite file.

    Args:
        path: the file; made when it does not exist, its folder must.
        synchronous: "NORMAL" survives the end of any process, "FULL" also power cuts without
            losing the last commits.
        busy_timeout: seconds to wait for other processes before StoreTimeoutError.
        clock: the store's clock, for tests.
    """

    name = "sqlite"
    capabilities = Capabilities(durable=True, multi_process=True)

    def __init__(
        self,
        path: str | Path,
        *,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        busy_timeout: float = 10.0,
        clock: Callable[[], datetime] = _wall.now,
    ) -> None:
        self.path = Path(path)
        self._link = Link(self.path, synchronous, busy_timeout)
        self._clock = clock
        self._words = Words()
        self._tables: dict[str, Table] = {}
        self._mark = int(_wall.nonce(2), 16) % TICK
        self._last = 0

    async def open(self) -> None:
        """Open the file, or make it. One that cannot be written is opened for looking only.

        Raises:
            StoreSchemaError: a newer version of ScrAI wrote it.
            StoreCorruptError: it is not a database of ours.
            StoreReadOnlyError: it or its folder cannot be written, and it cannot be read either.
        """
        await self._link.open(self._set_up, self._look)

    @property
    def read_only(self) -> bool:
        """Whether the file cannot be written, so that every commit is refused."""
        return self._link.read_only

    async def close(self) -> None:
        """Close the file."""
        await self._link.close()
        self._tables.clear()
        self._words.forget()

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        """Return one document, or None."""
        return (await self.get_many(collection, (id,)))[0]

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked, None where missing."""
        spec = spec_of(collection)
        for each in ids:
            check_id(each)

        def work(db: sqlite3.Connection) -> list[Document | None]:
            return self._fetch(db, self._table(db, spec), collection, ids)

        return await self._link.run(work, short=len(ids) <= _SHORT_READ)

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        plan = check_query(query)
        if plan.limit is None or plan.limit > _PAGE:
            # Most answers are short. One that is not is asked for again, in the thread.
            first = await self._link.run(lambda db: self._select(db, plan, _PAGE + 1))
            if len(first) <= _PAGE:
                return first
            return await self._link.run(lambda db: self._select(db, plan, plan.limit), short=False)
        return await self._link.run(lambda db: self._select(db, plan, plan.limit))

    async def count(self, query: Query) -> int:
        """Return how many documents match."""
        plan = check_count(query)
        return await self._link.run(lambda db: self._count(db, plan))

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none."""
        if self.read_only:
            raise StoreReadOnlyError(
                f"{self.path} can only be looked at: the file or its folder cannot be written",
                hint="make both writable, or copy the file (--db)",
            )
        ready = prepare(writes)
        size = sum([write.size for write in ready])
        short = len(ready) <= _SHORT_WRITES and size <= _SHORT_COMMIT
        return await self._link.run(lambda db: self._commit(db, ready), short=short)

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        """Return the paths of all collections below a document that hold documents, sorted."""
        spec_of(collection)
        check_id(id)
        return await self._link.run(lambda db: self._below(db, f"{collection}/{id}/"))

    # ------------------------------------------------------------ on the connection

    def _set_up(self, db: sqlite3.Connection) -> None:
        if not self._is_ours(db):
            db.execute("PRAGMA journal_mode = WAL")
        specs = [spec_of_group(group) for group in groups()]
        tables = self._write(db, lambda: self._make(db, specs))  # also: can we write at all?
        self._tables = {table.spec.group: table for table in tables}

    def _look(self, db: sqlite3.Connection) -> None:
        if not self._is_ours(db):
            raise StoreReadOnlyError(
                f"{self.path} is empty, and cannot be written", hint="choose another place (--db)"
            )
        found = [find_table(db, spec_of_group(group)) for group in groups()]
        self._tables = {table.spec.group: table for table in found if table is not None}

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        """Check the file in one view of it, as another process may be making it just now."""
        db.execute("BEGIN")
        try:
            return check_file(db, str(self.path))
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def _make(self, db: sqlite3.Connection, specs: list[CollectionSpec]) -> list[Table]:
        if not check_file(db, str(self.path)):  # another process may have been faster
            create_base(db)
        return [find_table(db, spec) or make_table(db, spec) for spec in specs]

    def _write(self, db: sqlite3.Connection, work: Callable[[], T]) -> T:
        """Run `work` in a transaction that holds the write lock from its start."""
        try:
            db.execute("BEGIN IMMEDIATE")  # may begin and yet be interrupted
            result = work()
            self._link.lift_bound()  # sqlite may call a commit interrupted that it has made
            db.execute("COMMIT")
        except BaseException:
            self._words.forget()
            self._link.lift_bound()
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return result

    def _table(self, db: sqlite3.Connection, spec: CollectionSpec) -> Table:
        """Return a group's table; make it if the group was declared after opening.

        Raises:
            StoreReadOnlyError: it would have to be made in a file that can only be looked at.
        """
        table = self._tables.get(spec.group)
        if table is None:
            table = find_table(db, spec)
            if table is None:
                if self.read_only:
                    raise StoreReadOnlyError(
                        f"{self.path} was written by an older ScrAI, and what it lacks of"
                        f" {spec.group} cannot be added",
                        hint="copy the file to where it can be written (--db)",
                    )
                if db.in_transaction:  # it may yet be rolled back: do not remember
                    return make_table(db, spec)
                table = self._write(db, lambda: make_table(db, spec))
            self._tables[spec.group] = table
        return table

    def _commit(self, db: sqlite3.Connection, writes: list[Prepared]) -> CommitResult:
        if not writes:
            return CommitResult(())
        try:
            revisions = self._write(db, lambda: self._begin(db).fast(writes))
        except MisfitError:
            revisions = self._write(db, lambda: self._begin(db).careful(writes))
        self._link.note_commit(len(writes), sum([write.size for write in writes]))
        return CommitResult(tuple(revisions))

    def _begin(self, db: sqlite3.Connection) -> Commit:
        now = self._clock()
        revision = self._next_revision(now)
        return Commit(db, self._words, partial(self._table, db), revision, now)

    def _next_revision(self, now: datetime) -> int:
        """A revision holds the moment of its commit, and never comes twice."""
        self._last = max(revision_at(now) + self._mark, self._last + TICK)
        return self._last

    def _fetch(
        self, db: sqlite3.Connection, table: Table, collection: str, ids: Sequence[str]
    ) -> list[Document | None]:
        parent = self._words.path(db, collection)
        found: dict[str, Document] = {}
        if parent is not None and ids:
            wanted = list(dict.fromkeys(ids))
            at = self._clock()
            places = ",".join("?" * len(wanted))
            text = f"{table.select} WHERE parent = ? AND id IN ({places})"
            for row in db.execute(text, (parent, *wanted)).fetchall():
                found[row[0]] = document(db, self._words, table, collection, row, at)
        return arrange(ids, found)

    def _select(self, db: sqlite3.Connection, plan: Plan, limit: int | None) -> list[Document]:
        table = self._table(db, plan.spec)
        parent = None if plan.nothing else self._words.path(db, plan.collection)
        if parent is None:
            return []
        at = self._clock()
        rows: list[tuple[Any, ...]] = []
        if plan.after is not None and not plan.order and limit:
            sql = Sql(db, self._words, table)
            rows = db.execute(select_near(sql, plan, parent, limit), sql.values).fetchall()
        if not rows or len(rows) != limit:
            sql = Sql(db, self._words, table)
            rows = db.execute(select(sql, plan, parent, limit), sql.values).fetchall()
        return [document(db, self._words, table, plan.collection, row, at) for row in rows]

    def _count(self, db: sqlite3.Connection, plan: Plan) -> int:
        table = self._table(db, plan.spec)
        parent = None if plan.nothing else self._words.path(db, plan.collection)
        if parent is None:
            return 0
        sql = Sql(db, self._words, table)
        return int(db.execute(count(sql, plan, parent), sql.values).fetchone()[0])

    def _below(self, db: sqlite3.Connection, prefix: str) -> list[str]:
        rows = db.execute(
            "SELECT id, path FROM paths WHERE path > ? AND path < ? ORDER BY path",
            (prefix, f"{prefix[:-1]}0"),  # "0" is what follows "/"
        ).fetchall()
        return [path for number, path in rows if self._holds(db, number, path)]

    def _holds(self, db: sqlite3.Connection, number: int, path: str) -> bool:
        table = self._table(db, spec_of(path))
        text = f"SELECT 1 FROM {table.name} WHERE parent = ? LIMIT 1"
        return db.execute(text, (number,)).fetchone() is not None

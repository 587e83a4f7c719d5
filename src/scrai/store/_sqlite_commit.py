# ruff: noqa: S608 - statements are made of names of our own; values are bound
"""Commits on sqlite: first as if all conditions held, and carefully if one does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from scrai.errors import AlreadyExistsError, ConflictError, DocumentMissingError, StoreError
from scrai.store._prepare import Prepared
from scrai.store._registry import CollectionSpec
from scrai.store._sqlite_rows import document, item_keys, parameters
from scrai.store._sqlite_schema import Table
from scrai.store._sqlite_words import Words
from scrai.store._types import WriteKind

_UPSERT, _CREATE = WriteKind.UPSERT, WriteKind.CREATE
_DELETE, _UPDATE = WriteKind.DELETE, WriteKind.UPDATE


class MisfitError(Exception):
    """The fast way does not do."""


class Commit:
    """One commit within an open transaction.

    Args:
        db, words: the connection and what it has seen.
        table_of: finds (or makes) a group's table.
        revision: what every document written gets.
        now: the store's time, for the winners that errors carry.
    """

    __slots__ = ("_db", "_now", "_revision", "_table_of", "_words")

    def __init__(
        self,
        db: sqlite3.Connection,
        words: Words,
        table_of: Callable[[CollectionSpec], Table],
        revision: int,
        now: datetime,
    ) -> None:
        self._db = db
        self._words = words
        self._table_of = table_of
        self._revision = revision
        self._now = now

    def fast(self, writes: Sequence[Prepared]) -> list[str | None]:
        """Apply the writes one by one, most of them in one statement.

        Raises:
            MisfitError: a condition does not hold, or nothing would change: roll back and be
                careful, which finds out what it is.
        """
        return [self._fast_one(write) for write in writes]

    def _fast_one(self, write: Prepared) -> str | None:
        """A write whose condition is part of its statement, where that can be."""
        table = self._table_of(write.spec)
        kind = write.kind
        if kind is _CREATE:
            fits = self._insert(table, write)
        elif kind is _UPSERT or table.lists:
            row = self._row(table, write)
            if _misfit(write, row):
                raise MisfitError(write.path)
            return self._apply(table, write, row)
        elif kind is _DELETE:
            fits = self._delete_plain(table, write)
        else:
            fits = self._update_plain(table, write)
        if not fits:
            raise MisfitError(write.path)
        return None if kind is _DELETE else str(self._revision)

    def _update_plain(self, table: Table, write: Prepared) -> bool:
        values = parameters(self._db, self._words, table, write, self._revision)
        given = table.updated(values)
        if write.expected is None:
            return self._db.execute(table.update, given).rowcount == 1
        fence = (*given, _number(write.expected))
        return self._db.execute(table.update_fenced, fence).rowcount == 1

    def _insert(self, table: Table, write: Prepared) -> bool:
        values = parameters(self._db, self._words, table, write, self._revision)
        done = self._db.execute(table.insert, values)
        if done.rowcount != 1:
            return False
        for (_, side), listed in zip(table.lists, _lists_of(table, values), strict=True):
            self._add_items(side, item_keys(listed), done.lastrowid)
        return True

    def _delete_plain(self, table: Table, write: Prepared) -> bool:
        parent = self._words.path(self._db, write.collection)
        text = f"DELETE FROM {table.name} WHERE parent = ? AND id = ?"
        if write.expected is None:
            self._db.execute(text, (parent, write.id))
            return True
        fence = (parent, write.id, _number(write.expected))
        return self._db.execute(f"{text} AND rev = ?", fence).rowcount == 1

    def _add_items(self, side: str, items: set[bytes], doc: int | None) -> None:
        self._db.executemany(
            f"INSERT INTO {side} (item, doc) VALUES (?, ?)",
            [(item, doc) for item in items],
        )

    def _drop_items(self, side: str, items: set[bytes], doc: int) -> None:
        self._db.executemany(
            f"DELETE FROM {side} WHERE item = ? AND doc = ?",
            [(item, doc) for item in items],
        )

    def careful(self, writes: Sequence[Prepared]) -> list[str | None]:
        """Apply the writes one by one, each after a look at what is there.

        Raises:
            AlreadyExistsError, ConflictError, DocumentMissingError: for the first, in order,
                whose condition does not hold.
        """
        tables = [self._table_of(write.spec) for write in writes]
        rows = [self._row(*each) for each in zip(tables, writes, strict=True)]
        for table, write, row in zip(tables, writes, rows, strict=True):
            if _misfit(write, row):
                raise self._refusal(table, write, row)
        everything = zip(tables, writes, rows, strict=True)
        return [self._apply(table, write, row) for table, write, row in everything]

    def _row(self, table: Table, write: Prepared) -> tuple[Any, ...] | None:
        """Return the row that is there, its rowid in front."""
        parent = self._words.path(self._db, write.collection)
        found: tuple[Any, ...] | None = self._db.execute(
            table.select_row, (parent, write.id)
        ).fetchone()
        return found

    def _refusal(self, table: Table, write: Prepared, row: tuple[Any, ...] | None) -> StoreError:
        """Return the error of a write whose condition does not hold."""
        if row is None:
            if write.kind is _DELETE:
                return ConflictError(f"{write.path} is gone")
            return DocumentMissingError(f"{write.path} does not exist")
        winner = document(self._db, self._words, table, write.collection, row[1:], self._now)
        if write.kind is _CREATE:
            return AlreadyExistsError(f"{write.path} exists", winner=winner)
        return ConflictError(
            f"{write.path} is at revision {winner.revision}, not {write.expected}", winner=winner
        )

    def _apply(self, table: Table, write: Prepared, row: tuple[Any, ...] | None) -> str | None:
        """Apply a write to the row that is there."""
        if write.kind is _DELETE:
            if row is not None:
                self._delete_row(table, row)
            return None
        if row is None:
            self._insert(table, write)
            return str(self._revision)
        values = parameters(self._db, self._words, table, write, self._revision)
        pairs = zip(row[4:-2], values[5:], strict=True)
        places = tuple([place for place, (old, new) in enumerate(pairs) if old != new])
        if not places and row[-2:] == tuple(values[2:4]):
            return str(row[2])
        columns = [values[5 + place] for place in places]
        self._db.execute(table.change(places), [*values[2:5], *columns, row[0]])
        self._change_items(table, row, values)
        return str(self._revision)

    def _delete_row(self, table: Table, row: tuple[Any, ...]) -> None:
        for (_, side), listed in zip(table.lists, _kept_lists(table, row), strict=True):
            self._drop_items(side, item_keys(listed), row[0])
        self._db.execute(f"DELETE FROM {table.name} WHERE rowid = ?", (row[0],))

    def _change_items(self, table: Table, row: tuple[Any, ...], values: list[Any]) -> None:
        kept, given = _kept_lists(table, row), _lists_of(table, values)
        for (_, side), old, new in zip(table.lists, kept, given, strict=True):
            if old != new:
                before, after = item_keys(old), item_keys(new)
                self._drop_items(side, before - after, row[0])
                self._add_items(side, after - before, row[0])


def _misfit(write: Prepared, row: tuple[Any, ...] | None) -> bool:
    """Whether a write's condition does not hold for the row that is there."""
    if row is None:
        return write.kind is _UPDATE or write.expected is not None
    return write.kind is _CREATE or write.expected not in (None, str(row[2]))


def _lists_of(table: Table, values: list[Any]) -> list[Any]:
    return values[5 + len(table.scalars) :]


def _kept_lists(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[4 + len(table.scalars) : -2]


def _number(revision: str) -> int:
    """A revision as kept; one that is no number of ours matches nothing."""
    return int(revision) if revision.isdecimal() and revision.isascii() else -1

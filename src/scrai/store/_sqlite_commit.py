# ruff: noqa: S608 - statements are made of names of our own; values are bound
"""Commits on sqlite: first as if all conditions held, and carefully if one does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from scrai.errors import AlreadyExistsError, ConflictError, DocumentMissingError
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
        """Apply the writes, one statement each.

        Raises:
            MisfitError: a condition does not hold, or is not for one statement: roll back and be
                careful.
        """
        for write in writes:
            if not self._try_one(write):
                raise MisfitError(write.path)
        revision = str(self._revision)
        return [None if write.kind is _DELETE else revision for write in writes]

    def _try_one(self, write: Prepared) -> bool:
        """A write whose condition is part of its statement."""
        table = self._table_of(write.spec)
        kind = write.kind
        if kind is _CREATE:
            return self._insert(table, write)
        if kind is _UPSERT or table.lists:
            return False
        if kind is _DELETE:
            return self._delete_plain(table, write)
        values = parameters(self._db, self._words, table, write, self._revision)
        if write.expected is None:
            return self._db.execute(table.update, values).rowcount == 1
        expected = _number(write.expected)
        return self._db.execute(table.update_fenced, [*values, expected]).rowcount == 1

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
        found = [self._look(write) for write in writes]
        return [self._apply(write, row) for write, row in zip(writes, found, strict=True)]

    def _look(self, write: Prepared) -> tuple[Any, ...] | None:
        """Return the row that is there, with its rowid in front, after checking the condition."""
        table = self._table_of(write.spec)
        parent = self._words.path(self._db, write.collection)
        row: tuple[Any, ...] | None = self._db.execute(
            f"{table.select.replace('SELECT ', 'SELECT rowid, ', 1)} WHERE parent = ? AND id = ?",
            (parent, write.id),
        ).fetchone()
        if row is None:
            _check_absent(write)
        elif write.kind is _CREATE or write.expected not in (None, str(row[2])):
            raise self._refusal(table, write, row[1:])
        return row

    def _refusal(self, table: Table, write: Prepared, row: tuple[Any, ...]) -> ConflictError:
        winner = document(self._db, self._words, table, write.collection, row, self._now)
        if write.kind is _CREATE:
            return AlreadyExistsError(f"{write.path} exists", winner=winner)
        return ConflictError(
            f"{write.path} is at revision {winner.revision}, not {write.expected}", winner=winner
        )

    def _apply(self, write: Prepared, row: tuple[Any, ...] | None) -> str | None:
        table = self._table_of(write.spec)
        if write.kind is _DELETE:
            if row is not None:
                self._delete_row(table, row)
            return None
        if row is None:
            self._insert(table, write)
            return str(self._revision)
        values = parameters(self._db, self._words, table, write, self._revision)
        kept = (row[-2], row[-1], *row[4:-2])
        if kept == tuple(values[2:4] + values[5:]):
            return str(row[2])
        self._db.execute(table.update_always, values)
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


def _check_absent(write: Prepared) -> None:
    if write.kind is _UPDATE or (write.kind is _UPSERT and write.expected is not None):
        raise DocumentMissingError(f"{write.path} does not exist")
    if write.kind is _DELETE and write.expected is not None:
        raise ConflictError(f"{write.path} is gone")


def _lists_of(table: Table, values: list[Any]) -> list[Any]:
    return values[5 + len(table.scalars) :]


def _kept_lists(table: Table, row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[4 + len(table.scalars) : -2]


def _number(revision: str) -> int:
    """A revision as kept; one that is no number of ours matches nothing."""
    return int(revision) if revision.isdecimal() and revision.isascii() else -1

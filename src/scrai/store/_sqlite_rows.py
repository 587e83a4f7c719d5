"""Documents as rows, and rows as documents."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from scrai.errors import StoreCorruptError, StoreError
from scrai.store._codec import from_sort_key, sort_key
from scrai.store._prepare import Prepared
from scrai.store._sqlite_schema import Table
from scrai.store._sqlite_words import Words
from scrai.store._types import Column, Document, Payload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = 1024
"""Revisions of one microsecond: the low bits tell processes apart."""

_ABSENT: Any = object()


def revision_at(moment: datetime) -> int:
    """Return the smallest revision of a moment."""
    since = moment - _EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * TICK


def moment_of(microseconds: int) -> datetime:
    """Return a time kept as microseconds."""
    return _EPOCH + timedelta(microseconds=microseconds)


def parameters(
    db: sqlite3.Connection, words: Words, table: Table, write: Prepared, revision: int
) -> list[Any]:
    """Return the parameters of a table's statements for one write."""
    values: list[Any] = [
        words.make_path(db, write.collection),
        write.id,
        write.payload,
        write.data,
        revision,
    ]
    columns: Mapping[str, Any] = write.columns
    texts = words.texts
    for name, is_word in table.scalars:
        value = columns.get(name, _ABSENT)
        if value is _ABSENT:
            values.append(None)
        elif not is_word:
            values.append(sort_key(value))
        else:
            known = texts.get(value) if type(value) is str else None
            values.append(known or words.make_word(db, value))
    for name, _ in table.lists:
        items = columns.get(name)
        values.append(None if items is None else orjson.dumps(items).decode())
    return values


def document(
    db: sqlite3.Connection,
    words: Words,
    table: Table,
    collection: str,
    row: tuple[Any, ...],
    at: datetime,
) -> Document:
    """Return the document in a row of `Table.select`."""
    updated = moment_of(row[1] // TICK)
    return Document(
        collection,
        row[0],
        _columns(db, words, table, collection, row),
        Payload(row[-2]),
        row[-1],
        str(row[1]),
        updated if row[2] is None else moment_of(row[2]),
        updated,
        at,
    )


def _columns(
    db: sqlite3.Connection, words: Words, table: Table, collection: str, row: tuple[Any, ...]
) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    known = words.values
    try:
        for (name, is_word), kept in zip(table.scalars, row[3:], strict=False):
            if kept is None:
                continue
            if is_word:
                columns[name] = known[kept] if kept in known else words.value(db, kept)
            else:
                columns[name] = from_sort_key(kept)
        for (name, _), kept in zip(table.lists, row[3 + len(table.scalars) :], strict=False):
            if kept is not None:
                columns[name] = tuple(orjson.loads(kept))
    except (StoreError, ValueError, TypeError) as error:
        raise StoreCorruptError(
            f"{collection}/{row[0]}: a column cannot be read: {error}"
        ) from error
    return columns


def item_keys(listed: str | None) -> set[bytes]:
    """Return the keys of the items of a list column, as kept."""
    return set() if listed is None else {sort_key(item) for item in orjson.loads(listed)}

# ruff: noqa: S608 - statements are made of names of our own; values are bound
"""The tables of the sqlite store: made, checked, never overwritten.

One table per collection group. Its columns hold *keys* (`sort_key`), so that sqlite's plain byte
order is the order of every store; SQL NULL means that the document lacks the column. Columns that
the registry calls shared hold a number of the table `words` instead, and paths of collections are
numbers of the table `paths`: an index entry is then a few bytes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from scrai.errors import StoreCorruptError, StoreSchemaError
from scrai.store._registry import CollectionSpec, shapes_of

APPLICATION = 0x53637241
VERSION = 1

_BASE = """
CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE words (id INTEGER PRIMARY KEY, word BLOB NOT NULL UNIQUE);
"""


@dataclass(slots=True)
class Table:
    """A group's table and the statements used on it.

    Attributes:
        spec: the declaration.
        name: the table, quoted.
        scalars: (column, whether its values are words), in table order.
        lists: list columns, in table order, with their side tables, quoted.
        words: the columns whose values are words.
        leading: the columns with which an index begins.
        ids: the index of ids, quoted.
        names: all columns as sqlite calls them, in table order.
        updated: gives the parameters of `update`, from those of `insert`.
    """

    spec: CollectionSpec
    name: str
    scalars: list[tuple[str, bool]]
    lists: list[tuple[str, str]]
    select: str = ""
    select_bare: str = ""
    select_row: str = ""
    insert: str = ""
    update: str = ""
    update_fenced: str = ""
    words: frozenset[str] = frozenset()
    leading: frozenset[str] = frozenset()
    ids: str = ""
    names: list[str] = field(default_factory=list)
    updated: Callable[[Sequence[Any]], tuple[Any, ...]] = tuple
    _changes: dict[tuple[int, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids = f'"u_{self.spec.group}"'
        self.leading = frozenset(columns[0] for columns in _wanted_indexes(self.spec))
        self.words = frozenset(name for name, is_word in self.scalars if is_word)
        names = [f"c_{name}" for name, _ in self.scalars] + [f"l_{name}" for name, _ in self.lists]
        tail = "".join(f", {name}" for name in names)
        head = f"SELECT id, rev, created{tail}"
        self.select = f"{head}, CAST(payload AS BLOB), data FROM {self.name}"
        self.select_bare = f"{head}, CAST('{{}}' AS BLOB), NULL FROM {self.name}"
        self.select_row = (
            f"{self.select.replace('SELECT ', 'SELECT rowid, ', 1)} WHERE parent = ? AND id = ?"
        )
        self._write_statements(names)

    def _write_statements(self, names: list[str]) -> None:
        """Parameters of `insert`: parent, id, payload, data, revision, the columns.

        `update` sets what may well have changed; that the rest is as it was is a condition.
        """
        columns = "".join(f", {name}" for name in names)
        places = ", ?" * len(names)
        self.insert = (
            f"INSERT INTO {self.name} (parent, id, payload, data, rev{columns})"
            f" VALUES (?, ?, CAST(? AS TEXT), ?, ?{places})"
            " ON CONFLICT (parent, id) DO NOTHING"
        )
        loose = [name for name in names if name not in STEADY]
        at = {name: 5 + place for place, name in enumerate(names)}
        changing = [at[name] for name in loose]
        steady = [at[name] for name in names if name in STEADY]
        order = [2, 3, 4, *changing, 0, 1, 2, 3, *changing, *steady]
        self.updated = itemgetter(*order)
        differs = "".join(f" OR {name} IS NOT ?" for name in loose)
        same = "".join(f" AND {name} IS ?" for name in names if name in STEADY)
        self.update = (
            f"{self._set(loose)} WHERE parent = ? AND id = ?"
            f" AND (payload IS NOT CAST(? AS TEXT) OR data IS NOT ?{differs}){same}"
        )
        self.update_fenced = f"{self.update} AND rev = ?"
        self.names = names

    def _set(self, names: Iterable[str]) -> str:
        return (
            f"UPDATE {self.name} SET created = coalesce(created, rev / 1024),"
            f" payload = CAST(? AS TEXT), data = ?, rev = ?"
            f"{''.join(f', {name} = ?' for name in names)}"
        )

    def change(self, places: tuple[int, ...]) -> str:
        """Return the statement that changes some columns of a row.

        Only what changes is set: sqlite writes every index of a column that is set, even if it
        is set to what it was. Parameters: payload, data, revision, the columns, rowid.
        """
        text = self._changes.get(places)
        if text is None:
            text = f"{self._set(self.names[place] for place in places)} WHERE rowid = ?"
            self._changes[places] = text
        return text


STEADY = frozenset({"c_actor_id", "c_created_at", "c_name"})
"""Columns that have an index and hardly ever change: an update that changes one is slower."""


def check_file(db: sqlite3.Connection, place: str) -> bool:
    """Whether the file is ours already; False if it is empty. Nothing is written.

    Raises:
        StoreCorruptError: it belongs to another program.
        StoreSchemaError: a newer version of ScrAI wrote it.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if application == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return False
    if application != APPLICATION:
        raise StoreCorruptError(
            f"{place} is a database of another program; it is left as it is",
            hint="choose another file (--db)",
        )
    if version > VERSION:
        raise StoreSchemaError(
            f"{place} was written by a newer ScrAI (its schema is {version}, ours {VERSION})",
            hint="upgrade scrai; the file is left as it is",
        )
    return True


def create_base(db: sqlite3.Connection) -> None:
    """Make an empty file ours, within a transaction."""
    for statement in _BASE.strip().split(";\n"):
        db.execute(statement.rstrip(";"))
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute(f"PRAGMA user_version = {VERSION}")


def find_table(db: sqlite3.Connection, spec: CollectionSpec) -> Table | None:
    """Return a group's table if it is complete, else None (then `make_table`)."""
    present = _columns(db, spec)
    wanted = {f"c_{name}" for name in spec.columns} | {f"l_{name}" for name in spec.lists}
    if not present or not wanted <= present.keys():
        return None
    found = {
        row[0]
        for row in db.execute(
            "SELECT name FROM sqlite_master WHERE tbl_name = ? AND type = 'index'",
            (f"d_{spec.group}",),
        )
    }
    if not {_index_name(spec, columns) for columns in _wanted_indexes(spec)} <= found:
        return None
    return _table(spec, present)


def make_table(db: sqlite3.Connection, spec: CollectionSpec) -> Table:
    """Make or complete a group's table, within a transaction."""
    name = f'"d_{spec.group}"'
    db.execute(
        f"CREATE TABLE IF NOT EXISTS {name} (parent INTEGER NOT NULL, id TEXT NOT NULL,"
        " rev INTEGER NOT NULL, created INTEGER, payload TEXT NOT NULL, data BLOB)"
    )
    db.execute(f'CREATE UNIQUE INDEX IF NOT EXISTS "u_{spec.group}" ON {name} (parent, id)')
    present = _columns(db, spec)
    for column in sorted(spec.columns):
        if f"c_{column}" not in present:
            kind = "INTEGER" if column in spec.shared else "BLOB"
            db.execute(f"ALTER TABLE {name} ADD COLUMN c_{column} {kind}")
    for column in sorted(spec.lists):
        if f"l_{column}" not in present:
            db.execute(f"ALTER TABLE {name} ADD COLUMN l_{column} TEXT")
        db.execute(
            f"CREATE TABLE IF NOT EXISTS {_side(spec, column)}"
            " (item BLOB NOT NULL, doc INTEGER NOT NULL, PRIMARY KEY (item, doc)) WITHOUT ROWID"
        )
    for columns in _wanted_indexes(spec):
        listed = ", ".join(f"c_{column}" for column in columns)
        index = _index_name(spec, columns)
        db.execute(f'CREATE INDEX IF NOT EXISTS "{index}" ON {name} (parent, {listed})')
    return _table(spec, _columns(db, spec))


def _table(spec: CollectionSpec, present: dict[str, str]) -> Table:
    """How a column is kept is read from the table itself, whatever the registry now says."""
    scalars = [(name, present[f"c_{name}"] == "INTEGER") for name in sorted(spec.columns)]
    lists = [(name, _side(spec, name)) for name in sorted(spec.lists)]
    return Table(spec, f'"d_{spec.group}"', scalars, lists)


def _columns(db: sqlite3.Connection, spec: CollectionSpec) -> dict[str, str]:
    rows = db.execute(f'PRAGMA table_info("d_{spec.group}")')
    return {row[1]: row[2] for row in rows}


def _side(spec: CollectionSpec, column: str) -> str:
    return f'"s_{spec.group}.{column}"'


def _index_name(spec: CollectionSpec, columns: tuple[str, ...]) -> str:
    return f"i_{spec.group}.{'.'.join(columns)}"


def _wanted_indexes(spec: CollectionSpec) -> list[tuple[str, ...]]:
    """The columns of each index: as the declaration says, else one per column and shape."""
    if spec.lookups is not None:
        return list(spec.lookups)
    wanted: dict[tuple[str, ...], None] = {(name,): None for name in sorted(spec.columns)}
    for shape in sorted(shapes_of(spec.group), key=str):
        equal = sorted(shape.equal & spec.columns)
        wanted[(*equal, *(key.column for key in shape.order))] = None
    return list(wanted)

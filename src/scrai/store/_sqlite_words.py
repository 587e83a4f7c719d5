"""Values and paths that the sqlite store keeps once and names by number."""

from __future__ import annotations

import sqlite3

from scrai.errors import StoreCorruptError
from scrai.store._codec import from_sort_key, sort_key
from scrai.store._types import Scalar

_MANY = 50_000


class Words:
    """The tables `words` and `paths`, with what was seen of them.

    Numbers are never reused, so what was seen stays true, but for numbers given in a transaction
    that was then rolled back: `forget` must follow every roll-back.

    Attributes:
        values: the values seen so far, by number.
        texts: the numbers of those that are text.
    """

    __slots__ = ("_keys", "_paths", "texts", "values")

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self._keys: dict[bytes, int] = {}
        self.values: dict[int, Scalar] = {}
        self._paths: dict[str, int] = {}

    def forget(self) -> None:
        """Drop everything seen."""
        self.texts.clear()
        self._keys.clear()
        self.values.clear()
        self._paths.clear()

    def path(self, db: sqlite3.Connection, path: str) -> int | None:
        """Return a collection's number, None if nothing was ever written there."""
        number = self._paths.get(path)
        if number is None:
            row = db.execute("SELECT id FROM paths WHERE path = ?", (path,)).fetchone()
            if row is None:
                return None
            number = self._remember_path(path, row[0])
        return number

    def make_path(self, db: sqlite3.Connection, path: str) -> int:
        """Return a collection's number; give it one if it has none."""
        number = self.path(db, path)
        if number is None:
            db.execute("INSERT INTO paths (path) VALUES (?)", (path,))
            number = self._remember_path(path, _last_id(db))
        return number

    def _remember_path(self, path: str, number: int) -> int:
        if len(self._paths) > _MANY:
            self._paths.clear()
        self._paths[path] = number
        return number

    def word(self, db: sqlite3.Connection, value: Scalar) -> int | None:
        """Return a value's number, None if it was never written."""
        is_text = type(value) is str
        number = self.texts.get(value) if is_text else None  # type: ignore[arg-type]
        if number is not None:
            return number
        key = sort_key(value)
        number = self._keys.get(key)
        if number is None:
            row = db.execute("SELECT id FROM words WHERE word = ?", (key,)).fetchone()
            if row is None:
                return None
            number = self._remember(key, value, row[0])
        return number

    def make_word(self, db: sqlite3.Connection, value: Scalar) -> int:
        """Return a value's number; give it one if it has none."""
        number = self.word(db, value)
        if number is None:
            key = sort_key(value)
            db.execute("INSERT INTO words (word) VALUES (?)", (key,))
            number = self._remember(key, value, _last_id(db))
        return number

    def value(self, db: sqlite3.Connection, number: int) -> Scalar:
        """Return the value that has a number."""
        if number in self.values:
            return self.values[number]
        row = db.execute("SELECT word FROM words WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise StoreCorruptError(f"a column names the word {number!r}, which is not there")
        value = from_sort_key(row[0])
        self._remember(row[0], value, number)
        return value

    def _remember(self, key: bytes, value: Scalar, number: int) -> int:
        if len(self.values) > _MANY:
            self.texts.clear()
            self._keys.clear()
            self.values.clear()
        self.values[number] = value
        if type(value) is str:
            self.texts[value] = number
        else:
            self._keys[key] = number
        return number


def _last_id(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT last_insert_rowid()").fetchone()[0])

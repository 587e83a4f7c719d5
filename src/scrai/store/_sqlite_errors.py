"""sqlite's refusals as ours; none of its exception classes gets out."""

from __future__ import annotations

import sqlite3

from scrai.errors import (
    InvalidDocumentError,
    StoreClosedError,
    StoreCorruptError,
    StoreError,
    StoreReadOnlyError,
    StoreTimeoutError,
    StoreUnavailableError,
)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_MEANING: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StoreTimeoutError,
        "another process keeps it locked; end that process or allow more time (busy_timeout)",
    ),
    sqlite3.SQLITE_LOCKED: (StoreTimeoutError, "another connection keeps it locked"),
    sqlite3.SQLITE_READONLY: (
        StoreReadOnlyError,
        "make the file and its folder writable, or choose another place (--db)",
    ),
    sqlite3.SQLITE_PERM: (StoreReadOnlyError, "make the file and its folder writable"),
    sqlite3.SQLITE_CANTOPEN: (
        StoreReadOnlyError,
        "make the folder and the file writable, or choose another place (--db)",
    ),
    sqlite3.SQLITE_FULL: (StoreReadOnlyError, "the disk is full: make room and try again"),
    sqlite3.SQLITE_CORRUPT: (
        StoreCorruptError,
        "restore a copy, or save what is readable with the sqlite3 program's .recover",
    ),
    sqlite3.SQLITE_NOTADB: (StoreCorruptError, "choose another file (--db); it is left as it is"),
    sqlite3.SQLITE_IOERR: (StoreUnavailableError, "the disk did not do as asked; look at it"),
    sqlite3.SQLITE_TOOBIG: (InvalidDocumentError, "the value is too long for sqlite"),
}


def primary_code(error: sqlite3.Error) -> int:
    """Return sqlite's primary result code, 0 if the error carries none."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds a lock: waiting helps."""
    return primary_code(error) in _BUSY


def is_interrupted(error: sqlite3.Error) -> bool:
    """Whether our own bound stopped the statement."""
    return primary_code(error) == sqlite3.SQLITE_INTERRUPT


def translate(error: sqlite3.Error, place: str) -> StoreError:
    """Return the error of ours that says the same."""
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return StoreClosedError(f"{place}: the store is closed")
    kind, hint = _MEANING.get(primary_code(error), (StoreError, None))
    return kind(f"{place}: {error}", hint=hint)

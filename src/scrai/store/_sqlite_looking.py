"""Opening a sqlite file that may only be looked at.

A file in write-ahead mode is read through an index of its log, the file `-shm` beside it. Where
that cannot be made there are two ways left. If another process has made it, sqlite reads through
that one (`mode=ro`). If there is no log at all, nobody has the file open, and it can be read as it
lies (`immutable=1`): sqlite then neither locks nor looks at a log, so it is for us to see, after
everything that we read, that the file is still the one that we opened.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import quote

from scrai.errors import StoreReadOnlyError, StoreUnavailableError

_UNWRITABLE: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)
Sight: TypeAlias = tuple[int, ...]


def may_be_looked_at(path: Path, refusal: BaseException) -> bool:
    """Whether a file could not be opened for this alone, that it cannot be written."""
    cause = refusal.__cause__
    code = int(getattr(cause, "sqlite_errorcode", 0) or 0) & 0xFF
    return code in _UNWRITABLE and _size(path) > 0


def address(path: Path, *, immutable: bool = False) -> str:
    """Return the URI that opens a file for looking only."""
    # Not by `Path.as_uri`: in Python 3.13 it imports a module, which a process that has given up
    # its rights may not be able to read any more.
    name = path.absolute().as_posix()
    root = "" if name.startswith("/") else "/"
    quoted = quote(name, errors="surrogateescape")
    return f"file://{root}{quoted}?mode=ro{'&immutable=1' if immutable else ''}"


@dataclass(frozen=True, slots=True)
class Still:
    """A file that nobody writes, as long as `check` finds nothing.

    Attributes:
        path: the database file.
        sight: what it looked like when it was opened.
    """

    path: Path
    sight: Sight

    @classmethod
    def of(cls, path: Path) -> Still:
        """Look at a file that is about to be opened.

        Raises:
            StoreReadOnlyError: it has a log, without which it is not whole.
        """
        log = Path(f"{path}-wal")
        if _size(log) > 0:
            raise StoreReadOnlyError(
                f"{path}: {log.name} holds commits that are not in the file yet, and sqlite reads"
                " them only where the folder can be written",
                hint=f"copy {path.name} and {log.name} to another folder, and name that (--db)",
            )
        return cls(path, _sight(path))

    def check(self) -> None:
        """Raise StoreUnavailableError if somebody has begun to write the file."""
        if _size(Path(f"{self.path}-wal")) > 0 or _sight(self.path) != self.sight:
            raise StoreUnavailableError(
                f"{self.path} was written while it was looked at in a folder that we cannot write",
                hint="look again, or copy the file while nobody writes to it",
            )


def _sight(path: Path) -> Sight:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0

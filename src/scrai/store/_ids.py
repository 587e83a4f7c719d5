"""Names that every backend accepts: document ids, collection paths, field names."""

from __future__ import annotations

import re

from scrai.errors import InvalidDocumentError

MAX_NAME = 1500
MAX_PATH = 4096

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9~_.:@+=-]{0,255}")
_RESERVED = re.compile(r"__.*__", re.DOTALL)


def name_flaw(name: str) -> str | None:
    """Say why a field name is refused, or None."""
    if not name:
        return "is empty"
    if len(name) * 4 > MAX_NAME or not name.isascii():
        try:
            size = len(name.encode())
        except UnicodeEncodeError:
            return f"{name!a} has a lone surrogate"
        if size > MAX_NAME:
            return f"{name[:20]!r}... has {size:,} bytes; {MAX_NAME:,} are allowed"
    if name.startswith("__") and _RESERVED.fullmatch(name):
        return f"{name!r} is of the reserved form __name__"
    return None


def id_flaw(name: str) -> str | None:
    """Say why a document id is refused, or None."""
    flaw = name_flaw(name)
    if flaw:
        return flaw
    if name in {".", ".."} or "/" in name or "\0" in name:
        return f"{name!r} is '.', '..' or has a '/' or NUL in it"
    return None


def check_id(name: str) -> None:
    """Refuse an id that some backend could not keep.

    Raises:
        InvalidDocumentError: naming what is wrong with it.
    """
    if type(name) is str and _PLAIN_ID.fullmatch(name):
        return
    if not isinstance(name, str):
        raise InvalidDocumentError(f"document id is a {type(name).__name__}, not text")
    flaw = id_flaw(name)
    if flaw:
        raise InvalidDocumentError(f"document id {flaw}")


def check_path(collection: str) -> None:
    """Refuse a collection path with an even number of parts or a part that is no id."""
    if not isinstance(collection, str):
        raise InvalidDocumentError(f"collection is a {type(collection).__name__}, not text")
    parts = collection.split("/")
    if len(parts) % 2 == 0:
        raise InvalidDocumentError(
            f"collection {collection[:80]!r} has {len(parts)} parts: it names a document",
            hint="a collection path has an odd number of parts, e.g. simulations/town/steps",
        )
    for part in parts:
        flaw = id_flaw(part)
        if flaw:
            raise InvalidDocumentError(f"collection path: a part {flaw}")
    if len(collection.encode()) > MAX_PATH - MAX_NAME:
        raise InvalidDocumentError(f"collection path is over {MAX_PATH - MAX_NAME:,} bytes")


def parent_of(collection: str) -> str:
    """Return the path of the document that a collection lies below, or ''."""
    return collection.rpartition("/")[0]


def group_of(collection: str) -> str:
    """Return a collection's last part, by which its columns are declared."""
    return collection.rpartition("/")[2]

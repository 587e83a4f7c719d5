"""Commits: the request, the revisions in its answer, and what a refusal was about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.cloud.firestore_v1 import types

from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    StoreError,
)
from scrai.store._firestore_codec import put_document, put_revision, revision
from scrai.store._prepare import Prepared
from scrai.store._types import Document, WriteKind

_Commit: Any = types.CommitRequest.pb()


def commit_request(database: str, writes: Sequence[Prepared]) -> Any:
    """Return the request: applied as a whole or not at all.

    Without an update mask an update replaces the document wholly, and it takes field names as
    they are; the `update()` of Google's client would split them at dots.
    """
    request = _Commit(database=database)
    root = f"{database}/documents/"
    for write in writes:
        _put_write(request.writes.add(), write, root + write.path)
    return request


def _put_write(target: Any, write: Prepared, name: str) -> None:
    if write.kind is WriteKind.DELETE:
        target.delete = name
    else:
        target.update.name = name
        put_document(target.update, write.columns, write.payload, write.data)
    if write.expected is not None:
        put_revision(target.current_document.update_time, write.expected)
    elif write.kind is WriteKind.CREATE:
        target.current_document.exists = False
    elif write.kind is WriteKind.UPDATE:
        target.current_document.exists = True


def revisions(reply: Any, writes: Sequence[Prepared]) -> tuple[str | None, ...]:
    """Return the new revisions, None for deletes."""
    return tuple(
        None if write.kind is WriteKind.DELETE else revision(result.update_time)
        for write, result in zip(writes, reply.write_results, strict=True)
    )


def conditional(writes: Sequence[Prepared]) -> list[Prepared]:
    """Return the writes that can be refused because of what is stored."""
    kinds = (WriteKind.CREATE, WriteKind.UPDATE)
    return [write for write in writes if write.kind in kinds or write.expected is not None]


def explain(
    refusal: StoreError, writes: Sequence[Prepared], stored: Mapping[str, Document | None]
) -> StoreError:
    """Return the error for the first write that does not fit what is stored, by its path.

    The server names only a code; which write it means is found by one read after the refusal.
    If everything fits again by then, somebody was in between: a conflict all the same.
    """
    for write in writes:
        error = _misfit(write, stored.get(write.path))
        if error is not None:
            return error
    return ConflictError(f"{refusal}; somebody else was writing at the same time")


def _misfit(write: Prepared, stored: Document | None) -> StoreError | None:
    if write.kind is WriteKind.CREATE:
        if stored is None:
            return None
        return AlreadyExistsError(f"{write.path} exists already", winner=stored)
    if stored is None:
        gone = write.kind is WriteKind.DELETE
        return (ConflictError if gone else DocumentMissingError)(
            f"{write.path} {'is gone' if gone else 'does not exist'}"
        )
    if write.expected in (None, stored.revision):
        return None
    return ConflictError(
        f"{write.path} is at revision {stored.revision}, not {write.expected}", winner=stored
    )

"""Steps: a commit that recognises itself when its reply was lost; and changing under a fence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from scrai.errors import (
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
    StoreError,
    StoreUnavailableError,
)
from scrai.store._codec import encode
from scrai.store._types import CommitResult, Document, DocumentStore, Payload, Write, WriteKind

_LOOKS = 3


async def commit_step(
    store: DocumentStore,
    *,
    head: Write,
    step: Write,
    writes: Sequence[Write] = (),
    commit_id: str,
    after: int | None = None,
) -> CommitResult:
    """Commit one step: the head's update at its expected revision, the step marker's create
    and everything else, all or nothing.

    The marker's payload carries `commit_id`. When the store answers with a conflict, or not at
    all, the marker is read back: if it is ours, the commit had been applied and only the reply
    was lost. Revisions come in the order head, marker, writes; after a lost reply the revision
    of a document that somebody has changed since is `""`, which never matches.

    Args:
        store: the store.
        head: an update with an expected revision.
        step: a create with a column `step`.
        writes: the rest of the change.
        commit_id: what recognises this commit; also in the marker's payload.
        after: the number of the step that the head was loaded at, if the caller knows it.

    Raises:
        InvalidDocumentError: the step's number does not follow (a gap), or the writes are not of
            the kinds they must be.
        ConflictError: somebody else moved first; `winner` is the document as it now stands.
        StoreUnavailableError: nothing is known to have been applied.
    """
    _check_step(head, step, commit_id, after)
    everything = [head, step, *writes]
    try:
        return await store.commit(everything)
    except (ConflictError, DocumentMissingError, StoreUnavailableError) as error:
        applied = await _find_applied(store, everything, commit_id, error)
        if applied is None:
            raise
        return applied


def _check_step(head: Write, step: Write, commit_id: str, after: int | None) -> None:
    if head.kind is not WriteKind.UPDATE or head.expected is None:
        raise InvalidDocumentError("the head of a step is an update with an expected revision")
    if step.kind is not WriteKind.CREATE:
        raise InvalidDocumentError("the marker of a step is a create")
    if not commit_id or not _carries(step, commit_id):
        raise InvalidDocumentError("the marker of a step carries its commit_id")
    number = step.columns.get("step")
    if after is not None and number != after + 1:
        raise InvalidDocumentError(f"step {number!r} does not follow step {after}: a gap")


def _carries(step: Write, commit_id: str) -> bool:
    payload = step.payload
    if not isinstance(payload, Payload):
        return payload.get("commit_id") == commit_id
    # A journal entry may be large: it is decoded only if it has no such bytes anywhere.
    plain = b'"commit_id":"%b"' % commit_id.encode()
    return plain in payload.data or payload.value().get("commit_id") == commit_id


async def _find_applied(
    store: DocumentStore, writes: Sequence[Write], commit_id: str, error: StoreError
) -> CommitResult | None:
    """Return the result of our own commit if it was applied after all."""
    step = writes[1]
    for look in range(_LOOKS):
        try:
            marker = await store.get(step.collection, step.id)
            if marker is None or marker.value().get("commit_id") != commit_id:
                return None
            return CommitResult(tuple([await _revision(store, write) for write in writes]))
        except StoreUnavailableError:
            if look == _LOOKS - 1:
                raise error from None
    return None


async def _revision(store: DocumentStore, write: Write) -> str | None:
    """Return the revision that a write gave, `""` if the document has moved on since."""
    if write.kind is WriteKind.DELETE:
        return None
    present = await store.get(write.collection, write.id)
    ours = present is not None and present.payload == encode(write.payload)
    return present.revision if present is not None and ours else ""


async def change_document(
    store: DocumentStore,
    collection: str,
    id: str,  # noqa: A002
    change: Callable[[Document], Write],
    *,
    attempts: int = 200,
) -> CommitResult:
    """Change a document under compare-and-set: `change` gets it as it stands and returns an
    update; when somebody else was first it gets the winner's, and so on.

    Raises:
        DocumentMissingError: there is no such document.
        ConflictError: others were first in every attempt.
    """
    document = await store.get(collection, id)
    while True:
        if document is None:
            raise DocumentMissingError(f"{collection}/{id} does not exist")
        write = replace(change(document), expected=document.revision)
        try:
            return await store.commit([write])
        except ConflictError as conflict:
            attempts -= 1
            if attempts <= 0:
                raise
            document = conflict.winner or await store.get(collection, id)

"""Deleting a document with everything below it: in bounded batches, children first."""

from __future__ import annotations

from scrai.store._types import DocumentStore, Query, delete

_BATCH = 300


async def delete_tree(
    store: DocumentStore,
    collection: str,
    id: str,  # noqa: A002
    *,
    batch: int = _BATCH,
) -> int:
    """Delete a document and all collections below it; return how many documents.

    Children go first and the document last, so a run that is cut off leaves the document and is
    simply run again. Children are enumerated by the store, not from a list of known names.
    """
    count = 0
    while below := await store.subcollections(collection, id):
        for path in below:
            count += await _empty(store, path, batch)
    if await store.get(collection, id) is not None:
        await store.commit([delete(collection, id)])
        count += 1
    return count


async def _empty(store: DocumentStore, path: str, batch: int) -> int:
    count = 0
    query = Query(path, limit=batch, columns_only=True)
    while found := await store.query(query):
        await store.commit([delete(path, document.id) for document in found])
        count += len(found)
    return count

"""Deleting a document with everything below it: in bounded batches, children first."""

from __future__ import annotations

from dataclasses import replace

from scrai.store._paging import stream
from scrai.store._types import DocumentStore, Query, Write, delete

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


async def delete_matching(store: DocumentStore, query: Query, *, batch: int = _BATCH) -> int:
    """Delete every document that a query finds, in bounded batches; return how many.

    Run again after an interruption, it goes on with what is left.
    """
    count = 0
    doomed: list[Write] = []
    async for document in stream(store, replace(query, columns_only=True), page=4 * batch):
        doomed.append(delete(document.collection, document.id))
        if len(doomed) == batch:
            await store.commit(doomed)
            count += batch
            doomed = []
    await store.commit(doomed)
    return count + len(doomed)


async def _empty(store: DocumentStore, path: str, batch: int) -> int:
    count = 0
    query = Query(path, limit=batch, columns_only=True)
    while found := await store.query(query):
        await store.commit([delete(path, document.id) for document in found])
        count += len(found)
    return count

"""Going through a long answer page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from scrai.errors import StoreError
from scrai.store._cursor import write_cursor
from scrai.store._plan import check_query
from scrai.store._types import Document, DocumentStore, Query


def cursor_of(query: Query, document: Document) -> str:
    """Return the cursor with which `query` goes on after `document`."""
    order = check_query(replace(query, after=None)).order
    return write_cursor(document, order)


async def stream(store: DocumentStore, query: Query, page: int = 1000) -> AsyncIterator[Document]:
    """Yield the answer document by document, `page` of them per round trip."""
    left = query.limit
    while left is None or left > 0:
        size = page if left is None else min(page, left)
        documents = await store.query(replace(query, limit=size))
        for document in documents:
            yield document
        if len(documents) < size:
            return
        left = None if left is None else left - size
        after = cursor_of(query, documents[-1])
        if after == query.after:
            raise StoreError(f"the {store.name} store does not go on after a cursor")
        query = replace(query, after=after)

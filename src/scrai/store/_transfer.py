"""Moving documents between any two stores, as lines of JSON, without loss.

A line holds a document's collection, id, columns, payload and data. Revisions and the store's own
stamps are not content: the receiving store makes its own.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any

import orjson

from scrai.errors import InvalidInputError, StoreError
from scrai.store._codec import encode
from scrai.store._paging import stream
from scrai.store._prepare import MAX_COMMIT
from scrai.store._types import (
    Document,
    DocumentStore,
    Query,
    Write,
    create,
    decode,
    upsert,
)

_BATCH_BYTES = MAX_COMMIT // 2
_BATCH_WRITES = 250
_LINE_COST = 512


async def export_documents(
    store: DocumentStore, collection: str, ids: Iterable[str] | None = None
) -> AsyncIterator[bytes]:
    """Yield one line per document of a collection and of all collections below it.

    Args:
        store: where from.
        collection: the collection's path.
        ids: only these documents and what is below them; None for all.
    """
    if ids is None:
        names = [each.id async for each in stream(store, Query(collection, columns_only=True))]
    else:
        names = sorted(ids)
    for name in names:
        document = await store.get(collection, name)
        if document is not None:
            yield _line(document)
        for path in await store.subcollections(collection, name):
            async for line in export_matching(store, Query(path)):
                yield line


async def export_matching(store: DocumentStore, query: Query) -> AsyncIterator[bytes]:
    """Yield one line for each document that a query finds, without what is below it."""
    async for document in stream(store, query, page=50):
        yield _line(document)


def _line(document: Document) -> bytes:
    value: dict[str, Any] = {
        "collection": document.collection,
        "id": document.id,
        "columns": document.columns,
        "payload": document.value(),
    }
    if document.data is not None:
        value["data"] = base64.b64encode(document.data).decode()
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n"


async def import_documents(
    store: DocumentStore,
    lines: Iterable[bytes] | AsyncIterable[bytes],
    *,
    replace: bool = False,
    commit: Callable[[Sequence[Write]], Awaitable[object]] | None = None,
) -> int:
    """Write exported documents in bounded commits; return how many.

    Args:
        store: where to.
        lines: what `export_documents` gave.
        replace: overwrite documents that exist; otherwise AlreadyExistsError names the first.
        commit: writes a batch, perhaps with a fence of its own; default the store's commit.

    Raises:
        InvalidInputError: a line is not one of an export; names its number.
    """
    commit = commit or store.commit
    count, size = 0, 0
    batch: list[Write] = []
    async for line in _each(lines):
        if not line.strip():
            continue
        if batch and (size + len(line) > _BATCH_BYTES or len(batch) >= _BATCH_WRITES):
            await commit(batch)
            batch, size = [], 0
        count += 1
        size += len(line) + _LINE_COST
        batch.append(_write(line, count, replace=replace))
    await commit(batch)
    return count


async def _each(lines: Iterable[bytes] | AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    if isinstance(lines, AsyncIterable):
        async for line in lines:
            yield line
    else:
        for line in lines:
            yield line


def _write(line: bytes, number: int, *, replace: bool) -> Write:
    try:
        value = decode(line)
        data = base64.b64decode(value["data"], validate=True) if "data" in value else None
        make = upsert if replace else create
        payload, columns = encode(value["payload"]), dict(value["columns"])
        return make(value["collection"], value["id"], payload, columns, data=data)
    except (KeyError, ValueError, TypeError, StoreError) as error:
        raise InvalidInputError(f"line {number} is not an exported document: {error}") from error

"""One script of operations; its transcript must be the same on every backend."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from typing import Any

from scrai.errors import ConflictError, StoreError
from scrai.store._blobs import get_blob, put_blob
from scrai.store._cascade import delete_tree
from scrai.store._memory import MemoryStore
from scrai.store._paging import stream
from scrai.store._transfer import export_documents
from scrai.store._types import (
    AnyOf,
    CommitResult,
    Document,
    DocumentStore,
    Order,
    Query,
    Where,
    create,
    delete,
    update,
    upsert,
)
from scrai.store.conformance._d_queries import TABLE
from scrai.store.conformance._kit import DOCS, PARTS, Kit, case, content


class Transcript:
    """Lines that say what a store answered, without what may differ: revisions and times.

    Revisions become numbers in the order in which they were first seen for a document.
    """

    def __init__(self, store: DocumentStore) -> None:
        self.store = store
        self.lines: list[str] = []
        self._revisions: dict[tuple[str, str], int] = {}

    def note(self, what: str, answer: object) -> None:
        """Add a line."""
        self.lines.append(f"{what}: {self._plain(answer)}")

    async def call(self, what: str, call: Awaitable[Any]) -> Any:
        """Await an operation and note its answer or its error."""
        try:
            answer = await call
        except StoreError as error:
            winner = getattr(error, "winner", None) if isinstance(error, ConflictError) else None
            self.note(what, f"{type(error).__name__} {self._plain(winner)}")
            return None
        self.note(what, answer)
        return answer

    def _plain(self, answer: object) -> str:
        if isinstance(answer, Document):
            number = self._number(answer.path, answer.revision)
            updated = answer.updated_at != answer.created_at
            return f"{content(answer)} r{number} updated={updated}"
        if isinstance(answer, CommitResult):
            return str([each is not None for each in answer.revisions])
        if isinstance(answer, list):
            return "[" + ", ".join(map(self._plain, answer)) + "]"
        return repr(answer)

    def _number(self, path: str, revision: str) -> int:
        return self._revisions.setdefault((path, revision), len(self._revisions))


async def play(store: DocumentStore) -> list[str]:
    """Run the script and return its transcript."""
    script = Transcript(store)
    await _writes(script)
    await _refusals(script)
    await _questions(script)
    await _tools(script)
    return script.lines


async def _writes(script: Transcript) -> None:
    store, call = script.store, script.call
    rows = [create(DOCS, name, {"is": name}, TABLE[name]) for name in TABLE]
    await call("create all", store.commit(rows))
    await call("create again", store.commit(rows[:1]))
    first = await store.get(DOCS, "a")
    old = first.revision if first else ""
    await call("update", store.commit([update(DOCS, "a", {"is": 2}, TABLE["a"], expected=old)]))
    await call("stale update", store.commit([update(DOCS, "a", {"is": 3}, expected=old)]))
    await call("stale delete", store.commit([delete(DOCS, "a", expected=old)]))
    await call("no change", store.commit([upsert(DOCS, "a", {"is": 2}, TABLE["a"])]))
    await call("replace", store.commit([upsert(DOCS, "b", {"x": 0.5}, {"n": 1.0}, data=b"\0")]))
    await call("delete", store.commit([delete(DOCS, "c"), delete(DOCS, "nobody")]))
    await call("get", store.get(DOCS, "a"))
    await call("get many", store.get_many(DOCS, ["b", "c", "a", "b"]))
    for name in ("k1", "k2"):
        await store.commit([create(f"{DOCS}/a/{PARTS}", name, {"of": "a"}, {"n": 1})])
    await call("below", store.subcollections(DOCS, "a"))


async def _refusals(script: Transcript) -> None:
    store, call = script.store, script.call
    await call("missing", store.commit([create(DOCS, "z", {}), update(DOCS, "nobody", {})]))
    await call("fenced delete", store.commit([delete(DOCS, "nobody", expected="1")]))
    await call("twice", store.commit([upsert(DOCS, "z", {}), delete(DOCS, "z")]))
    await call("nothing", store.commit([]))
    await call("bad id", store.commit([create(DOCS, "__z__", {})]))
    await call("bad value", store.commit([create(DOCS, "z", {"a": [[1]]})]))
    await call("bad column", store.commit([create(DOCS, "z", {}, {"zz": 1})]))
    await call("too large", store.commit([create(DOCS, "z", {"a": "x" * 1_050_000})]))
    await call("undeclared", store.query(Query(DOCS, (Where("zz", "==", 1),))))
    await call("no shape", store.query(Query(DOCS, (), (Order("flag"),))))
    await call("no z", store.get(DOCS, "z"))


async def _questions(script: Transcript) -> None:
    store, call = script.store, script.call
    for query in (
        Query(DOCS),
        Query(DOCS, (Where("owner", "==", "o1"),)),
        Query(DOCS, (Where("owner", "in", ["o1", None, True]),), limit=4),
        Query(DOCS, (Where("tags", "array-contains-any", ["r", 1]),)),
        Query(DOCS, (AnyOf((Where("kind", "==", "k"), Where("n", "==", 1))),)),
        Query(DOCS, (Where("n", ">=", 1),), (Order("n", True),)),
        Query(DOCS, (Where("mixed", "!=", 1),)),
        Query(DOCS, (), (Order("n"), Order("m", True))),
        Query(DOCS, (), (Order("text"),), limit=3, columns_only=True),
        Query(DOCS, limit=0),
    ):
        await call(f"{query.where} {query.order}", store.query(query))
        await call("  count", store.count(query))
    pages = [each.id async for each in stream(store, Query(DOCS, (), (Order("mixed"),)), page=2)]
    script.note("pages", pages)


async def _tools(script: Transcript) -> None:
    store = script.store
    ref = await put_blob(store, f"{DOCS}/a/blobs", b"blob" * 200_000)
    script.note("blob", ref.value())
    script.note("read", hashlib.sha256(await get_blob(store, ref)).hexdigest())
    exported = [line async for line in export_documents(store, DOCS)]
    script.note("export", hashlib.sha256(b"".join(exported)).hexdigest())
    await script.call("delete tree", delete_tree(store, DOCS, "a"))
    await script.call("what is left", store.query(Query(DOCS)))


@case()
async def the_script_has_the_transcript_of_the_memory_store(kit: Kit) -> None:
    memory = MemoryStore()
    await memory.open()
    wanted = await play(memory)
    await memory.close()
    found = await play(await kit.store())
    for one, two in zip(found, wanted, strict=True):
        kit.equal(one, two, "a line of the transcript")

"""B. What was given and what was got are copies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from scrai.errors import AlreadyExistsError, ConflictError, InvalidDocumentError
from scrai.store._types import Document, DocumentStore, Query, create, update, upsert
from scrai.store.conformance._kit import DOCS, Kit, case, content


def _given() -> tuple[dict[str, Any], dict[str, Any], bytearray]:
    payload = {"list": [1, {"x": 1}], "map": {"y": [2]}}
    columns: dict[str, Any] = {"n": 1, "tags": ["a", "b"]}
    return payload, columns, bytearray(b"data")


def _spoil(payload: dict[str, Any], columns: Any) -> None:
    """Change everything that can be reached."""
    payload["list"][1]["x"] = 99
    payload["list"].append("more")
    payload["map"]["y"].clear()
    payload["new"] = True
    with suppress(TypeError):  # a read-only mapping is as good as a copy
        columns["n"] = 99
    with suppress(TypeError, AttributeError, KeyError):
        columns["tags"].append("c")


@case()
async def changing_what_was_given_changes_nothing(kit: Kit) -> None:
    store = await kit.store()
    payload, columns, data = _given()
    await store.commit([create(DOCS, "a", payload, columns, data=data)])  # type: ignore[arg-type]
    before = content(await kit.read(store, "a"))
    _spoil(payload, columns)
    data[0] = 0
    kit.equal(content(await kit.read(store, "a")), before, "the store keeps a copy")
    kit.equal(before["columns"], {"n": 1, "tags": ("a", "b")}, "of what was given")


async def _reads(store: DocumentStore) -> list[Document]:
    one = await store.get(DOCS, "a")
    several = await store.get_many(DOCS, ["a", "a"])
    return [each for each in (one, *several, *await store.query(Query(DOCS))) if each]


@case()
async def changing_what_was_got_changes_nothing(kit: Kit) -> None:
    store = await kit.store()
    payload, columns, data = _given()
    await store.commit([create(DOCS, "a", payload, columns, data=bytes(data))])
    before = content(await kit.read(store, "a"))
    for found in await _reads(store):
        _spoil(found.value(), found.columns)
        kit.equal(found.value(), payload, "a document gives a fresh value each time")
    kit.equal(content(await kit.read(store, "a")), before, "the store gives copies")
    for found in await store.query(Query(DOCS)):
        kit.equal(content(found), before, "also to a query")


@case()
async def two_readers_do_not_share(kit: Kit) -> None:
    store = await kit.store()
    payload, columns, _ = _given()
    await store.commit([create(DOCS, "a", payload, columns)])
    one, two = await store.get_many(DOCS, ["a", "a"])
    if one is None or two is None:
        raise AssertionError("a is not there")
    _spoil(one.value(), one.columns)
    kit.equal(dict(two.columns), {"n": 1, "tags": ("a", "b")}, "each reader has columns of its own")


@case()
async def a_failed_write_leaves_the_store_and_the_callers_objects(kit: Kit) -> None:
    store = await kit.store()
    payload, columns, data = _given()
    await store.commit([create(DOCS, "a", payload, columns, data=bytes(data))])
    before = await kit.read(store, "a")
    other: dict[str, Any] = {"v": [1, 2]}
    others: dict[str, Any] = {"n": 5, "tags": ["z"]}
    for kind, write in (
        (AlreadyExistsError, create(DOCS, "a", other, others)),
        (ConflictError, update(DOCS, "a", other, others, expected="stale")),
        (InvalidDocumentError, upsert(DOCS, "a", other, {**others, "bad": 1})),
        (InvalidDocumentError, upsert(DOCS, "a", {**other, "nan": float("nan")}, others)),
    ):
        async with kit.refuses(kind, demand="a write that must fail"):
            await store.commit([write])
        after = await kit.read(store, "a")
        kit.equal(content(after), content(before), "a failed write changes no content")
        kit.equal(after.revision, before.revision, "nor the revision")
    kit.equal((other, others), ({"v": [1, 2]}, {"n": 5, "tags": ["z"]}), "nor what was given")

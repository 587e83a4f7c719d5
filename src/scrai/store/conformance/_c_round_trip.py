"""C. What is kept comes back equal; what could not be kept somewhere is refused everywhere."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any

from scrai.errors import DocumentTooLargeError, InvalidDocumentError
from scrai.store._codec import canonical_hash, encode
from scrai.store._types import Query, create, upsert
from scrai.store.conformance._kit import DOCS, Kit, case


class _Mood(StrEnum):
    CALM = "calm"


class _Level(IntEnum):
    HIGH = 3


class _Plain(Enum):
    PAIR = (1, 2)


def _nested(depth: int) -> dict[str, Any]:
    """Return an object of so many levels of maps and, where there is room, arrays."""
    value: dict[str, Any] = {"leaf": 1}
    levels = 1
    while levels < depth:
        array = levels % 3 == 1 and depth - levels > 1
        value = {"x": [value]} if array else {"x": value}
        levels += 2 if array else 1
    return value


_EAST = timezone(timedelta(hours=5, minutes=30))
_MOMENT = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=_EAST)

KEPT: dict[str, tuple[Any, Any]] = {
    "empty": ({}, {}),
    "empty containers": ({"a": {}, "b": [], "c": "", "d": [{}], "e": {"f": {}}}, None),
    "null is not absent": ({"a": None, "b": [None, {"c": None}]}, None),
    "limits of integers": ({"a": 2**63 - 1, "b": -(2**63), "c": 2**53 + 1, "d": 0}, None),
    "floats": ({"a": 1.0, "b": 1e308, "c": 5e-324, "d": 0.1, "e": -1.5}, None),
    "bool is not number": ({"a": True, "b": 1, "c": False, "d": 0}, None),
    "odd keys": ({".": 1, "a.b": 2, "a b": 3, "😀": 4, "`": 5, "__a": 6, "$": 7, '"': 8}, None),
    "odd text": ({"a": "\0\n\t\x7f\u2028", "b": "😀é", "c": "null", "d": "[[,[__x__"}, None),
    "long key": ({"k" * 1500: 1, "é" * 750: 2}, None),
    "tuples": ({"a": (1, 2), "b": [{"c": ()}]}, {"a": [1, 2], "b": [{"c": []}]}),
    "enums": ({"a": _Mood.CALM, "b": _Level.HIGH, "c": [_Plain.PAIR][0:0]}, None),
    "enum of a tuple": ({"a": _Plain.PAIR}, {"a": [1, 2]}),
    "aware time": ({"t": _MOMENT}, {"t": "2024-02-29T06:30:00.000001Z"}),
    "naive time": ({"t": datetime(2024, 1, 1)}, {"t": "2024-01-01T00:00:00.000000Z"}),  # noqa: DTZ001
    "whole second": (
        {"t": [datetime(1, 1, 1, tzinfo=UTC)]},
        {"t": ["0001-01-01T00:00:00.000000Z"]},
    ),
}

REFUSED: dict[str, Any] = {
    "NaN": {"a": float("nan")},
    "NaN beside null": {"z": None, "a": [{"b": float("nan")}]},
    "infinity": {"a": [math.inf]},
    "minus infinity": {"a": -math.inf},
    "integer over 64 bits": {"a": 2**63},
    "integer under 64 bits": {"a": -(2**63) - 1},
    "huge integer": {"a": 10**30},
    "array in array": {"a": [[1]]},
    "array in array, later": {"a": [1, {"b": [2, (3,)]}]},
    "enum that is an array, in an array": {"a": [1, _Plain.PAIR]},
    "key that is no text": {1: "a"},
    "key None": {"a": {None: 1}},
    "empty key": {"a": {"": 1}},
    "reserved key": {"__name__": 1},
    "reserved key below": {"a": [{"____": 1}]},
    "long key": {"k" * 1501: 1},
    "long key of two-byte letters": {"é" * 751: 1},
    "lone surrogate": {"a": "x\ud800"},
    "lone surrogate in a key": {"\udfff": 1},
    "bytes": {"a": b"x"},
    "set": {"a": {1, 2}},
    "object": {"a": object()},
    "complex": {"a": 1j},
    "too deep": _nested(21),
    "a list": [1],
    "text": "a",
    "nothing": None,
}


@case()
async def every_kind_of_value_reads_back(kit: Kit) -> None:
    store = await kit.store()
    for name, (given, wanted) in KEPT.items():
        await store.commit([create(DOCS, name, given)])
        found = await kit.read(store, name)
        kit.equal(found.value(), given if wanted is None else wanted, name)
        kit.equal(found.payload.data, encode(given).data, f"{name}: canonical bytes are kept")


@case()
async def types_are_kept_exactly(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"i": 1, "f": 1.0, "t": True, "z": -0.0})])
    value = (await kit.read(store, "a")).value()
    kinds = {key: type(each).__name__ for key, each in value.items()}
    kit.equal(kinds, {"i": "int", "f": "float", "t": "bool", "z": "float"}, "types of numbers")
    kit.equal(math.copysign(1, value["z"]), -1.0, "-0.0 keeps its sign")


@case()
async def what_some_backend_could_not_keep_is_refused(kit: Kit) -> None:
    store = await kit.store()
    for name, given in REFUSED.items():
        for write in (create, upsert):
            async with kit.refuses(InvalidDocumentError, demand=name):
                await store.commit([write(DOCS, "a", given)])
    kit.equal(await store.count(Query(DOCS)), 0, "nothing of it was stored")


@case()
async def twenty_levels_are_kept(kit: Kit) -> None:
    store = await kit.store()
    given = _nested(20)
    await store.commit([create(DOCS, "a", given)])
    kit.equal((await kit.read(store, "a")).value(), given, "20 levels")


@case()
async def columns_have_one_form(kit: Kit) -> None:
    store = await kit.store()
    text = "é" * 750
    for name, given, wanted in (
        ("int", 5, 5),
        ("integral float", 5.0, 5),
        ("minus zero", -0.0, 0),
        ("float", 2.5, 2.5),
        ("huge float", 1e300, 1e300),
        ("largest int", 2**63 - 1, 2**63 - 1),
        ("smallest int", -(2**63), -(2**63)),
        ("true", True, True),
        ("null", None, None),
        ("text", "", ""),
        ("longest text", text, text),
        ("NUL", "a\0b", "a\0b"),
        ("enum", _Mood.CALM, "calm"),
        ("int enum", _Level.HIGH, 3),
        ("time", _MOMENT, "2024-02-29T06:30:00.000001Z"),
    ):
        columns: dict[str, Any] = {"mixed": given, "owner": given}
        if given is not None:
            columns["tags"] = [given, given]
        await store.commit([create(DOCS, name, {}, columns)])
        found = dict((await kit.read(store, name)).columns)
        kinds = {type(found["mixed"]), type(found["owner"])}
        kit.equal(kinds, {type(wanted)}, f"{name}: the type of a column")
        kit.equal((found["mixed"], found["owner"]), (wanted, wanted), f"{name}: a column")
        if given is not None:
            kit.equal(found["tags"], (wanted, wanted), f"{name}: in a list column")


@case()
async def columns_that_are_absent_null_or_empty_differ(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "absent", {}), create(DOCS, "null", {}, {"mixed": None})])
    await store.commit([create(DOCS, "empty", {}, {"mixed": "", "tags": []})])
    kit.equal(dict((await kit.read(store, "absent")).columns), {}, "an absent column")
    kit.equal(dict((await kit.read(store, "null")).columns), {"mixed": None}, "a null column")
    wanted = {"mixed": "", "tags": ()}
    kit.equal(
        dict((await kit.read(store, "empty")).columns), wanted, "an empty text, an empty list"
    )


@case()
async def bad_columns_are_refused(kit: Kit) -> None:
    store = await kit.store()
    bad: list[Any] = [
        math.nan, math.inf, 2**63, -(2**63) - 1, "x" * 1501, "é" * 751, "\ud800", b"x", {}, 1j,
    ]  # fmt: skip
    for value in bad:
        for columns in ({"mixed": value}, {"owner": value}, {"tags": ["a", value]}):
            async with kit.refuses(InvalidDocumentError, demand=f"the column {value!r:.40}"):
                await store.commit([create(DOCS, "a", {}, columns)])
    lists: list[Any] = [[None], [["a"]], "a", {"a"}]
    for value in lists:
        async with kit.refuses(InvalidDocumentError, demand=f"the list column {value!r}"):
            await store.commit([create(DOCS, "a", {}, {"tags": value})])
    kit.equal(await store.count(Query(DOCS)), 0, "nothing was stored")


@case()
async def data_are_any_bytes(kit: Kit) -> None:
    store = await kit.store()
    for name, data in (
        ("none", None), ("empty", b""), ("all", bytes(range(256)) * 3), ("long", b"\xff" * 500_000),
    ):  # fmt: skip
        await store.commit([create(DOCS, name, {}, data=data)])
        kit.equal((await kit.read(store, name)).data, data, f"data: {name}")


@case()
async def nearly_a_mebibyte_is_kept_and_more_is_refused(kit: Kit) -> None:
    store = await kit.store()
    given = {"text": "é" * 450_000}
    await store.commit([create(DOCS, "payload", given)])
    kit.equal((await kit.read(store, "payload")).value(), given, "a payload of 900 KB")
    await store.commit([create(DOCS, "data", {}, data=b"x" * 1_048_000)])
    for name, payload, data in (
        ("long text", {"text": "x" * 1_048_576}, None),
        ("bytes of text", {"text": "é" * 524_288}, None),
        ("long data", {}, b"x" * 1_048_576),
        ("both", {"text": "x" * 600_000}, b"x" * 600_000),
    ):
        async with kit.refuses(DocumentTooLargeError, demand=f"over 1 MiB: {name}"):
            await store.commit([upsert(DOCS, name, payload, data=data)])
        kit.equal(await store.get(DOCS, name), None, "nothing was stored")


@case()
async def canonical_hashes_do_not_depend_on_key_order_or_store(kit: Kit) -> None:
    store = await kit.store()
    one = {"b": 1, "a": {"d": [1.5, None], "c": "é"}}
    two = {"a": {"c": "é", "d": [1.5, None]}, "b": 1}
    await store.commit([create(DOCS, "1", one), create(DOCS, "2", two)])
    first, second = await kit.read(store, "1"), await kit.read(store, "2")
    kit.equal(canonical_hash(first.payload), canonical_hash(second.payload), "one content")
    wanted = "ae9fba574049238a7e7052cbdd6e5b4fe8d09b2f33e2d3a67c8629852da06111"
    kit.equal(canonical_hash(first.payload), wanted, "the same in every version and on every store")
    kit.equal(first.payload.data, b'{"a":{"c":"\xc3\xa9","d":[1.5,null]},"b":1}', "its bytes")

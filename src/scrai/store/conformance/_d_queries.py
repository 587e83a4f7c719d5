"""D. Questions: every operator, order, limits, cursors, counts, and what may not be asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scrai.errors import InvalidDocumentError, UndeclaredQueryError
from scrai.store._paging import cursor_of, stream
from scrai.store._types import (
    All,
    AnyOf,
    Condition,
    DocumentStore,
    Order,
    Query,
    Where,
    create,
    delete,
    update,
)
from scrai.store.conformance._kit import DOCS, PARTS, Kit, case
from scrai.store.conformance._oracle import answer

TABLE: dict[str, dict[str, Any]] = {
    "a": {
        "n": 1,
        "m": 9,
        "text": "x",
        "flag": True,
        "owner": "o1",
        "kind": "k",
        "tags": ["r", "s"],
    },
    "b": {"n": 2, "m": 8, "text": "y", "flag": False, "owner": "o1", "tags": ["s"], "mixed": False},
    "c": {"n": 2, "m": 8, "text": "x", "owner": "o2", "kind": "k", "tags": [], "mixed": True},
    "d": {"n": None, "m": 7, "text": "é", "owner": "o2", "tags": ["t", "r"], "mixed": 1},
    "e": {"m": 1, "text": "Z", "owner": None, "flag": None, "mixed": 1.5},
    "f": {"n": 3, "m": None, "text": "", "owner": "o1", "tags": [1, "1", True], "mixed": "1"},
    "g": {"n": -1, "m": 3, "owner": True, "mixed": "a", "flag": True},
    "h": {"n": 0, "m": 8, "owner": 1, "mixed": -5, "kind": "k"},
    "i": {"n": 2, "m": 1, "text": "😀", "owner": "1", "mixed": None, "tags": ["😀"]},
    "j": {"n": 2.5, "owner": "o1", "text": "X", "mixed": ""},
}


async def filled(kit: Kit) -> DocumentStore:
    """Return a store that holds the table."""
    store = await kit.store()
    await store.commit([create(DOCS, name, {"is": name}, TABLE[name]) for name in TABLE])
    return store


def ask(*where: Condition, order: str = "", **more: Any) -> Query:
    """Return a query; `order` in words, `-` for descending."""
    keys = tuple(Order(key.lstrip("-"), key.startswith("-")) for key in order.split())
    return Query(DOCS, where, keys, **more)


async def check(kit: Kit, store: DocumentStore, query: Query, wanted: str | None = None) -> None:
    """Compare a query and its count with the oracle, and with the ids written down here."""
    right = answer(TABLE, query)
    if wanted is not None:
        kit.equal("".join(right), wanted, f"the suite's oracle on {query}")
    found = [each.id for each in await store.query(query)]
    kit.equal(found, right, f"the ids that {query} finds, in order")
    bare = replace(query, order=(), limit=None)
    kit.equal(await store.count(query), len(answer(TABLE, bare)), f"the count of {query}")


def _w(column: str, op: str, value: Any) -> Where:
    return Where(column, op, value)


@case()
async def equality_knows_types_null_and_absence(kit: Kit) -> None:
    store = await filled(kit)
    for part, wanted in (
        (_w("n", "==", 2), "bci"),
        (_w("n", "==", 2.0), "bci"),
        (_w("n", "==", None), "d"),
        (_w("n", "==", "2"), ""),
        (_w("n", "==", True), ""),
        (_w("flag", "==", True), "ag"),
        (_w("flag", "==", 1), ""),
        (_w("flag", "==", None), "e"),
        (_w("owner", "==", 1), "h"),
        (_w("owner", "==", True), "g"),
        (_w("owner", "==", "1"), "i"),
        (_w("owner", "==", None), "e"),
        (_w("owner", "==", "never written"), ""),
        (_w("text", "==", ""), "f"),
        (_w("mixed", "==", 1.5), "e"),
    ):
        await check(kit, store, ask(part), wanted)
    await check(kit, store, ask(), "abcdefghij")


@case()
async def in_is_any_of_its_values(kit: Kit) -> None:
    store = await filled(kit)
    for part, wanted in (
        (_w("n", "in", [1, 3]), "af"),
        (_w("n", "in", (2.0, 2, 7)), "bci"),
        (_w("n", "in", []), ""),
        (_w("n", "in", [None, 0]), "dh"),
        (_w("n", "in", [None]), "d"),
        (_w("owner", "in", [True, "o2", "never"]), "cdg"),
        (_w("mixed", "in", ["1", 1, True, False]), "bcdf"),
    ):
        await check(kit, store, ask(part), wanted)


@case()
async def arrays_are_searched_by_item(kit: Kit) -> None:
    store = await filled(kit)
    for op, value, wanted in (
        ("array-contains", "r", "ad"),
        ("array-contains", "s", "ab"),
        ("array-contains", 1, "f"),
        ("array-contains", 1.0, "f"),
        ("array-contains", True, "f"),
        ("array-contains", "nope", ""),
        ("array-contains-any", ["t", "s"], "abd"),
        ("array-contains-any", ["r", "s", 1, "r"], "abdf"),
        ("array-contains-any", [], ""),
        ("array-contains", "😀", "i"),
    ):
        await check(kit, store, ask(_w("tags", op, value)), wanted)
    both = ask(_w("tags", "array-contains", "s"), _w("owner", "==", "o1"))
    await check(kit, store, both, "ab")
    await check(kit, store, ask(_w("tags", "array-contains", "r"), order="n"), "da")


@case()
async def arrays_are_kept_up_with_changes(kit: Kit) -> None:
    store = await filled(kit)
    await store.commit(
        [update(DOCS, "a", {}, {"tags": ["t"]}), update(DOCS, "b", {}), delete(DOCS, "d")]
    )
    for tag, wanted in (("r", ""), ("s", ""), ("t", "a")):
        found = await kit.ids(store, _w("tags", "array-contains", tag))
        kit.equal("".join(found), wanted, f"documents tagged {tag} after changes")


@case()
async def ranges_stay_within_a_type(kit: Kit) -> None:
    store = await filled(kit)
    for part, wanted in (
        (_w("n", ">", 1), "bcijf"),
        (_w("n", ">=", 2), "bcijf"),
        (_w("n", "<", 2.5), "ghabci"),
        (_w("n", "<=", -1), "g"),
        (_w("mixed", ">", 0), "de"),
        (_w("mixed", "<", 1.5), "hd"),
        (_w("mixed", ">=", False), "bc"),
        (_w("mixed", ">", False), "c"),
        (_w("mixed", "<", "a"), "jf"),
        (_w("mixed", ">=", ""), "jfg"),
        (_w("text", ">", "x"), "ydi"),
        (_w("text", "<=", "Z"), "fje"),
    ):
        await check(kit, store, ask(part), wanted.replace("y", "b"))
    between = ask(_w("n", ">", 0), _w("n", "<=", 2), order="n")
    await check(kit, store, between, "abci")
    await check(kit, store, ask(_w("n", ">", 2), _w("n", "<", 1)), "")


@case()
async def exclusion_leaves_out_null_and_absence(kit: Kit) -> None:
    store = await filled(kit)
    for part, wanted in (
        (_w("n", "!=", 2), "ghajf"),
        (_w("n", "!=", None), "ghabcijf"),
        (_w("mixed", "!=", True), "bhdejfg"),
        (_w("n", "not-in", [1, 2.0]), "ghjf"),
        (_w("n", "not-in", [None, 2]), "ghajf"),
        (_w("n", "not-in", []), "ghabcijf"),
    ):
        await check(kit, store, ask(part), wanted)


@case()
async def and_and_or_nest(kit: Kit) -> None:
    store = await filled(kit)
    o1, k = _w("owner", "==", "o1"), _w("kind", "==", "k")
    o2, two, none = _w("owner", "==", "o2"), _w("n", "==", 2), _w("n", "in", [])
    table: list[tuple[list[Condition], str]] = [
        ([o1, k], "a"),
        ([AnyOf((o1, k))], "abcfhj"),
        ([All((o1, AnyOf((two, _w("text", "==", "")))))], "bf"),
        ([AnyOf((o1, o2)), AnyOf((k, _w("n", "==", 3)))], "acf"),
        ([AnyOf(())], ""),
        ([All(())], "abcdefghij"),
        ([o1, o2], ""),
        ([AnyOf((none, o1))], "abfj"),
        ([AnyOf((o1, _w("n", "in", [0, None]))), _w("m", "in", [8, 7])], "bdh"),
        ([AnyOf((o1, o1))], "abfj"),
        ([AnyOf((All((o1, two)), All((o2, two)), k))], "abch"),
    ]
    for where, wanted in table:
        await check(kit, store, ask(*where), wanted)
    ordered = ask(AnyOf((o1, o2)), order="-n")
    await check(kit, store, ordered, "fjcbad")


@case()
async def order_knows_types_absence_and_ties(kit: Kit) -> None:
    store = await filled(kit)
    for order, wanted in (
        ("n", "dghabcijf"),
        ("-n", "fjicbahgd"),
        ("n m", "dghaibcf"),
        ("-n -m", "fcbiahgd"),
        ("n -m", "dghacbif"),
        ("-n m", "fibcahgd"),
        ("mixed", "ibchdejfg"),
        ("-mixed", "gfjedhcbi"),
        ("text", "fjeacbdi"),
        ("-text", "idbcaejf"),
    ):
        await check(kit, store, ask(order=order), wanted)
    await check(kit, store, ask(_w("owner", "==", "o1"), order="n"), "abjf")
    await check(kit, store, ask(_w("owner", "==", "o1"), order="n -m"), "abf")
    await check(kit, store, ask(_w("owner", "==", "o1"), _w("n", ">", 1), order="-n"), "fjb")
    await check(kit, store, ask(_w("kind", "==", "k"), _w("owner", "==", "o2"), order="n"), "c")


@case()
async def integers_are_compared_exactly(kit: Kit) -> None:
    store = await kit.store()
    numbers = {"a": 2**63 - 1, "b": 2**63 - 2, "c": -(2**63), "d": 2**53 + 1, "e": 2**53, "f": 0}
    await store.commit([create(DOCS, name, {}, {"n": numbers[name]}) for name in numbers])
    found = [each.id for each in await store.query(ask(order="n"))]
    kit.equal("".join(found), "cfedba", "the order of 64-bit integers")
    kit.equal(await kit.ids(store, _w("n", "==", 2**53 + 1)), ["d"], "equality of large ones")
    found = [each.id for each in await store.query(ask(_w("n", ">", 2**63 - 2)))]
    kit.equal(found, ["a"], "a range of large ones")


@case()
async def limits_are_obeyed(kit: Kit) -> None:
    store = await filled(kit)
    for limit, wanted in ((0, ""), (1, "d"), (3, "dgh"), (99, "dghabcijf"), (None, "dghabcijf")):
        await check(kit, store, ask(order="n", limit=limit), wanted)
    kit.equal(await store.count(ask(limit=1)), 10, "a limit does not limit a count")
    kit.equal(type(await store.count(ask())), int, "a count is an int")
    for bad in (-1, 1.5, True, "1"):
        async with kit.refuses(InvalidDocumentError, demand=f"the limit {bad!r}"):
            await store.query(ask(limit=bad))


@case()
async def pages_make_up_the_whole(kit: Kit) -> None:
    store = await filled(kit)
    owners = _w("owner", "in", ["o1", "o2", 1])
    for query in (
        ask(), ask(order="n"), ask(order="-n"), ask(order="mixed"), ask(order="-n -m"),
        ask(order="n -m"), ask(order="-n m"), ask(owners), ask(owners, order="n"),
        ask(_w("n", ">", 0)), ask(_w("n", "!=", 1), order="-n"), ask(order="n", limit=5),
    ):  # fmt: skip
        whole = [each.id for each in await store.query(query)]
        for page in (1, 2, 3, 50):
            found = [each.id async for each in stream(store, query, page)]
            kit.equal(found, whole, f"pages of {page} of {query}")


@case()
async def cursors_are_positions_not_places(kit: Kit) -> None:
    store = await filled(kit)
    query = ask(order="n", limit=4)
    page = await store.query(query)
    kit.equal([each.id for each in page], list("dgha"), "the first page")
    cursor = cursor_of(query, page[-1])
    await store.commit(
        [
            create(DOCS, "0", {}, {"n": -7}),
            create(DOCS, "aa", {}, {"n": 1}),
            delete(DOCS, "a"),
            update(DOCS, "g", {}, {"n": 9}),
            delete(DOCS, "b"),
        ]
    )
    rest = await store.query(ask(order="n", after=cursor))
    kit.equal([each.id for each in rest], ["aa", "c", "i", "j", "f", "g"], "what follows")
    kit.equal(await store.count(ask(order="n", after=cursor)), 10, "a count has no cursor")


@case()
async def wrong_cursors_are_refused(kit: Kit) -> None:
    store = await filled(kit)
    document = await kit.read(store, "a")
    by_n = cursor_of(ask(order="n"), document)
    for query in (
        ask(order="n", after="nonsense"),
        ask(order="n", after=""),
        ask(order="-n", after=by_n),
        ask(after=by_n),
        ask(order="n", after=by_n[:-4]),
    ):
        async with kit.refuses(InvalidDocumentError, demand=f"the cursor {query.after}"):
            await store.query(query)


@case()
async def columns_only_leaves_the_rest_out(kit: Kit) -> None:
    store = await kit.store()
    await store.commit([create(DOCS, "a", {"big": "x"}, TABLE["a"], data=b"data")])
    (found,) = await store.query(ask(columns_only=True))
    kit.equal((found.value(), found.data), ({}, None), "neither payload nor data")
    kit.equal(dict(found.columns), {**TABLE["a"], "tags": ("r", "s")}, "but all columns")
    kit.equal(found.revision, (await kit.read(store, "a")).revision, "and the revision")
    (whole,) = await store.query(ask())
    kit.equal((whole.value(), whole.data), ({"big": "x"}, b"data"), "a whole document has all")


@case()
async def a_query_sees_one_collection(kit: Kit) -> None:
    store = await kit.store()
    one, two = f"{DOCS}/1/{PARTS}", f"{DOCS}/2/{PARTS}"
    await store.commit([create(one, "a", {}, {"n": 1}), create(two, "b", {}, {"n": 1})])
    await store.commit([create(PARTS, "c", {}, {"n": 1}), create(f"{one}/a/{PARTS}", "d", {})])
    for path, wanted in ((one, ["a"]), (two, ["b"]), (PARTS, ["c"]), (f"{one}/a/{PARTS}", ["d"])):
        kit.equal(await kit.ids(store, collection=path), wanted, f"only the documents of {path}")
        kit.equal(await store.count(Query(path)), 1, "and counts them")


@case()
async def what_is_not_declared_is_refused(kit: Kit) -> None:
    store = await filled(kit)
    for query in (
        ask(_w("other", "==", 1)),
        ask(_w("payload", "==", 1)),
        ask(_w("tags", "==", "r")),
        ask(_w("n", "array-contains", 1)),
        ask(_w("n", "~", 1)),
        ask(_w("flag", ">", False)),
        ask(_w("kind", "==", "k"), order="n"),
        ask(order="flag"),
        ask(order="other"),
        ask(order="tags"),
        ask(order="m"),
        ask(order="m n"),
        ask(_w("n", ">", 1), order="text"),
        ask(_w("n", ">", 1), _w("text", ">", "a")),
        ask(_w("owner", "!=", "o1")),
        ask(AnyOf((_w("owner", "==", "o1"), _w("kind", "==", "k"))), order="n"),
    ):
        async with kit.refuses(UndeclaredQueryError, demand=f"{query}"):
            await store.query(query)
    async with kit.refuses(UndeclaredQueryError, demand="counting what is not declared"):
        await store.count(ask(_w("other", "==", 1)))


@case()
async def what_is_over_the_limits_is_refused(kit: Kit) -> None:
    store = await filled(kit)
    many = list(range(31))
    nested = AnyOf(tuple(_w("n", "in", [each, each + 1]) for each in range(16)))
    for query in (
        ask(_w("n", "in", many)),
        ask(AnyOf(tuple(_w("n", "==", each) for each in many))),
        ask(_w("n", "in", many[:6]), _w("m", "in", many[:6])),
        ask(nested),
        ask(_w("tags", "array-contains-any", many)),
        ask(_w("n", "not-in", many[:11])),
        ask(_w("n", "!=", 1), _w("n", "!=", 2)),
        ask(_w("n", "not-in", [1]), _w("owner", "in", ["o1", "o2"])),
        ask(_w("n", "not-in", [1]), AnyOf((_w("owner", "==", 1), _w("owner", "==", 2)))),
        ask(_w("tags", "array-contains", "r"), _w("tags", "array-contains", "s")),
        ask(*[AnyOf((_w("n", "==", each), _w("m", "==", each))) for each in range(30)]),
    ):
        async with kit.refuses(UndeclaredQueryError, demand=f"{query!r:.120}"):
            await store.query(query)
    await check(kit, store, ask(_w("n", "in", many[:30])), "abcfhi")
    await check(kit, store, ask(_w("n", "not-in", many[3:13])), "ghabcij")


@case()
async def bad_operands_are_refused(kit: Kit) -> None:
    store = await filled(kit)
    for part in (
        _w("n", ">", None),
        _w("n", "<=", None),
        _w("n", "==", float("nan")),
        _w("n", "==", [1]),
        _w("n", "==", {"a": 1}),
        _w("n", "==", 2**63),
        _w("n", "in", 1),
        _w("n", "in", "text"),
        _w("n", "not-in", None),
        _w("text", "==", "\ud800"),
        _w("text", "==", "x" * 1501),
        _w("tags", "array-contains", None),
        _w("tags", "array-contains-any", ["a", None]),
    ):
        async with kit.refuses(InvalidDocumentError, demand=f"{part!r:.80}"):
            await store.query(ask(part))

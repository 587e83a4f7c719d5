"""D, generated: a store against a plain dict, under any series of writes and questions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from scrai.store._paging import stream
from scrai.store._types import AnyOf, DocumentStore, Order, Query, Where, delete, upsert
from scrai.store.conformance._generated import crossing, how_many, quiet_settings
from scrai.store.conformance._kit import DOCS, Kit, case
from scrai.store.conformance._oracle import answer

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_IDS = [*"abcdef", "é", "a~1", "B"]
_ORDERS = ["n", "-n", "text", "-text", "mixed", "-mixed", "n m", "-n -m", "n -m", "-n m"]


def scalars() -> SearchStrategy[Any]:
    """Few values, so that questions find something; close ones, so that mistakes show."""
    from hypothesis import strategies as st

    return st.sampled_from([None, False, True, -1, 0, 1, 1.5, 2, 2.0, "", "0", "1", "a", "Z", "é"])


def columns() -> SearchStrategy[dict[str, Any]]:
    """Columns of a document, each perhaps absent."""
    from hypothesis import strategies as st

    names = ["n", "m", "text", "mixed", "flag", "owner", "kind"]
    some: dict[str, Any] = {name: scalars() for name in names}
    some["tags"] = st.lists(scalars().filter(lambda value: value is not None), max_size=3)
    return st.fixed_dictionaries({}, optional=some)


def equalities() -> SearchStrategy[Where]:
    """Conditions of the family."""
    from hypothesis import strategies as st

    name = st.sampled_from(["n", "m", "text", "mixed", "flag", "owner", "kind"])
    items = st.lists(scalars(), max_size=4)
    some = st.lists(scalars().filter(lambda value: value is not None), max_size=3)
    one = scalars().filter(lambda value: value is not None)
    return (
        st.builds(Where, name, st.just("=="), scalars())
        | st.builds(Where, name, st.just("in"), items)
        | st.builds(Where, st.just("tags"), st.just("array-contains"), one)
        | st.builds(Where, st.just("tags"), st.just("array-contains-any"), some)
    )


def families() -> SearchStrategy[Query]:
    """Questions of the family: equality, arrays, and or."""
    from hypothesis import strategies as st

    plain = equalities().filter(lambda part: part.column != "tags")
    either = st.lists(plain, min_size=1, max_size=2).map(lambda parts: AnyOf(tuple(parts)))
    where = st.one_of(
        st.lists(plain, max_size=1).map(tuple),
        st.tuples(equalities()),
        st.tuples(plain, either),
        st.tuples(either),
    )
    return st.builds(Query, st.just(DOCS), where)


def ordered() -> SearchStrategy[Query]:
    """Questions with an order, perhaps with inequalities on its first column."""
    from hypothesis import strategies as st

    def build(words: str, parts: list[tuple[str, Any]], owner: list[Any]) -> Query:
        order = tuple(Order(word.lstrip("-"), word.startswith("-")) for word in words.split())
        where = [Where(order[0].column, op, value) for op, value in parts]
        if owner and words in {"n", "-n", "text", "n -m"}:
            where.append(Where("owner", "==", owner[0]))
        return Query(DOCS, tuple(where), order)

    present = scalars().filter(lambda value: value is not None)
    bounds = st.tuples(st.sampled_from(["<", "<=", ">", ">="]), present)
    other = st.tuples(st.just("!="), scalars()) | st.tuples(
        st.just("not-in"), st.lists(scalars(), max_size=3)
    )
    parts = st.lists(bounds, max_size=2) | st.lists(other, max_size=1)
    return st.builds(build, st.sampled_from(_ORDERS), parts, st.lists(scalars(), max_size=1))


def machine_class(store: DocumentStore, kit: Kit, loop: asyncio.AbstractEventLoop) -> Any:
    """Return a hypothesis state machine that drives a store and a dict."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, rule

    cross: Any = crossing(loop)
    runs = count()

    class Machine(RuleBasedStateMachine):  # type: ignore[misc, unused-ignore]
        """Each run has a collection of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.path = f"{DOCS}/run{next(runs)}/{DOCS}"
            self.table: dict[str, dict[str, Any]] = {}

        @rule(name=st.sampled_from(_IDS), given=columns())
        def put(self, name: str, given: dict[str, Any]) -> None:
            cross(store.commit([upsert(self.path, name, {}, given)]))
            self.table[name] = given

        @rule(given=st.dictionaries(st.sampled_from(_IDS), columns(), min_size=2))
        def put_many(self, given: dict[str, dict[str, Any]]) -> None:
            cross(store.commit([upsert(self.path, name, {}, given[name]) for name in given]))
            self.table.update(given)

        @rule(name=st.sampled_from(_IDS))
        def drop(self, name: str) -> None:
            cross(store.commit([delete(self.path, name)]))
            self.table.pop(name, None)

        @rule(query=families() | ordered(), limit=st.none() | st.integers(0, 4))
        def ask(self, query: Query, limit: int | None) -> None:
            cross(
                compare(kit, store, replace(query, collection=self.path, limit=limit), self.table)
            )

    return Machine


async def compare(kit: Kit, store: DocumentStore, query: Query, table: dict[str, Any]) -> None:
    """Ask the store and the oracle, at once, by pages and for the number."""
    wanted = answer(table, query)
    found = [each.id for each in await store.query(query)]
    kit.equal(found, wanted, f"{query} on {table}")
    paged = [each.id async for each in stream(store, query, page=2)]
    kit.equal(paged, wanted, f"by pages: {query} on {table}")
    whole = answer(table, replace(query, order=(), limit=None))
    kit.equal(await store.count(query), len(whole), f"the count of {query} on {table}")


@case()
async def any_series_of_writes_and_questions_agrees_with_a_dict(kit: Kit) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    store = await kit.store()
    machine = machine_class(store, kit, asyncio.get_running_loop())
    settings = quiet_settings(how_many(), stateful_step_count=25)
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=settings)

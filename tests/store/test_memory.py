"""The memory store beyond what every store must do: its sorted keys and indexes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai.store import MemoryStore, Order, Query, Where, create, update
from scrai.store import _memory_query as memory_query
from scrai.store._sorted import SortedKeys

LIVE = Query("actions", (Where("simulation_id", "==", "s"), Where("state", "==", "live")))
RECENT = Query(
    "actions", (Where("simulation_id", "==", "s"), Where("step", ">", 9_990)), (Order("step"),)
)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3000)), max_size=60),
    st.integers(0, 3000),
    st.integers(0, 3000),
)
def test_sorted_keys_are_a_sorted_set(changes: list, low: int, high: int) -> None:
    keys, wanted = SortedKeys(), set()
    for number in range(0, 3000, 2):  # enough to have several blocks
        keys.add((number,))
        wanted.add((number,))
    for add, number in changes:
        if add and (number,) not in wanted:
            keys.add((number,))
            wanted.add((number,))
        elif not add:
            keys.discard((number,))
            wanted.discard((number,))
    assert len(keys) == len(wanted)
    between = sorted(key for key in wanted if (low,) <= key < (high,))
    assert list(keys.ascending((low,), (high,))) == between
    assert list(keys.descending((low,), (high,))) == between[::-1]


def test_sorted_keys_may_be_emptied() -> None:
    keys = SortedKeys()
    for number in range(2000):
        keys.add((number,))
    for number in range(2000):
        keys.discard((number,))
    assert (len(keys), list(keys.ascending((), (9999,)))) == (0, [])
    assert list(keys.descending((), (9999,))) == []
    keys.discard((1,))


async def filled(retired: int) -> MemoryStore:
    store = MemoryStore()
    await store.open()
    for state, start, count in (("live", 0, 5), ("retired", 5, retired)):
        columns = {"simulation_id": "s", "state": state}
        for first in range(start, start + count, 1000):
            numbers = range(first, min(first + 1000, start + count))
            await store.commit(
                [create("actions", f"s~{n:06d}", {}, {**columns, "step": n}) for n in numbers]
            )
    return store


async def test_questions_cost_by_their_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in rows looked at, not in time."""
    looked = 0

    class Rows(dict):
        def __getitem__(self, key: str) -> object:
            nonlocal looked
            looked += 1
            return super().__getitem__(key)

        def values(self) -> object:
            raise AssertionError("all rows are walked through")

    store = await filled(10_000)
    assert len(await store.query(LIVE)) == 5
    assert len(await store.query(RECENT)) == 14  # the indexes are made now
    collection = store.space.collections["actions"]
    collection.rows = Rows(collection.rows)
    assert len(await store.query(LIVE)) == 5
    assert len(await store.query(RECENT)) == 14
    assert await store.count(LIVE) == 5
    assert len(await store.query(Query("actions", LIVE.where, limit=2))) == 2
    assert looked == 5 + 14 + 2


async def test_indexes_follow_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    store = await filled(10)
    assert await store.count(LIVE) == 5
    columns = {"simulation_id": "s", "state": "retired", "step": 1}
    await store.commit([update("actions", "s~000001", {}, columns)])
    assert await store.count(LIVE) == 4
    assert "s~000001" not in [each.id for each in await store.query(LIVE)]


async def test_indexes_that_are_not_used_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_query, "_MANY_INDEXES", 2)
    store = await filled(3)
    for column in ("type", "status", "actor_id", "priority"):
        assert await store.query(Query("actions", (Where(column, "==", "x"),))) == []
        assert await store.count(LIVE) == 5
    assert len(store.space.collections["actions"].indexes) == 2

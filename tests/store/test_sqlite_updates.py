"""Updates on sqlite set what may have changed; what hardly ever changes may change, too."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scrai.errors import ConflictError, DocumentMissingError
from scrai.store import Query, SqliteStore, Where, create, groups, update
from scrai.store._sqlite_schema import STEADY


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    found = SqliteStore(tmp_path / "updates.db")
    await found.open()
    yield found
    await found.close()


ACTION = {"actor_id": "ann", "created_at": "2000", "status": "pending", "step": 1}


async def ids(store: SqliteStore, column: str, value: Any) -> list[str]:
    found = await store.query(Query("actions", (Where(column, "==", value),)))
    return [document.id for document in found]


def test_statements_have_plain_placeholders(sqlite: SqliteStore) -> None:
    """Python 3.12 warns of numbered ones with a sequence of values, and 3.14 refuses them."""
    assert set(sqlite._tables) == set(groups())
    for table in sqlite._tables.values():
        change = table.change(tuple(range(len(table.names))))
        for text in (table.insert, table.update, table.update_fenced, change):
            assert not re.search(r"\?\d", text)


@pytest.mark.parametrize("fenced", [False, True])
@pytest.mark.parametrize(
    ("column", "value"),
    [("actor_id", "bob"), ("created_at", "2001"), ("status", "approved"), ("actor_id", None)],
)
async def test_any_column_can_change(
    sqlite: SqliteStore, column: str, value: Any, fenced: bool
) -> None:
    assert {"c_actor_id", "c_created_at"} <= STEADY
    first = (await sqlite.commit([create("actions", "a", {"n": 1}, ACTION)])).revisions[0]
    expected = first if fenced else None
    changed = ACTION | {column: value}
    done = await sqlite.commit([update("actions", "a", {"n": 1}, changed, expected=expected)])
    assert done.revisions[0] != first
    document = await sqlite.get("actions", "a")
    assert document is not None
    assert (dict(document.columns), document.revision) == (changed, done.revisions[0])
    assert await ids(sqlite, column, value) == ["a"]
    assert await ids(sqlite, column, ACTION[column]) == []
    same = await sqlite.commit([update("actions", "a", {"n": 1}, changed)])
    assert same.revisions == done.revisions
    with pytest.raises(ConflictError):
        await sqlite.commit([update("actions", "a", {"n": 2}, ACTION, expected=first)])
    with pytest.raises(DocumentMissingError):
        await sqlite.commit([update("actions", "b", {"n": 2}, ACTION)])
    assert await ids(sqlite, column, value) == ["a"]


async def test_a_column_that_goes_is_gone(sqlite: SqliteStore) -> None:
    await sqlite.commit([create("actions", "a", {}, ACTION)])
    left = {"status": "pending", "step": 2}
    await sqlite.commit([update("actions", "a", {}, left)])
    document = await sqlite.get("actions", "a")
    assert document is not None
    assert dict(document.columns) == left
    assert await ids(sqlite, "actor_id", "ann") == []


async def test_lists_and_columns_change_by_themselves(sqlite: SqliteStore) -> None:
    """A table with lists is read before it is changed, so only what differs is set."""
    actor = {"name": "Ann", "step": 1, "terms": ("a", "b")}
    await sqlite.commit([create("actors", "x", {"n": 1}, actor)])
    for change in ({"terms": ("b", "c")}, {"name": "Bob"}, {"step": 7}, {}):
        actor = actor | change
        done = await sqlite.commit([update("actors", "x", {"n": len(change)}, actor)])
        document = await sqlite.get("actors", "x")
        assert document is not None
        assert (dict(document.columns), document.value()) == (actor, {"n": len(change)})
        assert document.revision == done.revisions[0]
        for term in "abc":
            found = await sqlite.query(Query("actors", (Where("terms", "array-contains", term),)))
            assert bool(found) is (term in actor["terms"])  # type: ignore[operator]

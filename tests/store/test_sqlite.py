"""The sqlite store beyond what every store must do: places, locks, threads, indexes, growth."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from scrai import errors
from scrai.store import (
    CollectionSpec,
    Order,
    Query,
    SqliteStore,
    Where,
    create,
    cursor_of,
    declare,
    delete,
    groups,
    shape,
    update,
    upsert,
)
from scrai.store._plan import check_query
from scrai.store._registry import shapes_of, spec_of_group
from scrai.store._sqlite_query import Sql, select
from scrai.store._sqlite_schema import create_base

Script = Callable[[SqliteStore], Awaitable[object]]


@pytest.fixture
async def store(tmp_path: Path):
    opened = SqliteStore(tmp_path / "store.db", busy_timeout=0.3)
    await opened.open()
    yield opened
    await opened.close()


def holder(path: Path) -> sqlite3.Connection:
    """Another connection that holds the write lock."""
    other = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other


async def test_a_lock_that_stays_is_a_timeout_with_a_hint(store: SqliteStore) -> None:
    await store.commit([create("actors", "a", {"v": 1})])
    other = holder(store.path)
    with pytest.raises(errors.StoreTimeoutError) as caught:
        await store.commit([update("actors", "a", {"v": 2})])
    assert caught.value.hint
    found = await store.get("actors", "a")  # readers do not wait for writers
    assert found is not None
    assert found.value() == {"v": 1}
    other.execute("ROLLBACK")
    other.close()
    await store.commit([update("actors", "a", {"v": 3})])


async def test_a_lock_is_waited_for_and_the_loop_goes_on(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db", busy_timeout=30)
    await store.open()
    other = holder(store.path)
    commit = asyncio.create_task(store.commit([create("actors", "a", {})]))
    for _ in range(5):  # if the commit waited in the loop, this would not come to its end
        await asyncio.sleep(0.02)
    assert not commit.done()
    other.execute("ROLLBACK")
    other.close()
    await commit
    assert await store.get("actors", "a")
    await store.close()


async def test_another_process_creating_the_file_at_the_same_time_does_no_harm(
    tmp_path: Path,
) -> None:
    stores = [SqliteStore(tmp_path / "store.db") for _ in range(6)]
    await asyncio.gather(*[each.open() for each in stores])
    for number, each in enumerate(stores):
        await each.commit([create("actors", f"{number}", {}, {"type": f"t{number}"})])
    for each in stores:
        assert len(await each.query(Query("actors"))) == 6
        await each.close()


def test_a_file_that_is_made_while_it_is_checked_is_not_taken_for_a_foreign_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    db = sqlite3.connect(path, isolation_level=None)
    came: list[str] = []

    def interfere(statement: str) -> None:
        if "sqlite_master" in statement and not came:
            came.append(statement)
            with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as rival:
                rival.execute("PRAGMA busy_timeout = 0")
                rival.execute("BEGIN IMMEDIATE")
                create_base(rival)
                rival.commit()  # locked out, if all is well

    db.set_trace_callback(interfere)
    SqliteStore(path)._set_up(db)
    assert came
    db.close()


async def test_a_short_operation_needs_no_thread(store: SqliteStore) -> None:
    caller = threading.get_ident()
    seen: list[int] = []
    await store._link.run(lambda db: seen.append(threading.get_ident()))
    await store._link.run(lambda db: seen.append(threading.get_ident()), short=False)
    assert seen[0] == caller
    assert seen[1] != caller


async def test_what_takes_long_is_moved_to_the_thread(store: SqliteStore) -> None:
    where: list[int] = []

    def count(db: sqlite3.Connection) -> int:
        where.append(threading.get_ident())
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000)"
        return int(db.execute(f"{endless} SELECT count(*) FROM n").fetchone()[0])

    assert await store._link.run(count) == 3_000_000
    assert where[0] == threading.get_ident()
    assert len(where) == 2
    assert where[1] != where[0]


async def test_a_commit_that_is_interrupted_is_done_once(store: SqliteStore) -> None:
    writes = [create("actors", f"{n:04d}", {"n": n}, {"type": "x"}) for n in range(64)]
    store._link._is_too_long = lambda: store._link._rounds is not None  # type: ignore[method-assign]
    store._link._db.set_progress_handler(store._link._is_too_long, 50)  # type: ignore[union-attr]
    result = await store.commit(writes)
    assert len(set(result.revisions)) == 1
    assert await store.count(Query("actors", (Where("type", "==", "x"),))) == 64


@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("moment", ["BEGIN IMMEDIATE", "UPDATE", "COMMIT"])
async def test_an_interruption_at_any_moment_does_no_harm(
    store: SqliteStore, moment: str, call: int
) -> None:
    """Sqlite asks once more when a statement is done, and then calls it interrupted: a
    transaction has begun, or was made, although the statement failed.
    """
    revision = (await store.commit([create("simulations", "a", {"v": 1})])).revisions[0]
    calls = -1

    def trace(statement: str) -> None:
        nonlocal calls
        calls = 0 if statement.startswith(moment) else -1

    def interrupt() -> bool:
        nonlocal calls
        if calls >= 0:
            calls += 1
        return calls == call and store._link._rounds is not None

    db = store._link._db
    assert db is not None
    db.set_trace_callback(trace)
    db.set_progress_handler(interrupt, 1)
    for value in (2, 3):
        write = update("simulations", "a", {"v": value}, expected=revision)
        revision = (await store.commit([write])).revisions[0]
        assert not db.in_transaction
    found = await store.get("simulations", "a")
    assert found is not None
    assert found.value() == {"v": 3}


async def test_full_synchronisation_is_a_setting(tmp_path: Path) -> None:
    for setting, code in (("NORMAL", 1), ("FULL", 2)):
        store = SqliteStore(tmp_path / f"{setting}.db", synchronous=setting)  # type: ignore[arg-type]
        await store.open()
        for pragma, wanted in (("synchronous", code), ("journal_mode", "wal")):
            row = await store._link.run(lambda db: db.execute(f"PRAGMA {pragma}").fetchone())  # noqa: B023
            assert row == (wanted,)
        await store.close()


async def test_damage_in_the_middle_of_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await store.commit([create("actors", f"{n}", {"text": "x" * 900}) for n in range(500)])
    await store.close()
    with path.open("r+b") as file:
        for page in range(40, 100):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    with pytest.raises(errors.StoreCorruptError) as caught:
        await _read_all(SqliteStore(path))
    assert caught.value.hint


async def _read_all(store: SqliteStore) -> None:
    try:
        await store.open()
        await store.query(Query("actors"))
    finally:
        await store.close()


async def test_a_full_disk_is_named_and_nothing_is_half_written(store: SqliteStore) -> None:
    await store.commit([create("actors", "a", {"v": 1})])
    pages = await store._link.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await store._link.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 3}"))
    with pytest.raises(errors.StoreReadOnlyError, match="full") as caught:
        await store.commit(
            [update("actors", "a", {"v": 2}), create("blobs", "b", {}, data=b"x" * 90_000)]
        )
    assert "room" in (caught.value.hint or "")
    found = await store.get("actors", "a")
    assert found is not None
    assert found.value() == {"v": 1}
    await store._link.run(lambda db: db.execute("PRAGMA max_page_count = 1000000"))
    await store.commit([create("blobs", "b", {}, data=b"x" * 90_000)])


_UNPRIVILEGED = """
import asyncio, concurrent.futures.thread, os, sys
from scrai.store import SqliteStore, create
from scrai.errors import StoreError
if os.getuid() == 0:  # root may write anywhere
    os.setgid(65534); os.setuid(65534)
async def main():
    store = SqliteStore(sys.argv[1])
    try:
        await store.open()
        await store.commit([create("actors", "b", {})])
    except StoreError as error:
        print(type(error).__name__, bool(error.hint))
    await store.close()
asyncio.run(main())
"""


@pytest.fixture
def open_folder():
    """A folder that everybody may enter (pytest's own are ours alone)."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("what", ["folder", "file", "new file", "locked folder"])
async def test_what_cannot_be_written_is_named(open_folder: Path, what: str) -> None:
    path = open_folder / "place" / "store.db"
    path.parent.mkdir()
    if what != "new file":
        store = SqliteStore(path)
        await store.open()
        await store.commit([create("actors", "a", {})])
        await store.close()
        path.chmod(0o444 if what == "file" else 0o666)
    before = path.read_bytes() if path.exists() else b""
    path.parent.chmod({"file": 0o777, "locked folder": 0o000}.get(what, 0o555))
    done = subprocess.run(
        [sys.executable, "-c", _UNPRIVILEGED, str(path)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    path.parent.chmod(0o755)
    assert done.stdout.split() == ["StoreReadOnlyError", "True"], done.stderr
    assert (path.read_bytes() if path.exists() else b"") == before


async def test_an_impossible_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.StoreReadOnlyError):
        await SqliteStore(tmp_path / ("x" * 300) / "store.db").open()


def plan_of(store: SqliteStore, query: Query) -> str:
    """How sqlite would answer a query."""
    db = store._link._db
    assert db is not None
    plan = check_query(query)
    sql = Sql(db, store._words, store._tables[plan.spec.group])
    rows = db.execute(f"EXPLAIN QUERY PLAN {select(sql, plan, 1, 10)}", sql.values)
    return "; ".join(row[3] for row in rows)


@pytest.mark.parametrize("group", [name for name in groups() if not name.startswith("conf")])
async def test_every_declared_shape_is_served_by_an_index(store: SqliteStore, group: str) -> None:
    for each in shapes_of(group):
        where = tuple(Where(column, "==", "x") for column in sorted(each.equal))
        text = plan_of(store, Query(group, where, each.order))
        assert "SCAN" not in text, f"{each}: {text}"
        assert f"INDEX i_{group}" in text, f"{each}: {text}"


@pytest.mark.parametrize(
    "columns", ["simulation_id state", "simulation_id state status", "actor_id"]
)
async def test_the_usual_questions_of_the_family_have_an_index(
    store: SqliteStore, columns: str
) -> None:
    where = tuple(Where(column, "==", "x") for column in columns.split())
    assert "INDEX i_actions" in plan_of(store, Query("actions", where))
    tagged = plan_of(store, Query("events", (Where("actors", "array-contains", "x"),)))
    assert "s_events.actors" in tagged
    assert "SCAN" not in tagged


async def test_live_entities_cost_the_same_among_many_retired_ones(store: SqliteStore) -> None:
    """Counted in steps of sqlite's machine, not in time."""
    live = (Where("simulation_id", "==", "s"), Where("state", "==", "live"))

    async def steps() -> int:
        ticks = 0

        def tick() -> bool:
            nonlocal ticks
            ticks += 1
            return False

        db = store._link._db
        assert db is not None
        db.set_progress_handler(tick, 1)
        assert len(await store.query(Query("actions", live))) == 5
        assert await store.count(Query("actions", live)) == 5
        db.set_progress_handler(store._link._is_too_long, 2000)
        return ticks

    def rows(state: str, start: int, count: int) -> list:
        columns = {"simulation_id": "s", "state": state, "status": state}
        return [
            create("actions", f"s~{n:05d}", {}, {**columns, "step": n})
            for n in range(start, start + count)
        ]

    await store.commit(rows("live", 0, 5))
    few = await steps()
    for start in range(5, 6005, 1000):
        await store.commit(rows("retired", start, 1000))
    assert await steps() <= few * 1.1


async def test_pages_in_the_order_of_ids_are_not_sorted_each_anew(store: SqliteStore) -> None:
    """A page next to the one before it costs by its length, counted in steps of the machine."""
    for start in range(0, 6000, 1000):
        await store.commit(
            [
                create("actors", f"s~{n:05d}", {}, {"simulation_id": "s", "state": "live"})
                for n in range(start, start + 1000)
            ]
        )
    query = Query("actors", (Where("simulation_id", "==", "s"),), limit=50)
    first = await store.query(query)
    db = store._link._db
    assert db is not None
    ticks = 0

    def tick() -> bool:
        nonlocal ticks
        ticks += 1
        return False

    db.set_progress_handler(tick, 1)
    second = await store.query(replace(query, after=cursor_of(query, first[-1])))
    assert [each.id for each in second] == [f"s~{n:05d}" for n in range(50, 100)]
    assert ticks < 6000


async def test_a_group_declared_later_gets_its_table(store: SqliteStore) -> None:
    declare(CollectionSpec("declared_later", frozenset({"n"})), [shape("declared_later", "", "n")])
    assert await store.query(Query("declared_later", (), (Order("n"),))) == []
    await store.commit([create("declared_later", "a", {}, {"n": 1})])
    assert await store.count(Query("declared_later", (Where("n", "==", 1),))) == 1


async def test_a_column_added_to_a_group_is_missing_in_older_documents(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = SqliteStore(path)
    await store.open()
    await store.commit([create("actors", "old", {"v": 1}, {"name": "x"})])
    await store.close()
    with sqlite3.connect(path) as db:
        db.execute('DROP INDEX "i_actors.name"')
        db.execute('ALTER TABLE "d_actors" DROP COLUMN c_name')
    db.close()
    await store.open()
    found = await store.get("actors", "old")
    assert found is not None
    assert (found.value(), dict(found.columns)) == ({"v": 1}, {})
    await store.commit([upsert("actors", "new", {}, {"name": "x"})])
    found_ids = [
        each.id for each in await store.query(Query("actors", (Where("name", "==", "x"),)))
    ]
    assert found_ids == ["new"]
    assert "INDEX i_actors.name" in plan_of(store, Query("actors", (Where("name", "==", "x"),)))
    await store.close()


async def test_the_log_is_moved_into_the_file_now_and_then(store: SqliteStore) -> None:
    data = b"x" * 500_000
    for number in range(60):
        await store.commit([upsert("blobs", f"{number % 3}", {"n": number}, data=data)])
    await store._link.run(lambda db: None, short=False)  # what is queued before has run
    log = store.path.with_name("store.db-wal").stat().st_size
    assert log < 60 * len(data) * 0.8


async def test_a_file_holds_little_beside_its_payloads(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.open()
    await store.close()
    empty = store.path.stat().st_size
    await store.open()
    payload = {"text": "x" * 380}
    columns = {
        "simulation_id": "town-0123456789", "actor_id": "actor-mayor", "type": "social",
        "status": "completed", "priority": "normal", "awaiting": False, "state": "retired",
        "created_at": "2000-01-01T00:00:00.000000Z",
    }  # fmt: skip
    count = 4000
    for start in range(0, count, 500):
        await store.commit(
            [
                create(
                    "actions", f"town-0123456789~a{n:05d}", payload,
                    {**columns, "local_id": f"a{n:05d}", "step": n},
                )
                for n in range(start, start + 500)
            ]
        )  # fmt: skip
    await store.close()
    size = len(json.dumps(payload, separators=(",", ":")))
    assert (store.path.stat().st_size - empty) / count <= size + 320


async def test_what_is_deleted_makes_room_for_what_comes(store: SqliteStore) -> None:
    async def fill() -> None:
        rows = [
            create("events", f"{n}", {"t": "x" * 500}, {"actors": ["a", "b"]}) for n in range(900)
        ]
        await store.commit(rows)
        await store.commit([delete("events", f"{n}") for n in range(900)])

    async def pages() -> int:
        return await store._link.run(lambda db: db.execute("PRAGMA page_count").fetchone()[0])

    await fill()
    first = await pages()
    for _ in range(4):
        await fill()
    assert await pages() <= first + 2
    left = 'SELECT count(*) FROM "s_events.actors"'
    assert await store._link.run(lambda db: db.execute(left).fetchone()[0]) == 0


def test_no_table_is_without_a_declaration() -> None:
    assert {spec_of_group(group).group for group in groups()} == set(groups())

"""What reads cost, and that an emulator's half-done commits are not taken for done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from operator import attrgetter
from typing import Any

import pytest
from google.cloud.firestore_v1 import types
from google.protobuf.timestamp_pb2 import Timestamp

from scrai.errors import ConflictError
from scrai.store import FirestoreStore, Query, StoreStats, Where, create, update, upsert
from scrai.store._firestore_settle import Settling
from scrai.store.emulator import Emulator


@pytest.fixture
async def store(emulator: Emulator, project: str) -> AsyncIterator[FirestoreStore]:
    async with FirestoreStore(project, emulator_host=emulator.host) as opened:
        yield opened


@pytest.mark.emulator
async def test_what_is_asked_of_the_server_is_counted(store: FirestoreStore) -> None:
    await store.commit([create("actors", name, {}, {"name": name}) for name in "abc"])
    before = store.stats.copy()
    await asyncio.gather(
        store.get("actors", "a"),
        store.get_many("actors", ["a", "b", "none", "a"]),
        store.query(Query("actors", (Where("name", "==", "c"),))),
        store.query(Query("events")),
    )
    await store.count(Query("actors"))
    with pytest.raises(ConflictError):
        await store.commit([update("actors", "a", {}, expected="old")])
    assert store.stats.since(before) == StoreStats(
        round_trips=7,
        read_waves=3,  # four reads at once, the count, the winner of the conflict
        commits=1,
        retries=0,
        documents_read=1 + 3 + 1 + 1 + 1 + 1,
        documents_written=0,
    )


@pytest.mark.emulator
async def test_questions_without_answers_are_not_sent(store: FirestoreStore) -> None:
    before = store.stats.copy()
    assert await store.get_many("actors", []) == []
    assert await store.query(Query("actors", (Where("name", "in", []),))) == []
    assert await store.query(Query("actors", limit=0)) == []
    assert await store.count(Query("actors", (Where("name", "in", []),))) == 0
    assert (await store.commit([])).revisions == ()
    assert store.stats == before


@pytest.mark.emulator
async def test_a_limit_beyond_what_the_protocol_carries_is_none(store: FirestoreStore) -> None:
    await store.commit([create("actors", "a", {})])
    assert len(await store.query(Query("actors", limit=2**40))) == 1


@pytest.mark.emulator
async def test_the_stored_envelope_is_columns_beside_one_text(store: FirestoreStore) -> None:
    columns = {"name": None, "step": 3.0, "active": True, "terms": ["x", "y"]}
    await store.commit([create("actors", "a", {"b.c": 1, "a": [None]}, columns, data=b"\0")])
    reply = (await store._ready()._get(["actors/a"], "look"))["actors/a"]
    fields = {name: value.WhichOneof("value_type") for name, value in reply.found.fields.items()}
    assert fields == {
        "name": "null_value",
        "step": "integer_value",
        "active": "boolean_value",
        "terms": "array_value",
        "payload": "string_value",
        "data": "bytes_value",
    }
    assert reply.found.fields["payload"].string_value == '{"a":[null],"b.c":1}'


@pytest.mark.emulator
async def test_stamps_are_the_servers(store: FirestoreStore) -> None:
    await store.commit([create("actors", "a", {"v": 1})])
    await store.commit([upsert("actors", "a", {"v": 2})])
    found = await store.get("actors", "a")
    assert found is not None
    assert found.created_at < found.updated_at <= found.read_at
    (listed,) = await store.query(Query("actors", columns_only=True))
    assert (listed.revision, listed.created_at) == (found.revision, found.created_at)


@pytest.mark.emulator
async def test_two_clients_never_see_half_of_the_others_commit(
    emulator: Emulator, project: str, store: FirestoreStore
) -> None:
    names = [f"d{number}" for number in range(12)]
    await store.commit([create("actors", name, {"v": 0}, {"step": 0}) for name in names])
    done = asyncio.Event()

    async def write() -> None:
        async with FirestoreStore(project, emulator_host=emulator.host) as other:
            for number in range(1, 80):
                await other.commit(
                    [update("actors", name, {"v": number}, {"step": number}) for name in names]
                )
        done.set()

    async def read(by_id: bool) -> None:
        while not done.is_set():
            found = await (
                store.get_many("actors", names) if by_id else store.query(Query("actors"))
            )
            assert len({document.value()["v"] for document in found if document}) == 1

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(read(by_id=True))
        group.create_task(read(by_id=False))


def reply_of(read: int, *updates: int) -> list[Any]:
    """An answer read at a millisecond, with documents updated at others."""
    replies = []
    for at in updates:
        reply = types.RunQueryResponse.pb()(read_time=Timestamp(nanos=read * 1_000_000))
        reply.document.update_time.nanos = at * 1_000_000
        replies.append(reply)
    return replies


class Server:
    """Gives planned answers, and remembers as of when it was asked."""

    def __init__(self, *answers: list[Any]) -> None:
        self.answers = list(answers)
        self.as_of: list[int] = []

    async def ask(self, request: Any) -> list[Any]:
        self.as_of.append(request.read_time.nanos // 1_000_000)
        return self.answers.pop(0)


async def settled(settling: Settling, server: Server) -> list[int]:
    request = types.RunQueryRequest.pb()()
    answer = await settling.read(server.ask, request, attrgetter("document"))
    assert server.answers == []
    return [reply.document.update_time.nanos // 1_000_000 for reply in answer]


async def test_old_changes_are_taken_as_they_are() -> None:
    server = Server(reply_of(900, 100, 200))
    settling = Settling()
    settling.acknowledge(Timestamp(nanos=200_000_000))
    assert await settled(settling, server) == [100, 200]
    assert server.as_of == [0]


async def test_nothing_is_taken_as_it_is() -> None:
    assert await settled(Settling(), Server([])) == []


async def test_a_fresh_change_of_somebody_else_is_asked_for_until_it_is_whole() -> None:
    server = Server(
        reply_of(500, 490, 100),  # half of it
        reply_of(500, 490, 490),
        reply_of(500, 490, 490),
    )
    settling = Settling()
    assert await settled(settling, server) == [490, 490]
    assert server.as_of == [0, 500, 500]
    assert await settled(settling, Server(reply_of(501, 490, 490))) == [490, 490]  # known by now


async def test_our_own_acknowledged_change_is_whole() -> None:
    settling = Settling()
    settling.acknowledge(Timestamp(nanos=490_000_000))
    assert await settled(settling, Server(reply_of(500, 490))) == [490]


async def test_a_change_acknowledged_while_the_answer_comes_may_be_half_in_it() -> None:
    settling = Settling()
    server = Server(reply_of(500, 490), reply_of(500, 490), reply_of(500, 490))
    ask = server.ask

    async def acknowledge_meanwhile(request: Any) -> list[Any]:
        settling.acknowledge(Timestamp(nanos=490_000_000))
        return await ask(request)

    server.ask = acknowledge_meanwhile  # type: ignore[method-assign]
    await settled(settling, server)
    assert len(server.as_of) == 3


async def test_a_change_that_never_comes_to_rest_is_not_waited_for_for_ever() -> None:
    server = Server(*[reply_of(500, 400 + number) for number in range(6)])
    assert await settled(Settling(), server) == [405]

"""Whatever fails is a RepositoryError that says what was being done, with its cause."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest

from conftest import Data
from counting import CountingStore
from scrai.data import RepositoryError
from scrai.errors import (
    DocumentTooLargeError,
    InvalidDocumentError,
    InvalidInputError,
    ModelError,
    ScraiError,
    StoreClosedError,
    StoreCorruptError,
    StoreSchemaError,
    StoreUnavailableError,
)
from scrai.models import MIGRATIONS, Action, Actor, Event, SimulationState
from scrai.store import MemoryStore, Write, create, update


def every_call(data: Data) -> list[tuple[str, str, str | None, Any]]:
    """Return (operation, entity type, id, coroutine function) of all that repositories do."""
    calls: list[tuple[str, str, str | None, Any]] = [
        ("create", "Actor", "a", lambda: data.actors.create(Actor(id="a", name="A"))),
        ("change", "Actor", "a", lambda: data.actors.change("a", lambda actor: actor)),
        ("find_by_name", "Actor", None, lambda: data.actors.find_by_name("A")),
        ("find_in_location", "Actor", None, lambda: data.actors.find_in_location("x", 1)),
        ("find_recent", "Event", None, data.events.find_recent),
        ("find_by_actor", "Action", None, lambda: data.actions.find_by_actor("a")),
        ("find_by_actor", "Event", None, lambda: data.events.find_by_actor("s~a")),
        ("find_active", "Action", None, data.actions.find_active),
        (
            "create",
            "SimulationState",
            "s",
            lambda: data.simulations.create(SimulationState(id="s", name="S")),
        ),
        ("find_running", "SimulationState", None, data.simulations.find_running),
        ("list_all", "SimulationState", None, data.simulations.list_all),
    ]
    named = {"Actor": data.actors, "Event": data.events, "SimulationState": data.simulations}
    for entity_type, repository in named.items():
        calls += both(entity_type, repository)
    return calls


def both(entity_type: str, repository: Any) -> list[tuple[str, str, str | None, Any]]:
    filters = {"type": "x"} if entity_type == "Event" else {"name": "x"}

    async def stream() -> None:
        async for _ in repository.stream():
            pass

    return [
        ("get", entity_type, "a", lambda: repository.get("a")),
        ("exists", entity_type, "a", lambda: repository.exists("a")),
        ("update", entity_type, "a", lambda: repository.update("a", {})),
        ("delete", entity_type, "a", lambda: repository.delete("a")),
        ("query", entity_type, None, lambda: repository.query(filters)),
        ("count", entity_type, None, repository.count),
        ("stream", entity_type, None, stream),
    ]


async def test_every_method_reports(memory: MemoryStore) -> None:
    await memory.close()
    for operation, entity_type, key, call in every_call(Data(memory)):
        with pytest.raises(RepositoryError) as caught:
            await call()
        error = caught.value
        assert (error.operation, error.entity_type, error.entity_id) == (
            operation,
            entity_type,
            key,
        )
        assert isinstance(error.__cause__, StoreClosedError)
        assert error.hint == error.__cause__.hint
        assert str(error).startswith(f"{operation} {entity_type}")
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("cause", "code"), [(StoreUnavailableError, 1), (InvalidInputError, 2), (ModelError, 1)]
)
async def test_the_exit_code_and_hint_are_those_of_the_cause(
    memory: MemoryStore, cause: type[ScraiError], code: int
) -> None:
    class Broken(CountingStore):
        async def get(self, collection: str, id: str) -> Any:  # noqa: A002
            raise cause("it is away", hint="wait for it")

    with pytest.raises(RepositoryError, match="get Actor a: it is away") as caught:
        await Data(Broken(memory)).actors.get("a")
    assert (caught.value.exit_code, caught.value.hint) == (code, "wait for it")
    assert type(caught.value.__cause__) is cause


async def test_what_is_no_error_of_ours_passes(memory: MemoryStore) -> None:
    class Cut(CountingStore):
        async def get(self, collection: str, id: str) -> Any:  # noqa: A002
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Data(Cut(memory)).actors.get("a")

    def wrong(actor: Actor) -> None:
        raise ZeroDivisionError

    await Data(memory).actors.create(Actor(id="a", name="A"))
    with pytest.raises(ZeroDivisionError):
        await Data(memory).actors.change("a", wrong)


async def test_what_no_store_keeps(data: Data) -> None:
    big = {"x": "x" * 2**20}
    town = await data.found("town")
    await data.actors.create(Actor(id="a", name="A"))
    for call, cause in (
        (lambda: data.actors.create(Actor(id="b", name="B", metadata=big)), DocumentTooLargeError),
        (lambda: data.actors.update("a", {"metadata": big}), DocumentTooLargeError),
        (lambda: town.actors.create(Actor(id="b", name="B", metadata=big)), DocumentTooLargeError),
        (lambda: data.actors.create(Actor(id="b", name="x" * 1501)), InvalidDocumentError),
        (lambda: data.actors.create(Actor(id="b", name="B", metadata={"x": {1}})), ModelError),
        (
            lambda: town.actors.create(Actor(id="b", name="B", metadata={"": 1})),
            InvalidDocumentError,
        ),
        (lambda: data.actors.create(Event(id="e", title="x")), InvalidInputError),  # type: ignore[arg-type]
        (lambda: data.actors.create(None), InvalidInputError),  # type: ignore[arg-type]
    ):
        with pytest.raises(RepositoryError) as caught:
            await call()
        assert isinstance(caught.value.__cause__, cause)
        assert caught.value.operation in {"create", "update"}
    assert [x.id for x in await data.actors.list_all()] == ["a"]
    assert await town.actors.list_all() == []


def raw(key: str, value: dict[str, Any], **columns: Any) -> Write:
    shared = {"simulation_id": None, "local_id": key, "type": "npc", "state": "live", "step": 0}
    return create("actors", key, value, shared | {"name": "A", "active": True} | columns)


async def test_a_malformed_document_is_named_and_the_others_still_come(
    data: Data, caplog: pytest.LogCaptureFixture
) -> None:
    await data.store.commit(
        [
            raw("bad", {"id": "bad", "name": 7}),
            raw("new", {"id": "new", "name": "A"}, schema=99),
            raw("good", {"id": "good", "name": "A"}),
        ]
    )
    for key, cause in (("bad", StoreCorruptError), ("new", StoreSchemaError)):
        with pytest.raises(RepositoryError, match=f"{key}") as caught:
            await data.actors.get(key)
        assert isinstance(caught.value.__cause__, cause)
        with pytest.raises(RepositoryError):
            await data.actors.update(key, {"name": "x"})
    with caplog.at_level(logging.WARNING, "scrai.data"):
        assert [x.id for x in await data.actors.find_active()] == ["good"]
    assert "actors/bad" in caplog.text
    assert len(caplog.records) == 2
    assert await data.actors.delete("bad") is True


async def test_a_malformed_head_is_named_and_the_others_still_come(
    data: Data, caplog: pytest.LogCaptureFixture
) -> None:
    await data.found("town")
    await data.found("port")
    document = await data.store.get("simulations", "town")
    assert document is not None
    broken = update("simulations", "town", {"what": 1}, document.columns)
    await data.store.commit([broken])
    with caplog.at_level(logging.WARNING, "scrai.data"):
        assert [x.id for x in await data.simulations.list_all()] == ["port"]
    assert "simulations/town" in caplog.text
    with pytest.raises(RepositoryError, match="simulations/town") as caught:
        await data.simulations.get("town")
    assert isinstance(caught.value.__cause__, StoreCorruptError)


async def test_older_documents_are_brought_up_to_date(
    memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Data(memory)
    await memory.commit([raw("old", {"id": "old", "name": "A", "attributes": {"mood": 1}})])
    for name, module in list(sys.modules.items()):
        if name.startswith("scrai.") and "SCHEMA_VERSION" in vars(module):
            monkeypatch.setattr(module, "SCHEMA_VERSION", 2)

    def rename(value: dict[str, Any]) -> dict[str, Any]:
        value["attributes"] = {"spirits": value["attributes"]["mood"]}
        return value

    monkeypatch.setitem(MIGRATIONS, ("Actor", 1), rename)
    found = await data.actors.get("old")
    assert found is not None
    assert found.attributes == {"spirits": 1}
    await data.actors.update("old", {"name": "B"})
    document = await memory.get("actors", "old")
    assert document is not None
    assert document.columns["schema"] == 2
    assert document.value()["attributes"] == {"spirits": 1}
    assert [x.attributes for x in await data.actors.list_all()] == [{"spirits": 1}]


async def test_commands_applied_while_somebody_reads_are_never_missed(data: Data) -> None:
    """What was once asked for is seen by every later reader, waiting, applied or in between."""
    town = await data.found("town")
    await town.actors.create(Actor(id="ann", name="Ann"))
    done = asyncio.Event()
    misses: list[str] = []

    async def write() -> None:
        for number in range(12):
            await town.actions.create(Action(id=f"a{number:02d}", actor_id="ann"))
            await town.digest()
        done.set()

    async def read() -> None:
        known: set[str] = set()
        while not done.is_set():
            found = {action.id for action in await town.actions.list_all()}
            single = [key for key in known if await town.actions.get(key) is None]
            misses.extend(single + sorted(known - found))
            known |= found
            await asyncio.sleep(0)

    await asyncio.gather(write(), read(), read())
    assert misses == []
    assert len(await town.actions.list_all()) == 12

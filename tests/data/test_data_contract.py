"""The repositories' contract: its methods, its errors, and its examples as they are written."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import Any

import pytest

import scrai.data
from scrai.data import (
    ActionRepository,
    ActorRepository,
    EventRepository,
    FirestoreClient,
    Repository,
    RepositoryError,
    SimulationRepository,
)
from scrai.models import Action, Actor, ActorType, Event
from scrai.store import MemoryStore
from scrai.store.emulator import Emulator

METHODS = {
    "create": ["entity"],
    "get": ["entity_id"],
    "update": ["entity_id", "updates"],
    "delete": ["entity_id"],
    "list_all": ["limit=None"],
    "query": ["filters", "limit=None"],
    "exists": ["entity_id"],
}
FINDERS: dict[type[Any], dict[str, tuple[list[str], str]]] = {
    ActorRepository: {
        "find_by_type": (["actor_type: ActorType"], "list[Actor]"),
        "find_by_name": (["name: str"], "Actor | None"),
        "find_active": ([], "list[Actor]"),
        "find_in_location": (["location_field: str", "location_value: Any"], "list[Actor]"),
        "find_by_affiliation": (["affiliation: str"], "list[Actor]"),
    },
    EventRepository: {
        "find_by_status": (["status: EventStatus"], "list[Event]"),
        "find_by_type": (["event_type: EventType"], "list[Event]"),
        "find_pending_approval": ([], "list[Event]"),
        "find_by_actor": (["actor_id: str"], "list[Event]"),
        "find_recent": (["hours: int=24"], "list[Event]"),
    },
    ActionRepository: {
        "find_by_actor": (["actor_id: str"], "list[Action]"),
        "find_by_status": (["status: ActionStatus"], "list[Action]"),
        "find_by_type": (["action_type: ActionType"], "list[Action]"),
        "find_by_priority": (["priority: ActionPriority"], "list[Action]"),
        "find_pending_approval": ([], "list[Action]"),
        "find_pending_execution": ([], "list[Action]"),
        "find_active": ([], "list[Action]"),
    },
    SimulationRepository: {
        "find_by_status": (["status: SimulationStatus"], "list[SimulationState]"),
        "find_by_scenario": (["scenario_module: str"], "list[SimulationState]"),
        "find_running": ([], "list[SimulationState]"),
        "find_completed": ([], "list[SimulationState]"),
        "find_by_name": (["name: str"], "SimulationState | None"),
    },
}


def written(method: Any, *, types: bool) -> tuple[list[str], list[str], str]:
    """Return (positional parameters, keyword-only names, return type) of a method."""
    signature = inspect.signature(method)
    positional, keywords = [], []
    for parameter in list(signature.parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY:
            keywords.append(parameter.name)
            continue
        text = parameter.name + (f": {parameter.annotation}" if types else "")
        given = parameter.default is not parameter.empty
        positional.append(f"{text}={parameter.default}" if given else text)
    return positional, keywords, str(signature.return_annotation)


@pytest.mark.parametrize("cls", [Repository, *FINDERS])
def test_the_common_methods(cls: type[Any]) -> None:
    for name, parameters in METHODS.items():
        method = getattr(cls, name)
        assert inspect.iscoroutinefunction(method)
        positional, keywords, _ = written(method, types=False)
        assert positional == parameters
        assert name == "create" or "simulation_id" in keywords
    assert issubclass(cls, Repository)


@pytest.mark.parametrize("cls", FINDERS)
def test_the_finders(cls: type[Any]) -> None:
    for name, (parameters, result) in FINDERS[cls].items():
        method = getattr(cls, name)
        assert inspect.iscoroutinefunction(method)
        assert written(method, types=True) == (parameters, ["simulation_id"], result)
    found = {name for name in dir(cls) if name.startswith("find_")}
    assert found == set(FINDERS[cls])


def test_repository_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Repository(MemoryStore())  # type: ignore[abstract]
    assert set(METHODS) <= Repository.__abstractmethods__


def test_the_error() -> None:
    error = RepositoryError("it failed", "get", "Actor", "actor1")
    assert (error.message, error.operation, error.entity_type, error.entity_id) == (
        "it failed",
        "get",
        "Actor",
        "actor1",
    )
    assert str(error) == "it failed"


CRUD = """
# Initialize repositories
firestore_client = FirestoreClient(project_id="my-project")
await firestore_client.initialize()

actor_repo = ActorRepository(firestore_client)

# Create
actor = Actor(id="actor1", name="John", type=ActorType.PLAYER)
actor_id = await actor_repo.create(actor)

# Read
retrieved_actor = await actor_repo.get("actor1")

# Update
await actor_repo.update("actor1", {"name": "John Doe"})

# Delete
await actor_repo.delete("actor1")
"""

QUERIES = """
# Find all NPCs
npcs = await actor_repo.find_by_type(ActorType.NPC)

# Find pending events
pending_events = await event_repo.find_by_status(EventStatus.PENDING)

# Find actions by specific actor
actor_actions = await action_repo.find_by_actor("actor1")
"""


async def run(code: str, names: dict[str, Any]) -> None:
    """Run an example that awaits at its top level."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    compiled = compile(textwrap.dedent(code), "<contract>", "exec", flags=flags)
    await eval(compiled, names)


def public() -> dict[str, Any]:
    """What somebody has who imported both packages whole."""
    import scrai.models

    found = {name: getattr(scrai.models, name) for name in scrai.models.__all__}
    return found | {name: getattr(scrai.data, name) for name in scrai.data.__all__}


async def check_examples(names: dict[str, Any]) -> None:
    assert names["actor_id"] == "actor1"
    assert names["retrieved_actor"].name == "John"
    store = names["actor_repo"].store
    assert await names["actor_repo"].get("actor1") is None
    await names["actor_repo"].create(Actor(id="actor1", name="John", type=ActorType.NPC))
    names["event_repo"] = EventRepository(store)
    names["action_repo"] = ActionRepository(store)
    await names["event_repo"].create(Event(id="event1", title="Rain"))
    await names["action_repo"].create(Action(id="action1", actor_id="actor1"))
    await run(QUERIES, names)
    assert [x.id for x in names["npcs"]] == ["actor1"]
    assert [x.id for x in names["pending_events"]] == ["event1"]
    assert [x.id for x in names["actor_actions"]] == ["action1"]


@pytest.mark.emulator
async def test_the_examples_on_firestore(
    emulator: Emulator, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    names = public()
    await run(CRUD.replace("my-project", project), names)
    await check_examples(names)
    assert isinstance(names["firestore_client"], FirestoreClient)
    await names["firestore_client"].close()


async def test_the_examples_in_memory() -> None:
    class Client(MemoryStore):
        """A memory store under the client's name."""

        def __init__(self, project_id: str) -> None:
            super().__init__()

        async def initialize(self) -> None:
            await self.open()

    names = public() | {"FirestoreClient": Client}
    await run(CRUD, names)
    await check_examples(names)


def test_the_fixed_names_are_there() -> None:
    fixed = {
        "ActionRepository",
        "ActorRepository",
        "EventRepository",
        "FirestoreClient",
        "Repository",
        "RepositoryError",
        "SimulationRepository",
    }
    assert fixed <= set(scrai.data.__all__)

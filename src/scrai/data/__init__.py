"""Entities in the store: how they lie there, and the repositories that find them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrai.data._actions import ActionRepository
from scrai.data._actors import ActorRepository
from scrai.data._commands import (
    FIXED_FIELDS,
    SETTINGS,
    Desk,
    adopt,
    carry_out,
    changed,
    successor,
)
from scrai.data._creation import VERSIONS, creation_writes, hash_state
from scrai.data._delete import branches_of, delete_simulation
from scrai.data._entities import EntityRepository
from scrai.data._events import EventRepository
from scrai.data._gates import ESCALATIONS, HOLD, MEDIATION, PASS, POLICIES, gate_name
from scrai.data._head import (
    MAX_HEAD_BYTES,
    PARTS,
    POSITION_FIELDS,
    Head,
    check_texts,
    head_of,
    missing,
    moment,
    read_head,
)
from scrai.data._inbox import (
    accepting,
    command_of,
    inbox_value,
    inbox_write,
    read_inbox,
    submit,
    together,
    waiting,
)
from scrai.data._mapping import (
    ACTIONS,
    ACTORS,
    EVENTS,
    KINDS,
    LIVE,
    MODELS,
    RETIRED,
    SEPARATOR,
    SIMULATIONS,
    affiliation_term,
    check_local_id,
    collection_of,
    columns_of,
    document_id,
    is_awaiting,
    location_term,
    split_id,
    stamp,
)
from scrai.data._repository import Repository
from scrai.data._simulations import SimulationRepository
from scrai.data._state import Pieces, state_of_head
from scrai.data._ways_in import (
    InMemoryActionRepository,
    InMemoryActorRepository,
    InMemoryEventRepository,
    InMemorySimulationRepository,
    SqliteActionRepository,
    SqliteActorRepository,
    SqliteEventRepository,
    SqliteSimulationRepository,
)
from scrai.errors import RepositoryError

if TYPE_CHECKING:
    from scrai.store._firestore import FirestoreClient

__all__ = [
    "ACTIONS",
    "ACTORS",
    "ESCALATIONS",
    "EVENTS",
    "FIXED_FIELDS",
    "HOLD",
    "KINDS",
    "LIVE",
    "MAX_HEAD_BYTES",
    "MEDIATION",
    "MODELS",
    "PARTS",
    "PASS",
    "POLICIES",
    "POSITION_FIELDS",
    "RETIRED",
    "SEPARATOR",
    "SETTINGS",
    "SIMULATIONS",
    "VERSIONS",
    "ActionRepository",
    "ActorRepository",
    "Desk",
    "EntityRepository",
    "EventRepository",
    "FirestoreClient",
    "Head",
    "InMemoryActionRepository",
    "InMemoryActorRepository",
    "InMemoryEventRepository",
    "InMemorySimulationRepository",
    "Pieces",
    "Repository",
    "RepositoryError",
    "SimulationRepository",
    "SqliteActionRepository",
    "SqliteActorRepository",
    "SqliteEventRepository",
    "SqliteSimulationRepository",
    "accepting",
    "adopt",
    "affiliation_term",
    "branches_of",
    "carry_out",
    "changed",
    "check_local_id",
    "check_texts",
    "collection_of",
    "columns_of",
    "command_of",
    "creation_writes",
    "delete_simulation",
    "document_id",
    "gate_name",
    "hash_state",
    "head_of",
    "inbox_value",
    "inbox_write",
    "is_awaiting",
    "location_term",
    "missing",
    "moment",
    "read_head",
    "read_inbox",
    "split_id",
    "stamp",
    "state_of_head",
    "submit",
    "successor",
    "together",
    "waiting",
]


def __getattr__(name: str) -> Any:
    """Find the Firestore client when somebody asks for it."""
    if name == "FirestoreClient":
        from scrai.store._firestore import FirestoreClient

        return FirestoreClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

"""The models: actors, events, actions, the simulation, and the engine's records. No I/O."""

from scrai.models._action import Action
from scrai.models._actor import Actor
from scrai.models._base import (
    SCHEMA_VERSION,
    DocumentId,
    JsonObject,
    LocalId,
    Model,
    UtcDatetime,
    format_time,
    id_problem,
    parse_time,
    stamp,
)
from scrai.models._codec import (
    MIGRATIONS,
    Migration,
    check_schema,
    from_stored,
    load_bytes,
)
from scrai.models._dump import (
    canonical_bytes,
    comes_back,
    dump_bytes,
    sealed,
    to_stored,
    visible,
)
from scrai.models._enums import (
    ActionPriority,
    ActionSource,
    ActionStatus,
    ActionType,
    ActorType,
    CommandKind,
    Decision,
    EventScope,
    EventStatus,
    EventType,
    SimulationPhase,
    SimulationStatus,
    StepKind,
)
from scrai.models._event import Event
from scrai.models._explain import explain
from scrai.models._hashing import HASH_VERSION, HASHED_FIELDS
from scrai.models._lifecycle import Lifecycle, reachable
from scrai.models._operations import Condition, Operation
from scrai.models._records import Command, CostRecord, JournalEntry, Lease
from scrai.models._references import check_references, references
from scrai.models._simulation import EPOCH, Parent, SimulationState
from scrai.models._unread import Unread

__all__ = [
    "EPOCH",
    "HASHED_FIELDS",
    "HASH_VERSION",
    "MIGRATIONS",
    "SCHEMA_VERSION",
    "Action",
    "ActionPriority",
    "ActionSource",
    "ActionStatus",
    "ActionType",
    "Actor",
    "ActorType",
    "Command",
    "CommandKind",
    "Condition",
    "CostRecord",
    "Decision",
    "DocumentId",
    "Event",
    "EventScope",
    "EventStatus",
    "EventType",
    "JournalEntry",
    "JsonObject",
    "Lease",
    "Lifecycle",
    "LocalId",
    "Migration",
    "Model",
    "Operation",
    "Parent",
    "SimulationPhase",
    "SimulationState",
    "SimulationStatus",
    "StepKind",
    "Unread",
    "UtcDatetime",
    "canonical_bytes",
    "check_references",
    "check_schema",
    "comes_back",
    "dump_bytes",
    "explain",
    "format_time",
    "from_stored",
    "id_problem",
    "load_bytes",
    "parse_time",
    "reachable",
    "references",
    "sealed",
    "stamp",
    "to_stored",
    "visible",
]

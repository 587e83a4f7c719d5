"""The working set: what a worker knows of a simulation between two steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from scrai.data import (
    ACTIONS,
    ACTORS,
    EVENTS,
    KINDS,
    MODELS,
    SIMULATIONS,
    Head,
    Pieces,
    hash_state,
    head_fields,
    is_awaiting,
    state_from,
)
from scrai.engine._draft import ACTIVE, INACTIVE, Draft, Row, Table
from scrai.engine._hooks import ScenarioHooks
from scrai.models import (
    HASHED_FIELDS,
    Action,
    Actor,
    Command,
    Event,
    SimulationState,
    Unread,
)
from scrai.store import Document, Payload, Write, encode, update

EMPTY = encode({})


@dataclass(slots=True)
class Part:
    """World, environment, configuration or metadata as committed."""

    payload: Payload = EMPTY
    revision: str | None = None
    digest: bytes = b""
    _typed: tuple[ScenarioHooks, Any] | None = None

    def __post_init__(self) -> None:
        if not self.digest:
            self.digest = sha256(self.payload.data).digest()

    def value(self) -> dict[str, Any]:
        """Return a fresh copy of the object; most simulations have parts that are empty."""
        return {} if self.payload.data == EMPTY.data else self.payload.value()

    def typed(self, hooks: ScenarioHooks) -> Any:
        """Return what a scenario that only reads its configuration makes of it; made once."""
        if self._typed is None or self._typed[0] is not hooks:
            self._typed = hooks, hooks.configure(Unread(self.payload.data))
        return self._typed[1]


def is_as_stored(value: Mapping[str, Any], part: Part) -> bool:
    """Whether a part is plainly unchanged. NaN, written as null, counts as a change."""
    if type(value) is Unread:
        return value.data == part.payload.data
    try:
        data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return False
    return data == part.payload.data and b"null" not in data


def _no_rows() -> dict[str, dict[str, Row]]:
    return {kind: {} for kind in KINDS}


@dataclass(slots=True)
class Watch:
    """What the worker that took a simulation over knows of the chunks uploaded since.

    Attributes:
        since: what was uploaded before is of committed steps, or was looked at.
        own: the digests of what its own commits brought since.
        looked: whether it has looked once.
    """

    since: datetime
    own: set[str] = field(default_factory=set)
    looked: bool = False


@dataclass(slots=True)
class Workset:
    """Head, parts and live rows of one simulation, as of `document`'s revision.

    Attributes:
        shares: whether the configuration is only read; see `ScenarioHooks`.
        watch: for the chunks of dead and late workers; None if nobody was taken over.
    """

    simulation_id: str
    head: Head
    document: Document
    parts: dict[str, Part] = field(default_factory=dict)
    rows: dict[str, dict[str, Row]] = field(default_factory=_no_rows)
    inbox: list[Command] = field(default_factory=list)
    packed: dict[str, bytes] = field(default_factory=dict)
    shares: bool = False
    watch: Watch | None = None
    _listed: dict[str, tuple[dict[str, Row], list[str]]] = field(default_factory=dict)
    _told: tuple[Head, str, dict[str, Any]] | None = None

    def told(self) -> dict[str, Any]:
        """Return the fields of the state that the head tells; every step asks twice."""
        head, revision = self.head, self.document.revision
        if self._told is None or self._told[0] is not head or self._told[1] != revision:
            self._told = (head, revision, head_fields(self.simulation_id, head, revision))
        return self._told[2]

    def having(self, kind: str, status: str) -> list[str]:
        """Return the ids of the entities with a status, sorted; listed anew when rows changed."""
        rows = self.rows[kind]
        known, ids = self._listed.get(kind, (None, []))
        if known is not rows:
            ids = sorted(key for key, row in rows.items() if row.status == status)
            self._listed[kind] = (rows, ids)
        return list(ids)

    @property
    def path(self) -> str:
        """The path of the simulation's document; its subcollections lie below it."""
        return f"{SIMULATIONS}/{self.simulation_id}"

    def head_write(self, head: Head) -> Write:
        """Return the write that gives the simulation this head, unless another came first."""
        revision = self.document.revision
        return update(
            SIMULATIONS, self.simulation_id, head.payload(), head.columns(), expected=revision
        )

    def draft(self) -> Draft:
        """Return a new draft of this state, which shares nothing but what `shares` says."""
        state = state_of(self)
        owner = self.simulation_id
        actors: Table[Actor] = Table(ACTORS, owner, self.rows[ACTORS])
        events: Table[Event] = Table(EVENTS, owner, self.rows[EVENTS])
        actions: Table[Action] = Table(ACTIONS, owner, self.rows[ACTIONS])
        return Draft(state, actors, events, actions)

    def computed_hash(self) -> str:
        """Return the hash of what is here; the head says what it should be."""
        return state_hash(self.head, self.parts, self.rows)

    def size(self) -> int:
        """Return the bytes of all live entities and parts: what a full snapshot holds."""
        rows = sum(len(row.payload.data) for table in self.rows.values() for row in table.values())
        return rows + sum(len(part.payload.data) for part in self.parts.values())


def digest_of(kind: str, payload: Payload, value: dict[str, Any]) -> bytes:
    """Return the SHA-256 of an entity's hashed fields."""
    return sha256(hashed_bytes(kind, payload, value)).digest()


def hashed_bytes(kind: str, payload: Payload, value: dict[str, Any]) -> bytes:
    """Return the canonical bytes of an entity's hashed fields."""
    hashed = HASHED_FIELDS[MODELS[kind]]
    if value.keys() <= hashed:
        return payload.data
    kept = {name: item for name, item in value.items() if name in hashed}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def row_of(kind: str, payload: Payload, revision: str | None, status: str, awaiting: bool) -> Row:
    """Return the row of an entity that was read from the store."""
    return Row(payload, digest_of(kind, payload, payload.value()), revision, status, None, awaiting)


def row_of_document(kind: str, document: Document) -> Row:
    """Return the row of an entity's document."""
    columns = document.columns
    if kind == ACTORS:
        status = ACTIVE if columns["active"] else INACTIVE
    else:
        status = str(columns["status"])
    return row_of(
        kind, document.payload, document.revision, status, bool(columns.get("awaiting", False))
    )


def status_of(entity: Actor | Event | Action) -> tuple[str, bool]:
    """Return an entity's (status, whether it awaits approval) as rows hold them."""
    if isinstance(entity, Actor):
        return ACTIVE if entity.active else INACTIVE, False
    return str(entity.status), is_awaiting(entity)


def state_hash(head: Head, parts: dict[str, Part], rows: dict[str, dict[str, Row]]) -> str:
    """Return the hash of a working set; see `scrai.data.hash_state`."""
    digests = {kind: [table[key].digest for key in sorted(table)] for kind, table in rows.items()}
    return hash_state(head, digests, parts["world_state"].digest, parts["environment"].digest)


def state_of(work: Workset) -> SimulationState:
    """Return the simulation's state with its derived lists filled."""
    unread = ("configuration",) if work.shares else ()
    pieces = Pieces(
        {
            name: Unread(part.payload.data) if name in unread else part.value()
            for name, part in work.parts.items()
        },
        {
            ACTORS: work.having(ACTORS, ACTIVE),
            EVENTS: work.having(EVENTS, "pending"),
            ACTIONS: work.having(ACTIONS, "pending"),
        },
    )
    return state_from(work.head, work.told(), pieces)

"""The state of a simulation, put together from its head, its parts and its live entities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from scrai.data._head import PARTS, Head, moment, read_head
from scrai.data._mapping import ACTIONS, ACTORS, EVENTS, LIVE, RETIRED, SIMULATIONS, split_id
from scrai.data._together import together
from scrai.errors import StoreCorruptError
from scrai.models import (
    SCHEMA_VERSION,
    Parent,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
)
from scrai.store import Document, DocumentStore, Query, Where

LISTED: Final = 1000
"""How many ids of each kind the states in a listing hold."""

ENTITY_COUNTS: Final = "entity_counts"
"""Where states in a listing say how many entities there are: a key of metadata, derived."""

_TRIES: Final = 5

LISTS: Final = {
    ACTORS: ("active_actor_ids", Where("active", "==", True)),
    EVENTS: ("pending_event_ids", Where("status", "==", "pending")),
    ACTIONS: ("pending_action_ids", Where("status", "==", "pending")),
}
"""The derived lists of a state, by collection: their field, and which entities they hold."""


@dataclass(slots=True)
class Pieces:
    """What a state is made of besides its head."""

    parts: dict[str, Any]
    ids: dict[str, list[str]]


def state_of_head(simulation_id: str, head: Head, revision: str, pieces: Pieces) -> SimulationState:
    """Return a simulation's state with its derived lists filled."""
    return state_from(head, head_fields(simulation_id, head, revision), pieces)


def head_fields(simulation_id: str, head: Head, revision: str) -> dict[str, Any]:
    """Return the fields of a state that its head alone tells, and that nobody can change in place.

    Parts and lists are there, too, in their places and empty.
    """
    status = SimulationStatus(head.status)
    ended = status is SimulationStatus.COMPLETED
    return {
        "id": simulation_id,
        "name": head.name,
        "description": head.description,
        "status": status,
        "current_phase": SimulationPhase.COMPLETED if ended else SimulationPhase(head.phase),
        "phase_number": head.cycles,
        "created_at": moment(head.created_at),
        "started_at": moment(head.started_at),
        "updated_at": moment(head.updated_at),
        "completed_at": moment(head.completed_at),
        "max_phases": head.max_phases,
        "scenario_module": head.scenario,
        "active_actor_ids": None,
        "pending_event_ids": None,
        "pending_action_ids": None,
        "phase_statistics": None,
        "auto_approve_events": head.auto_approve_events,
        "auto_approve_actions": head.auto_approve_actions,
        "researcher_mode": head.researcher_mode,
        "last_error": head.last_error,
        "error_count": head.error_count,
        "snapshot_count": head.snapshot_count,
        "last_snapshot_at": moment(head.last_snapshot_at),
        "seed": head.seed,
        "revision": revision,
        "parent": Parent(**head.parent) if head.parent else None,
        "step": head.step,
        "cycle_seconds": head.cycle_seconds,
        "epoch": moment(head.epoch),
        "schema_version": SCHEMA_VERSION,
        "configuration": None,
        "world_state": None,
        "environment": None,
        "metadata": None,
    }


def state_from(head: Head, known: dict[str, Any], pieces: Pieces) -> SimulationState:
    """Make a state of what `head_fields` gave and of parts and lists of its own.

    The head keeps the values valid: they are not validated again.
    """
    ids, parts = pieces.ids, pieces.parts
    values = known.copy()
    values["active_actor_ids"] = ids[ACTORS]
    values["pending_event_ids"] = ids[EVENTS]
    values["pending_action_ids"] = ids[ACTIONS]
    values["phase_statistics"] = {k: v.copy() for k, v in head.phase_statistics.items()}
    values |= parts
    if head.log:
        values["metadata"]["phase_log"] = list(head.log)
    state = SimulationState.__new__(SimulationState)
    object.__setattr__(state, "__dict__", values)
    object.__setattr__(state, "__pydantic_fields_set__", set(values))
    object.__setattr__(state, "__pydantic_extra__", None)
    object.__setattr__(state, "__pydantic_private__", None)
    return state


def bare_state(simulation_id: str, head: Head, revision: str = "") -> SimulationState:
    """Return a state without parts and lists: what the head alone knows."""
    pieces = Pieces({name: {} for name in PARTS}, {kind: [] for kind in LISTS})
    return state_of_head(simulation_id, head, revision, pieces)


async def load_state(store: DocumentStore, simulation_id: str) -> SimulationState | None:
    """Return a simulation's committed state with all ids in its lists, or None.

    The head is read again at the end; if it moved meanwhile, everything is.
    """
    document = await store.get(SIMULATIONS, simulation_id)
    for _ in range(_TRIES):
        if document is None:
            return None
        state = await complete(store, document, None)
        again = await store.get(SIMULATIONS, simulation_id)
        if again is not None and again.revision == document.revision and state is not None:
            return state
        document = again
    return state


async def load_listing(
    store: DocumentStore, documents: Sequence[Document]
) -> list[SimulationState]:
    """Return the states of several heads, with at most `LISTED` ids in each list, and counts.

    Heads that moved while the rest was read are loaded again; those that went are left out.
    """
    states = await together(store, *(complete(store, each, LISTED) for each in documents))
    again = await store.get_many(SIMULATIONS, [each.id for each in documents])
    found: list[SimulationState] = []
    for before, after, state in zip(documents, again, states, strict=True):
        moved = after is None or after.revision != before.revision or state is None
        kept = await load_state(store, before.id) if moved else state
        if kept is not None:
            found.append(kept)
    return found


async def complete(
    store: DocumentStore, document: Document, limit: int | None
) -> SimulationState | None:
    """Return the state of a head as read, its parts and lists as they are now.

    None: the simulation is gone meanwhile. One that is being deleted has what is left of it.
    """
    head = read_head(document)
    path = f"{SIMULATIONS}/{document.id}"
    kinds = [kind for kind in LISTS if head.counts.get(kind)]
    parts, *lists = await together(
        store,
        store.get_many(f"{path}/parts", list(PARTS)),
        *(_ids(store, document.id, kind, limit) for kind in kinds),
    )
    if None in parts:
        now = await store.get(SIMULATIONS, document.id)
        if now is None:
            return None
        if not read_head(now).deleting:
            raise StoreCorruptError(f"{path}: the part {PARTS[parts.index(None)]} is missing")
    values = {n: part.value() if part else {} for n, part in zip(PARTS, parts, strict=True)}
    ids: dict[str, list[str]] = {kind: [] for kind in LISTS}
    ids |= dict(zip(kinds, lists, strict=True))
    if limit is not None:
        counts = {name: head.counts.get(name, 0) for name in (*LISTS, RETIRED)}
        values["metadata"] |= {ENTITY_COUNTS: counts}
    return state_of_head(document.id, head, document.revision, Pieces(values, ids))


async def _ids(store: DocumentStore, simulation_id: str, kind: str, limit: int | None) -> list[str]:
    where = (
        Where("simulation_id", "==", simulation_id),
        Where("state", "==", LIVE),
        LISTS[kind][1],
    )
    found = await store.query(Query(kind, where, limit=limit, columns_only=True))
    return [split_id(document.id)[1] for document in found]

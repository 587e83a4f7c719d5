"""A new simulation: its head, its parts, step 0 of its journal and its ledger, in one commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from scrai import __version__, _wall
from scrai.data._head import PARTS, Head, check_texts, head_of
from scrai.data._mapping import KINDS, SIMULATIONS, check_local_id, stamp
from scrai.data._mediation import mediation_of
from scrai.data._minds import check_minds
from scrai.data._money import ledger_write
from scrai.errors import InvalidInputError
from scrai.models import (
    HASH_VERSION,
    SCHEMA_VERSION,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    StepKind,
)
from scrai.store import Column, DocumentStore, Write, create, delete_tree, encode, trusted

VERSIONS: Mapping[str, Any] = {
    "hash": HASH_VERSION,
    "schema": SCHEMA_VERSION,
    "scrai": __version__,
}


def hash_state(
    head: Head, digests: Mapping[str, Sequence[bytes]], world: bytes, environment: bytes
) -> str:
    """Return the hash of a state: live entities, retired ones, world, environment, position.

    Ids and names of the simulation, revisions, status, errors, counts and wall times are left
    out, so that the same inputs give the same hash wherever and however often they are run.

    Args:
        head: position and the digest of retired entities.
        digests: for every collection, the digests of its live entities in id order.
        world, environment: SHA-256 of their canonical bytes.
    """
    total = sha256(b"scrai-state-%d" % HASH_VERSION)
    for kind in KINDS:
        found = digests[kind]
        total.update(len(found).to_bytes(8, "little"))
        total.update(b"".join(found))
    total.update(world)
    total.update(environment)
    position = f"{head.retired_digest}|{head.cycles}|{head.phase}|{head.epoch}|{head.cycle_seconds}"
    total.update(position.encode())
    return total.hexdigest()


async def store_simulation(store: DocumentStore, state: SimulationState) -> None:
    """Create a simulation in the store.

    A command that was sent while an earlier simulation of this id was being deleted may still lie
    there: what has no head is cleared away first.

    Raises:
        AlreadyExistsError: the id is taken.
        InvalidInputError: the state is not that of a new simulation.
    """
    writes = creation_writes(state)
    if await store.get(SIMULATIONS, state.id) is None:
        await delete_tree(store, SIMULATIONS, state.id)
    await store.commit(writes)


def _check_readable(metadata: Mapping[str, Any]) -> None:
    """Find out now about policies and minds that no step could read."""
    mediation_of(metadata)
    check_minds(metadata)


def creation_writes(state: SimulationState) -> list[Write]:
    """Return the writes that create a simulation.

    Raises:
        InvalidInputError: the state is not that of a new simulation.
    """
    check_local_id(state.id, "simulation id")
    fresh = (
        state.status is SimulationStatus.CREATED
        and state.current_phase is SimulationPhase.INITIALIZE
        and state.phase_number == 0
    )
    if not fresh:
        raise InvalidInputError(
            f"simulation {state.id} cannot be created as {state.status.value} at"
            f" {state.current_phase.value}",
            hint="a new simulation is created at initialize; steps move it",
        )
    check_texts(state.name, state.description)
    _check_readable(state.metadata)
    head = head_of(state)
    parts = {name: encode(getattr(state, name)) for name in PARTS}
    digests: dict[str, list[bytes]] = {kind: [] for kind in KINDS}
    world, environment = parts["world_state"], parts["environment"]
    head.hash = hash_state(
        head, digests, sha256(world.data).digest(), sha256(environment.data).digest()
    )
    entry = {
        "step": 0,
        "commit_id": _wall.nonce(8),
        "kind": StepKind.CREATE.value,
        "hash": head.hash,
        "head": head.value(),
        "next_phase": head.phase,
        "patches": {
            f"parts/{name}": {"new": orjson.Fragment(part.data)} for name, part in parts.items()
        },
        "position": head.position(),
        "started_at": stamp(state.created_at),
        "versions": VERSIONS,
    }
    path = f"{SIMULATIONS}/{state.id}"
    columns: dict[str, Column] = {
        "step": 0,
        "kind": StepKind.CREATE.value,
        "cycle": None,
        "phase": None,
    }
    return [
        create(SIMULATIONS, state.id, head.value(), head.columns()),
        *(create(f"{path}/parts", name, part) for name, part in parts.items()),
        # Its parts were checked when they were encoded, and the rest is ours.
        create(
            f"{path}/steps",
            f"{0:010d}",
            trusted(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)),
            columns,
        ),
        ledger_write(state.id),
    ]

"""Branches: a new simulation that continues another from any of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from scrai import _wall
from scrai._words import storable
from scrai.data import (
    KINDS,
    LIVE,
    MAX_NAME_BYTES,
    MODELS,
    SIMULATIONS,
    VERSIONS,
    Head,
    check_local_id,
    check_texts,
    columns_of,
    document_id,
    ledger_write,
    stamp,
)
from scrai.engine._batches import batches
from scrai.engine._claim import claimed
from scrai.engine._commit import step_columns, step_id
from scrai.engine._journal import Journal, StateAt
from scrai.engine._packed import PACKED, copy_packed
from scrai.engine._restore import pack_state
from scrai.engine._snapshots import SnapshotPlan
from scrai.errors import AlreadyExistsError, SimulationEndedError
from scrai.models import SimulationStatus, StepKind, format_time, load_bytes
from scrai.store import MAX_COMMIT, DocumentStore, Write, create, encode, measure

_AT: Final = " at step "


@dataclass(frozen=True, slots=True)
class BranchOptions:
    """What a branch does otherwise than its parent from the fork on.

    Attributes:
        name: default the parent's name and the step.
        seed: default the parent's, so that the branch draws what the parent drew.
        max_phases: default the parent's, or none if the fork is at its end already.
        configuration: values that replace top-level ones of the parent's.
    """

    name: str | None = None
    seed: int | None = None
    max_phases: int | None = None
    configuration: Mapping[str, Any] | None = None


async def branch(
    store: DocumentStore,
    parent_id: str,
    step: int,
    child_id: str,
    options: BranchOptions,
) -> None:
    """Create a branch; the parent is only read.

    Raises:
        HistoryError: the parent has no such step.
        SimulationEndedError: the parent is being deleted.
        AlreadyExistsError: the id is taken.
    """
    check_local_id(child_id, "simulation id")
    journal = Journal(store)
    state = await journal.state_at(parent_id, step)
    parent = await journal.head(parent_id)
    if parent.deleting:
        raise SimulationEndedError(f"simulation {parent_id} is being deleted")
    head = child_head(parent, parent_id, state, options)
    check_texts(head.name, head.description)
    if options.configuration:
        configuration = state.parts["configuration"] | dict(options.configuration)
        state.parts["configuration"] = configuration
    source = f"{SIMULATIONS}/{state.simulation_id}"
    beginning = Beginning(child_id, head, state, _entry(state, parent_id, head), store, source)
    await beginning.write(store)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a simulation begins with that is not new.

    Attributes:
        simulation_id, head: the simulation.
        state, entry: its first state and journal entry; one that has a `snapshot` gets one here.
        store, path: where the simulation lies whose packed values the state refers to.
    """

    simulation_id: str
    head: Head
    state: StateAt
    entry: dict[str, Any]
    store: DocumentStore
    path: str

    async def write(self, target: DocumentStore) -> None:
        """Make the simulation in a store: in one commit where that has room for all of it.

        Raises:
            AlreadyExistsError: there is such a simulation, or somebody is making or deleting it.
        """
        snapshot = SnapshotPlan(pack_state(self.state))
        head = create(SIMULATIONS, self.simulation_id, self.head.value(), self.head.columns())
        if snapshot.inline and PACKED not in self.state.parts["metadata"]:
            writes = [head, *await self._writes(target, snapshot)]
            if measure(writes) <= MAX_COMMIT:
                with suppress(AlreadyExistsError):  # it may be what is left of a dead maker
                    await target.commit(writes)
                    return
        async with claimed(target, self.simulation_id, self.head) as claim:
            for batch in batches(await self._writes(target, snapshot)):
                await claim.commit(batch)
            await claim.finish(self.head)

    async def _writes(self, target: DocumentStore, snapshot: SnapshotPlan) -> list[Write]:
        """Upload what is in chunks; return the writes of all the rest but the head."""
        path = f"{SIMULATIONS}/{self.simulation_id}"
        if "snapshot" in self.entry:
            self.entry["snapshot"] = await snapshot.upload(target, f"{path}/blobs")
        await copy_packed(self.store, self.path, self.state.parts["metadata"], target, path)
        return seed_writes(self.simulation_id, self.state, self.entry, snapshot)


def seed_writes(
    simulation_id: str, state: StateAt, entry: Mapping[str, Any], snapshot: SnapshotPlan
) -> list[Write]:
    """Return the writes beside the head that make a simulation begin with a state and an entry."""
    path = f"{SIMULATIONS}/{simulation_id}"
    step = entry["step"]
    writes = [
        create(f"{path}/steps", step_id(step), entry, step_columns(entry)),
        *(create(f"{path}/parts", name, encode(value)) for name, value in state.parts.items()),
        ledger_write(simulation_id),
        *_entities(state, simulation_id),
    ]
    if "snapshot" in entry:
        writes.append(snapshot.manifest(f"{path}/snapshots", step, entry["snapshot"]))
    return writes


def child_head(parent: Head, parent_id: str, state: StateAt, options: BranchOptions) -> Head:
    """Return the head of a branch at its fork."""
    position, wall = state.entry["position"], format_time(_wall.now())
    ended = parent.max_phases is not None and position["cycles"] >= parent.max_phases
    begun = state.step > 0
    running = SimulationStatus.RUNNING if begun else SimulationStatus.CREATED
    return replace(
        parent,
        name=options.name or _name(parent.name, state.step),
        seed=parent.seed if options.seed is None else options.seed,
        max_phases=options.max_phases or (None if ended else parent.max_phases),
        status=running.value,
        phase=position["phase"],
        cycles=position["cycles"],
        step=state.step,
        passes=position["passes"],
        redo_until=position["redo_until"],
        retired_digest=position["retired_digest"],
        hash=state.entry["hash"],
        counts={kind: len(state.entities[kind]) for kind in KINDS}
        | {"retired": position.get("retired", 0)},
        parent={"simulation_id": parent_id, "step": state.step},
        fork={
            "cycle": position["cycles"] + 1,
            "passes": position["passes"],
            "step": state.step,
        },
        created_at=wall,
        updated_at=wall,
        started_at=wall if begun else None,
        completed_at=None,
        last_error=None,
        error_count=0,
        tries=0,
        snapshot_step=state.step,
        patch_bytes=0,
        phase_statistics={},
        log=[line for line in parent.log if line["step"] <= state.step],
        lease=None,
        sweep=None,
    )


def _name(parent: str, step: int) -> str:
    """Return a branch's name: its parent's, without where that branched itself, and the step."""
    return f"{storable(parent.partition(_AT)[0], MAX_NAME_BYTES // 2)}{_AT}{step}"


def _entry(state: StateAt, parent_id: str, head: Head) -> dict[str, Any]:
    return {
        "step": state.step,
        "commit_id": _wall.nonce(8),
        "kind": StepKind.FORK.value,
        "phase": state.entry.get("phase"),
        "cycle": state.entry.get("cycle", 0),
        "passes": 0,
        "next_phase": head.phase,
        "head": head.value(),
        "hash": state.entry["hash"],
        "notes": [f"branched from {parent_id} at step {state.step}"],
        "started_at": stamp(_wall.now()),
        "versions": VERSIONS,
        "position": head.position(),
        "snapshot": {},
    }


def _entities(state: StateAt, child_id: str) -> list[Write]:
    writes = []
    for kind, table in state.entities.items():
        for key, value in sorted(table.items()):
            payload = encode(value)
            entity = load_bytes(MODELS[kind], payload.data)
            entity.__dict__["simulation_id"] = child_id
            columns = columns_of(entity, state=LIVE, step=state.step)
            writes.append(create(kind, document_id(child_id, key), payload, columns))
    return writes

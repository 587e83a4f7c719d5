"""Turning a finished draft into the one commit of a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import orjson

from scrai import _wall
from scrai._words import plural, storable
from scrai.data import (
    ACTIONS,
    EVENTS,
    MAX_HEAD_BYTES,
    SIMULATIONS,
    VERSIONS,
    Head,
    document_id,
    inbox_value,
    stamp,
)
from scrai.engine._changes import Changes, collect, fold, kinds_created
from scrai.engine._draft import Draft
from scrai.engine._packed import Vault
from scrai.engine._snapshots import SnapshotPlan, plan_snapshot
from scrai.engine._workset import Workset, state_hash
from scrai.errors import (
    AlreadyExistsError,
    InvalidDocumentError,
    InvalidInputError,
    ReferenceMissingError,
)
from scrai.models import (
    Command,
    CostRecord,
    SimulationPhase,
    SimulationStatus,
    StepKind,
)
from scrai.store import (
    DocumentStore,
    Payload,
    Write,
    commit_step,
    create,
    delete,
    prepare,
    put_blob,
    trusted,
    update,
)

INLINE_PATCHES: Final = 200_000
NOTE_BYTES: Final = 500
NOTES_BYTES: Final = 128 * 1024
LOGGED_NOTES: Final = 2
LOGGED_BYTES: Final = 100


@dataclass(slots=True)
class StepPlan:
    """What a step is, besides the changes of its draft.

    Attributes:
        kind: phase, commands or control.
        phase: the phase at work.
        next_phase: where the simulation goes; Snapshot's successor closes the cycle.
        passes: earlier committed executions of this phase in this cycle.
        notes: lines for the journal.
        commands: what was taken from the inbox.
        metrics, costs: what the phase measured and spent.
        forced: the phase was asked for out of order.
        failure: the error that this (control) step records.
        hold_lease: keep our lease in the head.
        vault: packed values and tables to be uploaded.
        settles: writes that settle what the phase's calls to models did cost.
    """

    kind: StepKind
    phase: SimulationPhase
    next_phase: SimulationPhase
    passes: int = 0
    notes: list[str] = field(default_factory=list)
    commands: Sequence[Command] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    costs: Sequence[CostRecord] = ()
    forced: bool = False
    failure: str | None = None
    hold_lease: Callable[[Head], None] | None = None
    vault: Vault | None = None
    settles: Sequence[Write] = ()
    keep_notes: bool = True
    log_window: int = 10
    started_at: datetime = field(default_factory=_wall.now)
    begun: float = field(default_factory=_wall.seconds)

    @property
    def closes_cycle(self) -> bool:
        """Whether the commit of this step ends a cycle."""
        return self.kind is StepKind.PHASE and (
            self.phase is SimulationPhase.SNAPSHOT and self.next_phase is not self.phase
        )


@dataclass(slots=True)
class Committed:
    """What a commit made: the changes, the hash, and the journal entry as written."""

    changes: Changes
    hash: str
    entry: dict[str, Any]
    duration_ms: float


async def commit(
    store: DocumentStore,
    work: Workset,
    draft: Draft,
    plan: StepPlan,
    probe: Callable[[str], None],
) -> Committed:
    """Commit a step and bring the working set up to it.

    Raises:
        ModelError, InvalidInputError, InvalidDocumentError: the draft is not a valid state.
        ConflictError: somebody else's commit came first.
    """
    changes = collect(draft, work, work.head.step + 1)
    await _check_elsewhere(store, work, changes)
    head = next_head(work, draft, plan, changes)
    rows = {kind: _merged(work.rows[kind], changes.rows.get(kind)) for kind in work.rows}
    parts = work.parts | changes.parts
    head.counts = head.counts | {kind: len(table) for kind, table in rows.items()}
    head.hash = state_hash(head, parts, rows)
    entry = _entry(work, head, plan, changes)
    head.patch_bytes += await _upload_patches(store, work, entry, changes, probe)
    if plan.vault is not None:
        await plan.vault.upload(entry, probe)
    snapshot = plan_snapshot(head, parts, rows, closes_cycle=plan.closes_cycle)
    if snapshot is not None:
        if snapshot.physical and not snapshot.inline:
            probe("in_upload")
        await _note_snapshot(store, work, entry, head, snapshot)
    duration = (_wall.seconds() - plan.begun) * 1000
    entry["duration_ms"] = round(duration, 3)
    _count_phase(head, plan, duration)
    payload = _head_payload(work, head)
    probe("before_commit")
    await _send(store, work, head, payload, entry, changes, plan, snapshot)
    probe("after_commit")
    work.rows, work.parts = rows, parts
    if plan.vault is not None:
        plan.vault.keep(draft.state.metadata)
    taken = {command.id for command in plan.commands}
    work.inbox = [command for command in work.inbox if command.id not in taken]
    return Committed(changes, head.hash, entry, duration)


async def examine(store: DocumentStore, work: Workset, draft: Draft) -> None:
    """Raise what a commit of this draft would raise for its content."""
    changes = collect(draft, work, work.head.step + 1)
    await _check_elsewhere(store, work, changes)
    prepare(changes.writes)
    await _check_new_ids(store, work, changes)


async def _check_new_ids(store: DocumentStore, work: Workset, changes: Changes) -> None:
    """Raise InvalidInputError if a new entity has the id of a retired one.

    If the head has moved, a rival ran the same phase and made the same entities: then the
    conflict is the truth, and not the ids.
    """
    head = await store.get(SIMULATIONS, work.simulation_id)
    if head is None or head.revision != work.document.revision:
        return
    for kind, keys in changes.created.items():
        found = await store.get_many(kind, [document_id(work.simulation_id, key) for key in keys])
        taken = [key for key, document in zip(keys, found, strict=True) if document is not None]
        if taken:
            raise InvalidInputError(
                f"{kind[:-1]} {', '.join(taken[:3])} existed before and is finished",
                hint="ids are never used twice; context.new_id makes fresh ones",
            )


def next_head(work: Workset, draft: Draft, plan: StepPlan, changes: Changes) -> Head:
    """Return the head after a step."""
    state, old = draft.state, work.head
    wall = stamp(plan.started_at) or ""
    head = old.copy()
    for name in _FROM_STATE:
        setattr(head, name, getattr(state, name))
    head.status = str(state.status)
    head.phase = str(plan.next_phase)
    head.step = old.step + 1
    head.updated_at = wall
    head.retired_digest = fold(old.retired_digest, changes.retired)
    head.counts = dict(old.counts)
    head.lease = None
    head.passes = dict(old.passes)
    head.phase_statistics = {key: dict(value) for key, value in old.phase_statistics.items()}
    if old.lease is not None and plan.hold_lease is not None:
        head.lease = old.lease
    if plan.hold_lease is not None:
        plan.hold_lease(head)
    head.counts["retired"] = old.counts.get("retired", 0) + len(changes.retired)
    _move(head, old, plan, draft, wall)
    return head


_FROM_STATE: Final = (
    "auto_approve_actions",
    "auto_approve_events",
    "description",
    "error_count",
    "last_error",
    "max_phases",
    "name",
    "researcher_mode",
)


def _move(head: Head, old: Head, plan: StepPlan, draft: Draft, wall: str) -> None:
    if plan.kind is StepKind.PHASE:
        head.passes[plan.phase.value] = plan.passes + 1
        head.tries = 0
        head.last_error = None
    elif plan.failure is not None:
        head.tries = old.tries + 1
    if plan.closes_cycle:
        head.cycles = old.cycles + 1
        head.snapshot_count += 1
        head.last_snapshot_at = wall
    elif plan.kind is StepKind.COMMANDS:
        head.cycles = draft.state.phase_number
    if head.cycles != old.cycles:
        head.passes = {}
        if head.max_phases is not None and head.cycles >= head.max_phases:
            head.status = SimulationStatus.COMPLETED.value
    running = head.status == SimulationStatus.RUNNING.value
    if running and head.started_at is None:
        head.started_at = wall
    if head.status == SimulationStatus.COMPLETED.value and old.completed_at is None:
        head.completed_at = wall
    if old.status == SimulationStatus.ERROR.value and running:
        head.tries = 0
    _log(head, old, plan)


def _log(head: Head, old: Head, plan: StepPlan) -> None:
    if not plan.keep_notes or plan.kind is not StepKind.PHASE:
        return
    line = {
        "cycle": old.cycles + 1,
        "notes": [storable(note, LOGGED_BYTES) for note in plan.notes[:LOGGED_NOTES]],
        "phase": str(plan.phase),
        "step": head.step,
    }
    head.log = [*old.log, line][-plan.log_window :] if plan.log_window else []


def _merged(old: dict[str, Any], changed: dict[str, Any] | None) -> dict[str, Any]:
    if not changed:
        return old
    merged = old | changed
    for key, row in changed.items():
        if row is None:
            del merged[key]
    return merged


async def _check_elsewhere(store: DocumentStore, work: Workset, changes: Changes) -> None:
    """Prove that references to events and actions which are not live lead to retired ones."""
    if not changes.elsewhere:
        return
    for kind in (EVENTS, ACTIONS):
        keys = sorted({key for found, key in changes.elsewhere if found == kind})
        if not keys:
            continue
        ids = [document_id(work.simulation_id, key) for key in keys]
        found = await store.get_many(kind, ids)
        absent = [key for key, document in zip(keys, found, strict=True) if document is None]
        if absent:
            raise ReferenceMissingError(f"there is no {kind[:-1]} {', '.join(absent)}")


def _entry(work: Workset, head: Head, plan: StepPlan, changes: Changes) -> dict[str, Any]:
    events, actions = kinds_created(changes)
    entry: dict[str, Any] = {
        "step": head.step,
        "commit_id": _wall.nonce(8),
        "kind": str(plan.kind),
        "phase": str(plan.phase),
        "cycle": work.head.cycles + 1,
        "passes": plan.passes,
        "next_phase": str(plan.next_phase),
        "hash": head.hash,
        "patches": changes.patches,
        "started_at": stamp(plan.started_at),
        "versions": VERSIONS,
        "position": head.position(),
        "commands": [inbox_value(item) | {"id": item.id} for item in plan.commands],
        "notes": _noted(plan.notes) if plan.keep_notes else [],
        "generated_event_ids": events,
        "generated_action_ids": actions,
        "metrics": plan.metrics,
        "forced": plan.forced,
        "failure": plan.failure,
        "status": head.status if head.status != work.head.status else None,
    }
    return {key: value for key, value in entry.items() if value or key in _KEPT}


_KEPT: Final = frozenset({"passes", "step"})


def _noted(notes: Sequence[str]) -> list[str]:
    """Return the notes as the journal keeps them; what is too much for an entry is counted."""
    kept: list[str] = []
    size = 0
    for note in notes:
        text = storable(note, NOTE_BYTES)
        size += len(text.encode())
        if size > NOTES_BYTES:
            return [*kept, f"... and {plural(len(notes) - len(kept), 'more note')}"]
        kept.append(text)
    return kept


async def _upload_patches(
    store: DocumentStore,
    work: Workset,
    entry: dict[str, Any],
    changes: Changes,
    probe: Callable[[str], None],
) -> int:
    """Encode the patches; move large ones into a blob, so that journal entries stay small."""
    found = entry.get("patches")
    if not found:
        return 0
    patches = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    if len(patches) > INLINE_PATCHES:
        ref = await put_blob(store, f"{work.path}/blobs", patches)
        probe("in_upload")
        entry["patches"] = {"blob": ref.value()}
    else:
        changes.inline = patches
    return len(patches)


async def _note_snapshot(
    store: DocumentStore, work: Workset, entry: dict[str, Any], head: Head, plan: SnapshotPlan
) -> None:
    entry["snapshot"] = await plan.upload(store, f"{work.path}/blobs")
    if plan.physical:
        head.snapshot_step = head.step
        head.patch_bytes = 0


def _count_phase(head: Head, plan: StepPlan, duration: float) -> None:
    if plan.kind is not StepKind.PHASE:
        return
    line = head.phase_statistics.setdefault(plan.phase.value, {"count": 0, "total_ms": 0.0})
    line["count"] += 1
    line["total_ms"] = round(line["total_ms"] + duration, 3)


def _head_payload(work: Workset, head: Head) -> Payload:
    payload = head.payload()
    while len(payload.data) > MAX_HEAD_BYTES and head.log:
        head.log = head.log[1:]  # a window on the journal, which has it all
        payload = head.payload()
    if len(payload.data) > MAX_HEAD_BYTES:
        raise InvalidInputError(
            f"the head of simulation {work.simulation_id} would have {len(payload.data)} bytes,"
            f" over {MAX_HEAD_BYTES}",
            hint="shorten its name or description; put data into metadata or world_state",
        )
    return payload


async def _send(
    store: DocumentStore,
    work: Workset,
    head: Head,
    payload: Payload,
    entry: dict[str, Any],
    changes: Changes,
    plan: StepPlan,
    snapshot: SnapshotPlan | None,
) -> None:
    expected = work.document.revision
    columns = head.columns()
    head_write = update(SIMULATIONS, work.simulation_id, payload, columns, expected=expected)
    step_write = create(
        f"{work.path}/steps", step_id(head.step), _sealed(entry, changes), step_columns(entry)
    )
    rest: list[Write] = [
        *changes.writes,
        *(delete(f"{work.path}/inbox", command.id) for command in plan.commands),
        *cost_writes(work.path, head.step, plan.costs),
        *plan.settles,
    ]
    if snapshot is not None and snapshot.physical:
        rest.append(snapshot.manifest(f"{work.path}/snapshots", head.step, entry["snapshot"]))
    try:
        result = await commit_step(
            store,
            head=head_write,
            step=step_write,
            writes=rest,
            commit_id=entry["commit_id"],
            after=work.head.step,
        )
    except AlreadyExistsError:
        await _check_new_ids(store, work, changes)
        raise
    for slot, revision in zip(changes.slots, result.revisions[2:], strict=False):
        if slot is not None:
            slot.revision = revision
    work.head = head
    work.document = replace(
        work.document, payload=payload, columns=columns, revision=result.revisions[0] or ""
    )


def _sealed(entry: dict[str, Any], changes: Changes) -> Payload:
    """Encode a journal entry. Its parts were checked when they were encoded themselves."""
    if changes.inline:
        entry = entry | {"patches": orjson.Fragment(changes.inline)}
    try:
        return trusted(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS))
    except TypeError as problem:
        raise InvalidDocumentError(f"the journal entry cannot be written: {problem}") from problem


def step_id(number: int) -> str:
    """Return the document id of a step: zero-padded, so that ids sort as numbers do."""
    return f"{number:010d}"


def step_columns(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the indexed columns of a journal entry."""
    return {name: entry.get(name) for name in ("step", "kind", "cycle", "phase")}


def cost_writes(path: str, step: int, costs: Sequence[CostRecord]) -> list[Write]:
    """Return the writes of a step's cost records."""
    writes = []
    for index, cost in enumerate(costs):
        value = cost.model_dump(mode="json") | {"step": step}
        columns = {
            "step": step,
            "cycle": cost.cycle,
            "phase": cost.phase.value,
            "actor": cost.actor_id,
            "model": cost.model,
        }
        writes.append(create(f"{path}/costs", f"{step_id(step)}-{index:05d}", value, columns))
    return writes

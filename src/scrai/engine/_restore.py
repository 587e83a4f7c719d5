"""Restore: stand again where the simulation stood after an earlier step.

Nothing is truncated: a restore is a step of its own. Its commit puts the live entities back;
retired entities of the abandoned steps are swept afterwards, in batches that a crash cannot
lose, because the head says how far back to sweep until it is done.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from scrai import _wall
from scrai.data import (
    KINDS,
    LIVE,
    MODELS,
    PARTS,
    RETIRED,
    VERSIONS,
    Head,
    columns_of,
    document_id,
    stamp,
)
from scrai.engine._batches import batches, commit_fenced
from scrai.engine._commit import step_columns, step_id
from scrai.engine._draft import Row
from scrai.engine._journal import TERMINAL, Journal, Segment, StateAt, apply_patches
from scrai.engine._snapshots import SnapshotPlan
from scrai.engine._workset import Part, Workset
from scrai.errors import (
    ChangeSetTooLargeError,
    DivergenceError,
    HistoryError,
    SimulationEndedError,
)
from scrai.models import SimulationStatus, StepKind, format_time, load_bytes
from scrai.store import (
    MAX_COMMIT,
    DocumentStore,
    Write,
    commit_step,
    create,
    delete,
    encode,
    measure,
    update,
    upsert,
)

MOST: Final = MAX_COMMIT - 256 * 1024
"""Bytes of entities and parts in one restore: head, entry and a small snapshot lie beside them."""


@dataclass(slots=True)
class Restoration:
    """What a restore changes: writes of live entities, and of retired ones still to be swept."""

    live: list[Write]
    swept: list[Write]


async def restore(store: DocumentStore, work: Workset, step: int) -> dict[str, Any]:
    """Commit a step that brings back the state after `step`; return its journal entry.

    Raises:
        HistoryError: there is no such step here.
        SimulationEndedError: the simulation is completed.
        ChangeSetTooLargeError: it changes more than one commit holds; nothing was written.
        ConflictError: somebody else's commit came first.
    """
    head = work.head
    if head.status == SimulationStatus.COMPLETED.value:
        raise SimulationEndedError(
            f"simulation {work.simulation_id} is completed", hint="branch it from that step"
        )
    journal = Journal(store)
    target = await journal.state_at(work.simulation_id, step)
    if target.simulation_id != work.simulation_id:
        raise HistoryError(
            f"step {step} belongs to {target.simulation_id}, of which this is a branch",
            hint=f"branch {target.simulation_id} at that step instead",
        )
    written = target.entry["versions"]
    comparable = all(written[name] == VERSIONS[name] for name in ("hash", "schema"))
    if comparable and target.hash(head) != target.entry["hash"]:
        raise DivergenceError(f"step {step} of {work.simulation_id} does not give its own hash")
    changes = await _difference(journal, work, target)
    return await _commit(store, work, target, changes)


async def _commit(
    store: DocumentStore, work: Workset, target: StateAt, changes: Restoration
) -> dict[str, Any]:
    head = restored_head(work, target)
    parts = [
        update(f"{work.path}/parts", name, encode(target.parts[name]))
        for name in PARTS
        if encode(target.parts[name]).data != work.parts[name].payload.data
    ]
    in_one = _fits(work, target, [*changes.live, *parts], changes.swept)
    if not in_one:
        head.sweep = [target.step, work.head.step]
    entry = _entry(work, target, head.step, head.position())
    snapshot = SnapshotPlan(pack_state(target))
    entry["snapshot"] = await snapshot.upload(store, f"{work.path}/blobs")
    head.snapshot_step, head.patch_bytes = head.step, 0
    await commit_step(
        store,
        head=work.head_write(head),
        step=create(f"{work.path}/steps", step_id(head.step), entry, step_columns(entry)),
        writes=[
            *changes.live,
            *parts,
            snapshot.manifest(f"{work.path}/snapshots", head.step, entry["snapshot"]),
            *(changes.swept if in_one else []),
        ],
        commit_id=entry["commit_id"],
    )
    return entry


def _fits(work: Workset, target: StateAt, at_once: list[Write], swept: list[Write]) -> bool:
    """Return whether what is swept has room beside what is to be written at once.

    Raises:
        ChangeSetTooLargeError: even without it there is too much.
    """
    size = measure(at_once)
    if size > MOST:
        name, step = work.simulation_id, target.step
        raise ChangeSetTooLargeError(
            f"to restore step {step} would change {size:,} bytes of simulation {name} at once;"
            f" {MOST:,} are allowed",
            hint=f"scrai simulation branch {name} --at-step {step} goes on from there",
        )
    return len(batches(swept)) <= 1 and size + measure(swept) <= MOST


def restored_head(work: Workset, target: StateAt) -> Head:
    """Return the head after a restore: the old position, fresh passes, the same history."""
    old, position = work.head, target.entry["position"]
    paused = old.status == SimulationStatus.PAUSED.value
    return replace(
        old,
        status=(SimulationStatus.PAUSED if paused else SimulationStatus.RUNNING).value,
        phase=position["phase"],
        cycles=position["cycles"],
        retired_digest=position["retired_digest"],
        hash=target.entry["hash"],
        step=old.step + 1,
        updated_at=format_time(_wall.now()),
        redo_until=max(old.redo_until, old.cycles + 1),
        passes={},
        counts={kind: len(target.entities[kind]) for kind in KINDS}
        | {"retired": position.get("retired", 0)},
        last_error=None,
        tries=0,
        lease=None,
    )


def _entry(
    work: Workset, target: StateAt, step: int, position: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "step": step,
        "commit_id": _wall.nonce(8),
        "kind": StepKind.RESTORE.value,
        "cycle": target.entry.get("cycle", position["cycles"] + 1),
        "passes": 0,
        "next_phase": position["phase"],
        "hash": target.entry["hash"],
        "notes": [f"restored step {target.step}"],
        "target": {"step": target.step},
        "started_at": stamp(_wall.now()),
        "versions": VERSIONS,
        "position": position,
    }


def pack_state(state: StateAt) -> bytes:
    """Return a full state as a physical snapshot holds it."""
    from scrai.engine._snapshots import pack

    rows = {
        kind: {key: Row(encode(value), b"", None) for key, value in table.items()}
        for kind, table in state.entities.items()
    }
    parts = {name: Part(encode(value)) for name, value in state.parts.items()}
    return pack(parts, rows)


async def _difference(journal: Journal, work: Workset, target: StateAt) -> Restoration:
    """Return the writes between the present entities and those of the target's line."""
    here = await journal.line(work.simulation_id, work.head.step)
    there = await journal.line(work.simulation_id, target.step)
    fork = common_step(here, there)
    touched = await _touched(journal, here, fork)
    on_target = await _contents(journal, work.simulation_id, there, fork)
    for kind, table in target.entities.items():
        on_target |= {f"{kind}/{key}": value for key, value in table.items()}
        touched |= {
            f"{kind}/{key}"
            for key, value in table.items()
            if _payload(work, kind, key) != encode(value).data
        }
    touched |= {key for key in on_target if key not in _present(work, target)}
    result = Restoration([], [])
    for key in sorted(touched):
        kind, _, name = key.partition("/")
        write = _write(work, kind, name, on_target.get(key), work.head.step + 1)
        is_live = name in work.rows[kind] or name in target.entities[kind]
        (result.live if is_live else result.swept).append(write)
    return result


def _present(work: Workset, target: StateAt) -> set[str]:
    """Return the keys that need no write unless something touched them since."""
    live = {f"{kind}/{key}" for kind in KINDS for key in target.entities[kind]}
    return live & {f"{kind}/{key}" for kind in KINDS for key in work.rows[kind]}


def _payload(work: Workset, kind: str, key: str) -> bytes | None:
    row = work.rows[kind].get(key)
    return row.payload.data if row else None


def _write(work: Workset, kind: str, name: str, value: dict[str, Any] | None, step: int) -> Write:
    key = document_id(work.simulation_id, name)
    if value is None:
        return delete(kind, key)
    payload = encode(value)
    entity = load_bytes(MODELS[kind], payload.data)
    entity.__dict__["simulation_id"] = work.simulation_id
    state = RETIRED if value.get("status") in TERMINAL[kind] else LIVE
    return upsert(kind, key, payload, columns_of(entity, state=state, step=step))


def common_step(here: list[Segment], there: list[Segment]) -> int:
    """Return the last step that two lines share."""
    shared = -1
    for one, other in zip(here, there, strict=False):
        if one.simulation_id != other.simulation_id or one.first != other.first:
            break
        shared = min(one.last, other.last)
        if one.last != other.last:
            break
    return shared


def _after(segments: list[Segment], step: int, simulation_id: str) -> list[Segment]:
    """Return the parts of a line that lie after its `step`."""
    found = []
    passed = False
    for segment in segments:
        if segment.simulation_id != simulation_id:
            continue
        if passed:
            found.append(segment)
        elif segment.first <= step <= segment.last:
            passed = True
            if step < segment.last:
                found.append(Segment(simulation_id, step + 1, segment.last))
    return found


async def _touched(journal: Journal, line: list[Segment], step: int) -> set[str]:
    """Return the keys of all entities that a line changed after `step`."""
    keys: set[str] = set()
    for segment in _after(line, step, line[-1].simulation_id):
        async for entry in journal.entries(segment):
            patches = await journal.patches(entry)
            keys |= {key for key in patches if not key.startswith("parts/")}
    return keys


async def _contents(
    journal: Journal, simulation_id: str, line: list[Segment], step: int
) -> dict[str, Any]:
    """Return what the entities that a line touched after `step` are at its end, retired or not."""
    after = _after(line, step, simulation_id)
    if not after:
        return {}
    base = await journal.state_at(simulation_id, step)
    tables: dict[str, dict[str, Any]] = copy.deepcopy(base.entities) | {"parts": base.parts}
    keys: set[str] = set()
    for segment in after:
        async for entry in journal.entries(segment):
            patches = await journal.patches(entry)
            apply_patches(tables, patches)
            keys |= patches.keys()
    found = {}
    for key in keys:
        kind, _, name = key.partition("/")
        if kind != "parts" and name in tables[kind]:
            found[key] = tables[kind][name]
    return found


async def finish_sweep(store: DocumentStore, work: Workset) -> bool:
    """Carry out a sweep that a restore left to do; return whether there was one."""
    if work.head.sweep is None:
        return False
    target_step, old_step = work.head.sweep
    journal = Journal(store)
    here = await journal.line(work.simulation_id, old_step)
    there = await journal.line(work.simulation_id, target_step)
    fork = common_step(here, there)
    touched = await _touched(journal, here, fork)
    on_target = await _contents(journal, work.simulation_id, there, fork)
    live = {f"{kind}/{key}" for kind in KINDS for key in work.rows[kind]}
    doomed = sorted((touched | on_target.keys()) - live)
    writes = []
    for key in doomed:
        kind, _, name = key.partition("/")
        writes.append(_write(work, kind, name, on_target.get(key), work.head.step))
    for batch in batches(writes):
        await commit_fenced(store, work, work.head, batch)
    await commit_fenced(store, work, replace(work.head, sweep=None), [])
    return True

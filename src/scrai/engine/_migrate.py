"""Opening a simulation that an older version wrote: its live entities are brought up to date.

The migration is a step of its own, with a full snapshot, so that patches are only ever replayed
within one schema version.
"""

from __future__ import annotations

from typing import Any

from scrai import _wall
from scrai.data import (
    KINDS,
    LIVE,
    MODELS,
    VERSIONS,
    columns_of,
    document_id,
)
from scrai.engine._draft import Row
from scrai.engine._snapshots import SnapshotPlan, pack
from scrai.engine._workset import Workset, digest_of, state_hash, status_of
from scrai.models import (
    SCHEMA_VERSION,
    StepKind,
    check_schema,
    format_time,
    from_stored,
    to_stored,
)
from scrai.store import DocumentStore, Write, commit_step, create, encode, update


def is_outdated(work: Workset) -> bool:
    """Return whether a simulation was written under an older schema.

    Raises:
        StoreSchemaError: it was written under a newer one.
    """
    check_schema(work.head.schema_version, f"simulation {work.simulation_id}")
    return work.head.schema_version < SCHEMA_VERSION


def migrated(kind: str, value: dict[str, Any], version: int) -> dict[str, Any]:
    """Return an entity's stored object under the present schema."""
    if version == SCHEMA_VERSION:
        return value
    return to_stored(from_stored(MODELS[kind], value, version))


async def migrate(store: DocumentStore, work: Workset) -> None:
    """Commit the step that brings a simulation to the present schema.

    The working set is stale afterwards and must be loaded again.
    """
    head = work.head.copy()
    writes: list[Write] = []
    rows: dict[str, dict[str, Row]] = {kind: {} for kind in KINDS}
    for kind in KINDS:
        for key, old in work.rows[kind].items():
            value = migrated(kind, old.payload.value(), head.schema_version)
            entity = from_stored(MODELS[kind], value, SCHEMA_VERSION)
            entity.__dict__["simulation_id"] = work.simulation_id
            payload = encode(value)
            status, awaiting = status_of(entity)
            digest = digest_of(kind, payload, value)
            rows[kind][key] = Row(payload, digest, None, status, None, awaiting)
            columns = columns_of(entity, state=LIVE, step=head.step + 1)
            writes.append(update(kind, document_id(work.simulation_id, key), payload, columns))
    before = head.schema_version
    head.schema_version = SCHEMA_VERSION
    head.step += 1
    head.hash = state_hash(head, work.parts, rows)
    head.snapshot_step, head.patch_bytes = head.step, 0
    entry: dict[str, Any] = {
        "step": head.step,
        "commit_id": _wall.nonce(8),
        "kind": StepKind.MIGRATE.value,
        "cycle": head.cycles + 1,
        "next_phase": head.phase,
        "hash": head.hash,
        "notes": [f"schema {before} to {SCHEMA_VERSION}"],
        "started_at": format_time(_wall.now()),
        "versions": VERSIONS,
        "position": head.position(),
    }
    snapshot = SnapshotPlan(pack(work.parts, rows))
    entry["snapshot"] = await snapshot.upload(store, f"{work.path}/blobs")
    writes.append(snapshot.manifest(f"{work.path}/snapshots", head.step, entry["snapshot"]))
    columns = {name: entry.get(name) for name in ("step", "kind", "cycle", "phase")}
    await commit_step(
        store,
        head=work.head_write(head),
        step=create(f"{work.path}/steps", f"{head.step:010d}", entry, columns),
        writes=writes,
        commit_id=entry["commit_id"],
    )

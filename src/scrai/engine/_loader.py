"""Loading a simulation in two waves of concurrent reads."""

from __future__ import annotations

from scrai.data import (
    KINDS,
    LIVE,
    PARTS,
    SIMULATIONS,
    missing,
    read_head,
    read_inbox,
    split_id,
    together,
)
from scrai.engine._workset import Part, Workset, row_of_document
from scrai.errors import StoreCorruptError
from scrai.store import Document, DocumentStore, Query, Where


async def load(store: DocumentStore, simulation_id: str) -> Workset:
    """Read a simulation: first head, parts and inbox, then its live entities.

    The rows may be newer than the head if another worker commits in between; the commit is
    fenced by the head's revision, so that such a mixture is never written.

    Raises:
        SimulationMissingError: there is none of that id.
    """
    path = f"{SIMULATIONS}/{simulation_id}"
    document, parts, inbox = await together(
        store,
        store.get(SIMULATIONS, simulation_id),
        store.get_many(f"{path}/parts", list(PARTS)),
        read_inbox(store, simulation_id),
    )
    if document is None:
        raise missing(simulation_id)
    work = Workset(simulation_id, read_head(document), document, inbox=inbox)
    for name, part in zip(PARTS, parts, strict=True):
        if part is None:
            raise StoreCorruptError(f"{path}: the part {name} is missing")
        work.parts[name] = Part(part.payload, part.revision)
    tables = await together(store, *(_live(store, simulation_id, kind) for kind in KINDS))
    for kind, documents in zip(KINDS, tables, strict=True):
        work.rows[kind] = {
            split_id(found.id)[1]: row_of_document(kind, found) for found in documents
        }
    return work


async def refresh(store: DocumentStore, work: Workset) -> bool:
    """Read head and inbox again; return whether the working set still stands."""
    document, inbox = await together(
        store,
        store.get(SIMULATIONS, work.simulation_id),
        read_inbox(store, work.simulation_id),
    )
    if document is None:
        raise missing(work.simulation_id)
    work.inbox = inbox
    if document.revision != work.document.revision:
        return False
    work.document = document
    return True


async def _live(store: DocumentStore, simulation_id: str, kind: str) -> list[Document]:
    return await store.query(
        Query(kind, (Where("simulation_id", "==", simulation_id), Where("state", "==", LIVE)))
    )

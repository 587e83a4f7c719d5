"""Loading a simulation in two waves of concurrent reads."""

from __future__ import annotations

from scrai.data import (
    KINDS,
    LIVE,
    PARTS,
    SIMULATIONS,
    missing,
    not_whole,
    read_head,
    read_inbox,
    split_id,
    together,
)
from scrai.engine._workset import Part, Workset, row_of_document
from scrai.errors import StoreCorruptError
from scrai.store import Document, DocumentStore, Query, Where


async def load(store: DocumentStore, simulation_id: str) -> Workset:
    """Read a simulation: first its head, then everything else at once.

    The order matters. What is read after the head may be newer than it, if another worker
    commits in between: then our own commit fails at the fence. What was read before or beside
    it could be older, and the fence would let it pass: a part of the past would be written
    again, or a command applied twice.

    Raises:
        SimulationMissingError: there is none of that id.
    """
    path = f"{SIMULATIONS}/{simulation_id}"
    document = await store.get(SIMULATIONS, simulation_id)
    if document is None:
        raise missing(simulation_id)
    parts, inbox, *tables = await together(
        store,
        store.get_many(f"{path}/parts", list(PARTS)),
        read_inbox(store, simulation_id),
        *(_live(store, simulation_id, kind) for kind in KINDS),
    )
    work = Workset(simulation_id, read_head(document), document, inbox=inbox)
    for name, part in zip(PARTS, parts, strict=True):
        if part is None and work.head.deleting:
            raise not_whole(simulation_id)
        if part is None:
            raise StoreCorruptError(f"{path}: the part {name} is missing")
        work.parts[name] = Part(part.payload, part.revision)
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

"""Loading a simulation in two waves of concurrent reads."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from scrai.data import KINDS, LIVE, PARTS, SIMULATIONS, Head, split_id
from scrai.engine._workset import Part, Workset, row_of_document
from scrai.errors import SimulationMissingError, StoreCorruptError
from scrai.models import Command
from scrai.store import Document, DocumentStore, Order, Query, Where

INBOX_LIMIT = 500
INBOX_BYTES = 512 * 1024


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


async def together(store: DocumentStore, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
    """Await reads: at once where that saves round trips, else one by one, which costs no tasks."""
    if store.capabilities.remote:
        return await asyncio.gather(*reads)
    return [await read for read in reads]


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


async def read_inbox(store: DocumentStore, simulation_id: str) -> list[Command]:
    """Return the waiting commands in the order in which they apply."""
    documents = await store.query(
        Query(
            f"{SIMULATIONS}/{simulation_id}/inbox",
            order=(Order("submitted_at"),),
            limit=INBOX_LIMIT,
        )
    )
    commands: list[Command] = []
    size = 0
    for document in documents:
        size += len(document.payload.data)
        if commands and size > INBOX_BYTES:
            break  # the rest waits for the next step: one commit has room for so much
        commands.append(command_of(document))
    return commands


def command_of(document: Document) -> Command:
    """Return the command of an inbox document."""
    value = document.value()
    return Command.model_validate(value | {"id": document.id})


async def _live(store: DocumentStore, simulation_id: str, kind: str) -> list[Document]:
    return await store.query(
        Query(kind, (Where("simulation_id", "==", simulation_id), Where("state", "==", LIVE)))
    )


def read_head(document: Document) -> Head:
    """Return the head in a simulation's document; raises StoreCorruptError."""
    return Head.read(document.value(), f"{document.collection}/{document.id}")


def missing(simulation_id: str) -> SimulationMissingError:
    """Return the error for a simulation that does not exist."""
    return SimulationMissingError(
        f"no simulation {simulation_id!r}", hint="scrai simulation list shows those there are"
    )


def inbox_value(command: Command) -> dict[str, Any]:
    """Return what the inbox document of a command holds."""
    return command.model_dump(mode="json", exclude_defaults=True, exclude={"id"})

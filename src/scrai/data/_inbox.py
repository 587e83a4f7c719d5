"""The inbox of a simulation: commands wait there until a step takes them."""

from __future__ import annotations

from typing import Any, Final

from scrai.data._head import Head, missing, read_head
from scrai.data._mapping import SIMULATIONS
from scrai.errors import SimulationEndedError
from scrai.models import Command, SimulationStatus, format_time
from scrai.store import (
    Column,
    Document,
    DocumentStore,
    Order,
    Query,
    Where,
    Write,
    create,
    cursor_of,
)

INBOX_LIMIT: Final = 500
INBOX_BYTES: Final = 512 * 1024


def inbox_value(command: Command) -> dict[str, Any]:
    """Return what the inbox document of a command holds."""
    return command.model_dump(mode="json", exclude_defaults=True, exclude={"id"})


def inbox_write(simulation_id: str, command: Command) -> Write:
    """Return the write that puts a command into a simulation's inbox."""
    columns: dict[str, Column] = {
        "submitted_at": format_time(command.submitted_at),
        "kind": command.kind.value,
        "entity": command.entity_id,
    }
    return create(inbox_of(simulation_id), command.id, inbox_value(command), columns)


def inbox_of(simulation_id: str) -> str:
    """Return the path of a simulation's inbox."""
    return f"{SIMULATIONS}/{simulation_id}/inbox"


def command_of(document: Document) -> Command:
    """Return the command of an inbox document."""
    value = document.value()
    return Command.model_validate(value | {"id": document.id})


async def read_inbox(store: DocumentStore, simulation_id: str) -> list[Command]:
    """Return the commands that the next step takes, in the order in which they apply."""
    documents = await store.query(
        Query(inbox_of(simulation_id), order=(Order("submitted_at"),), limit=INBOX_LIMIT)
    )
    commands: list[Command] = []
    size = 0
    for document in documents:
        size += len(document.payload.data)
        if commands and size > INBOX_BYTES:
            break  # the rest waits for the next step: one commit has room for so much
        commands.append(command_of(document))
    return commands


async def waiting(
    store: DocumentStore, simulation_id: str, about: str | None = None
) -> list[Command]:
    """Return all waiting commands in the order in which they apply.

    Args:
        store, simulation_id: where.
        about: only those about the entity of that local id, or about the simulation itself.
    """
    if about is not None:
        query = Query(inbox_of(simulation_id), (Where("entity", "in", (about, None)),))
        found = [command_of(document) for document in await store.query(query)]
        return sorted(found, key=lambda command: (command.submitted_at, command.id))
    query = Query(inbox_of(simulation_id), order=(Order("submitted_at"),), limit=INBOX_LIMIT)
    commands: list[Command] = []
    while True:
        documents = await store.query(query)
        commands += map(command_of, documents)
        if len(documents) < INBOX_LIMIT:
            return commands
        query = Query(
            query.collection, (), query.order, INBOX_LIMIT, cursor_of(query, documents[-1])
        )


async def accepting(store: DocumentStore, simulation_id: str) -> Head:
    """Return the head of a simulation that takes commands.

    Raises:
        SimulationMissingError: there is none of that id.
        SimulationEndedError: it is completed or being deleted.
    """
    document = await store.get(SIMULATIONS, simulation_id)
    if document is None:
        raise missing(simulation_id)
    head = read_head(document)
    if head.deleting or head.status == SimulationStatus.COMPLETED.value:
        raise SimulationEndedError(
            f"simulation {simulation_id} is {'being deleted' if head.deleting else head.status}",
            hint=None
            if head.deleting
            else f"scrai simulation branch {simulation_id} starts another line",
        )
    return head


async def submit(store: DocumentStore, simulation_id: str, command: Command) -> None:
    """Put a command into the inbox; never touches the head.

    Raises:
        AlreadyExistsError: a command of that id waits already (a second decision).
        SimulationMissingError, SimulationEndedError: it takes no commands.
    """
    await accepting(store, simulation_id)
    await store.commit([inbox_write(simulation_id, command)])

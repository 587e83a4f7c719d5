"""Deleting a simulation: all of it, and nothing of any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scrai.data._head import missing, read_head
from scrai.data._mapping import KINDS, SIMULATIONS
from scrai.data._money import close_ledger
from scrai.errors import PhaseEngineError
from scrai.store import (
    Document,
    DocumentStore,
    Query,
    Where,
    Write,
    change_document,
    delete,
    delete_tree,
    update,
)

BATCH: Final = 300


async def delete_simulation(
    store: DocumentStore, simulation_id: str, *, detach: bool, with_branches: bool
) -> list[str]:
    """Delete a simulation; return the ids of all that were deleted.

    The head is marked first, so that a worker's late commit fails, and the ledger goes next, so
    that its late calls to models leave nothing; what the simulation still held of a budget shared
    with others is booked there as lost. Then the entities and the subcollections go, and the head
    last: a delete that was cut off can be run again.

    Args:
        detach: let branches stand on their own; their earlier history goes.
        with_branches: delete the branches, too.

    Raises:
        PhaseEngineError: there are branches and neither flag says what to do with them.
        SimulationMissingError: there is no such simulation.
    """
    if await store.get(SIMULATIONS, simulation_id) is None:
        raise missing(simulation_id)
    children = await branches_of(store, simulation_id)
    if children and not detach and not with_branches:
        raise PhaseEngineError(
            f"simulation {simulation_id} has branches: {', '.join(children)}",
            hint="--detach lets them stand alone, --with-branches deletes them too",
        )
    deleted: list[str] = []
    for child in children:
        if with_branches:
            deleted += await delete_simulation(store, child, detach=False, with_branches=True)
        else:
            await change_document(store, SIMULATIONS, child, _orphaned)
    await change_document(store, SIMULATIONS, simulation_id, _marked)
    await close_ledger(store, simulation_id)
    for kind in KINDS:
        await _delete_entities(store, kind, simulation_id)
    await delete_tree(store, SIMULATIONS, simulation_id)
    return [*deleted, simulation_id]


async def branches_of(store: DocumentStore, simulation_id: str) -> list[str]:
    """Return the ids of a simulation's branches."""
    found = await store.query(
        Query(SIMULATIONS, (Where("parent", "==", simulation_id),), columns_only=True)
    )
    return [document.id for document in found]


def _marked(document: Document) -> Write:
    head = replace(read_head(document), deleting=True)
    return update(SIMULATIONS, document.id, head.value(), head.columns())


def _orphaned(document: Document) -> Write:
    head = replace(read_head(document), parent=None)
    return update(SIMULATIONS, document.id, head.value(), head.columns())


async def _delete_entities(store: DocumentStore, kind: str, simulation_id: str) -> None:
    query = Query(
        kind, (Where("simulation_id", "==", simulation_id),), limit=BATCH, columns_only=True
    )
    while documents := await store.query(query):
        await store.commit([delete(kind, document.id) for document in documents])

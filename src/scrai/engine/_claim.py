"""Making a simulation in several commits: its id is claimed first, it is whole with the last.

A claim is a head that is marked as being deleted, so that nobody steps or takes for whole what is
still half there. Every commit writes that head, too, and so fails for who has lost the claim. One
whose maker is dead can be taken over by the next, or deleted like any simulation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Final

from scrai.data import KINDS, SIMULATIONS, Head, close_ledger, read_head
from scrai.engine._batches import BATCH
from scrai.engine._lease import LeaseKeeper, live_lease
from scrai.errors import AlreadyExistsError, ConflictError, DocumentMissingError, StoreError
from scrai.models import Lease
from scrai.store import (
    Document,
    DocumentStore,
    Query,
    Where,
    Write,
    create,
    delete,
    stream,
    update,
)

SECONDS: Final = 30.0
"""How long a claim stands after its last commit, where nobody can see whether its maker lives."""

_at_work: Final[set[str]] = set()
"""The owners of claims that this very process is making: another in it may have been cut off."""


@dataclass(slots=True)
class Claim:
    """The claim on a simulation's id.

    Attributes:
        head: the head as stored: marked, with our lease.
        revision: of that head.
    """

    store: DocumentStore
    simulation_id: str
    head: Head
    revision: str

    async def commit(self, writes: Sequence[Write]) -> None:
        """Commit a part of the simulation.

        Raises:
            ConflictError: somebody else has the claim, or deleted what there was.
        """
        self.head.beat += 1
        await self._commit(self.head, writes)

    async def finish(self, head: Head) -> None:
        """Make the simulation whole: give it its own head."""
        await self._commit(replace(head, deleting=False, lease=None), [])

    async def _commit(self, head: Head, writes: Sequence[Write]) -> None:
        try:
            result = await self.store.commit([_written(self, head), *writes])
        except AlreadyExistsError:
            raise
        except (ConflictError, DocumentMissingError) as error:
            raise ConflictError(
                f"simulation {self.simulation_id} was deleted, or begun anew, by somebody else",
                hint="nothing of ours stays; try again",
            ) from error
        self.revision = result.revisions[0] or ""

    def is_ours(self, document: Document) -> bool:
        """Whether a stored head is our claim."""
        found = read_head(document)
        return found.deleting and found.lease is not None and found.lease == self.head.lease

    async def give_up(self) -> None:
        """Remove what was made so far, unless somebody else has the claim by now."""
        document = await self.store.get(SIMULATIONS, self.simulation_id)
        if document is None or not self.is_ours(document):
            return
        self.revision = document.revision  # of a commit whose reply was lost we know none
        await self.clear()
        last = delete(SIMULATIONS, self.simulation_id, expected=self.revision)
        await self.store.commit([last])

    async def clear(self) -> None:
        """Remove everything of the simulation but its head."""
        owned = (Where("simulation_id", "==", self.simulation_id),)
        below = await self.store.subcollections(SIMULATIONS, self.simulation_id)
        for query in (*(Query(kind, owned) for kind in KINDS), *map(Query, below)):
            names = [
                document.id
                async for document in stream(self.store, replace(query, columns_only=True))
            ]
            for start in range(0, len(names), BATCH):
                doomed = names[start : start + BATCH]
                await self.commit([delete(query.collection, name) for name in doomed])


@asynccontextmanager
async def claimed(store: DocumentStore, simulation_id: str, head: Head) -> AsyncIterator[Claim]:
    """Claim the id of a simulation that is to be made; if that fails, nothing of it stays.

    Args:
        store, simulation_id: where.
        head: as it will be, more or less.

    Raises:
        AlreadyExistsError: there is such a simulation, or somebody is making or deleting it.
    """
    keeper = LeaseKeeper(SECONDS)
    ours = replace(head, deleting=True, lease=None)
    keeper.hold(ours)
    _at_work.add(keeper.owner)
    try:
        claim = Claim(store, simulation_id, ours, "")
        await _take(claim)
        try:
            await close_ledger(store, simulation_id)
            await claim.clear()
            yield claim
        except BaseException:  # also where somebody lost patience
            with suppress(StoreError):  # then it is left to the next who claims it
                await claim.give_up()
            raise
    finally:
        _at_work.discard(keeper.owner)


async def _take(claim: Claim) -> None:
    """Write the claim: where there is nothing, or over what a dead maker or deleter left."""
    store, head = claim.store, claim.head
    first = create(SIMULATIONS, claim.simulation_id, head.value(), head.columns())
    try:
        result = await store.commit([first])
    except AlreadyExistsError as taken:
        document = await store.get(SIMULATIONS, claim.simulation_id)
        if document is None:
            raise
        if not claim.is_ours(document):  # a reply that was lost
            _check_left(document, taken)
        claim.revision = document.revision
        try:
            result = await store.commit([_written(claim, head)])
        except (ConflictError, DocumentMissingError):
            raise taken from None
    claim.revision = result.revisions[0] or ""


def _written(claim: Claim, head: Head) -> Write:
    return update(
        SIMULATIONS, claim.simulation_id, head.value(), head.columns(), expected=claim.revision
    )


def _check_left(document: Document, taken: AlreadyExistsError) -> None:
    """Raise AlreadyExistsError unless what is there is half, and nobody is at it."""
    head = read_head(document)
    if not head.deleting:
        raise AlreadyExistsError(
            f"simulation {document.id!r} exists already", winner=document
        ) from taken
    lease = live_lease(head, (document.read_at - document.updated_at).total_seconds())
    if lease is not None and not _was_cut_off(lease):
        raise AlreadyExistsError(
            f"simulation {document.id!r} is being made or deleted by process {lease.pid} on"
            f" {lease.host}",
            winner=document,
            hint="wait for it; what is left of one that died can be taken over",
        ) from taken


def _was_cut_off(lease: Lease) -> bool:
    """Whether a lease is of this process, which is at work on nothing of the kind."""
    here = LeaseKeeper(SECONDS)
    return here.is_of_this_process(lease) and lease.owner not in _at_work

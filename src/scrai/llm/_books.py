"""The money documents of one simulation (and of its batch), and changes of them as one.

`Books` is what the store is known to hold; a `Draft` is a change of it that becomes writes,
each expecting the revision that was read, so that it is applied as a whole or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scrai.data import LEDGER, SIMULATIONS, ledger_write, money_of, read_head
from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    StepConflictError,
    StoreUnavailableError,
)
from scrai.llm._budget import Budget
from scrai.llm._ledger import Account, Grant, Ledger
from scrai.llm._records import Entry
from scrai.store import Document, DocumentStore, Write, create, delete, encode, update

BUDGETS: Final = "budgets"
_ROUNDS: Final = 500


class Books:
    """The accounts as last read or written, with their revisions.

    Args:
        store: where they are.
        path: of the simulation: `simulations/{id}`.
        batch: the name of the batch budget, if there is one.
    """

    def __init__(self, store: DocumentStore, path: str, batch: str | None = None) -> None:
        self._store = store
        self._simulation_id = path.rpartition("/")[2]
        self.money = money_of(self._simulation_id)
        self.batch_name = batch
        self.ledger = Ledger()
        self.batch: Account | None = None
        self.actors: dict[str, Account] = {}
        self.revisions: dict[str, str | None] = {}

    async def load(self, actors: Iterable[str] = ()) -> None:
        """Read the ledger, the batch's account, and those of the actors known or named."""
        names = sorted({*self.actors, *actors})
        found = await self._store.get_many(
            self.money, [LEDGER, *(f"actor~{name}" for name in names)]
        )
        self._take_ledger(found[0])
        for name, document in zip(names, found[1:], strict=True):
            self.actors[name] = self._account(f"actor~{name}", document)
        if self.batch_name is not None:
            document = await self._store.get(BUDGETS, self.batch_name)
            self.batch = self._account(BUDGETS, document)

    async def open(self) -> None:
        """See to it that there is a ledger. One that an older version made has none.

        Raises:
            StepConflictError: the simulation was deleted, or is being.
        """
        if self.revisions[LEDGER] is not None:
            return
        await self._check_there()
        try:
            made = await commit_once(self._store, [ledger_write(self._simulation_id)])
        except AlreadyExistsError:
            await self.load()
            return
        try:
            await self._check_there()
        except StepConflictError:
            # A deletion that had begun may have come past the ledgers.
            await self._store.commit([delete(self.money, LEDGER, expected=made[0])])
            raise
        await self.load()

    async def _check_there(self) -> None:
        document = await self._store.get(SIMULATIONS, self._simulation_id)
        if document is None or read_head(document).deleting:
            raise _deleted(self.money)

    async def know(self, actors: Iterable[str]) -> None:
        """Read the accounts of actors that are not known yet."""
        new = sorted(set(actors) - self.actors.keys())
        if not new:
            return
        found = await self._store.get_many(self.money, [f"actor~{name}" for name in new])
        for name, document in zip(new, found, strict=True):
            self.actors[name] = self._account(f"actor~{name}", document)

    def _take_ledger(self, document: Document | None) -> None:
        self.revisions[LEDGER] = document.revision if document else None
        self.ledger = Ledger.read(document.value(), document.path) if document else Ledger()

    def _account(self, name: str, document: Document | None) -> Account:
        self.revisions[name] = document.revision if document else None
        return Account.read(document.value(), document.path) if document else Account()

    async def commit(
        self, change: Callable[[Draft], Sequence[Write]], *, grant: str | None = None
    ) -> tuple[str | None, ...]:
        """Apply a change together with other writes; return the revisions of those.

        Args:
            change: makes the change and returns the other writes; called again when a rival
                changed an account first, with the accounts as they are then.
            grant: must still be open; it is closed when somebody else took the phase over.

        Raises:
            StepConflictError: somebody else runs this phase, or did.
        """
        for _ in range(_ROUNDS):
            draft = self.draft()
            others = change(draft)
            money = draft.writes()
            try:
                result = await commit_once(self._store, [*money, *others])
            except ConflictError as error:
                await self._catch_up(error, grant)
                continue
            except DocumentMissingError as error:
                raise _deleted(str(error)) from error
            self.adopt(draft, result[: len(money)])
            return result[len(money) :]
        raise StepConflictError(f"{self.money}: others were first in {_ROUNDS} rounds")

    async def refresh(self, grant: str | None) -> None:
        """Read the accounts again, which rivals may have changed.

        Raises:
            StepConflictError: our grant was closed.
        """
        await self.load()
        if grant is not None and grant not in self.ledger.details:
            raise StepConflictError(f"another worker took this phase over: {self.money}")

    async def _catch_up(self, error: ConflictError, grant: str | None) -> None:
        """Read the accounts again; raise if it was not they that were in the way."""
        before = dict(self.revisions)
        await self.load()
        taken_over = grant is not None and grant not in self.ledger.details
        if taken_over or self.revisions == before:
            raise StepConflictError(f"another worker runs this phase: {error}") from error

    def draft(self) -> Draft:
        """Begin a change."""
        ledger = Ledger.read(self.ledger.value(), LEDGER)
        ledger.beat += 1
        return Draft(self, ledger)

    def adopt(self, draft: Draft, revisions: Iterable[str | None]) -> None:
        """Take a draft over whose writes were committed, with the revisions that they gave."""
        self.ledger = draft.ledger
        self.batch = draft.batch or self.batch
        self.actors |= draft.actors
        self.revisions |= dict(zip(draft.names, revisions, strict=False))


@dataclass(slots=True)
class Draft:
    """A change of the accounts that is not stored yet."""

    books: Books
    ledger: Ledger
    batch: Account | None = None
    actors: dict[str, Account] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def actor(self, name: str) -> Account:
        """Return an actor's account, to be changed."""
        if name not in self.actors:
            self.actors[name] = _copy(self.books.actors[name])
        return self.actors[name]

    def shared(self) -> Account | None:
        """Return the batch's account, to be changed, if there is one."""
        if self.batch is None and self.books.batch is not None:
            self.batch = _copy(self.books.batch)
        return self.batch

    def left(self, budget: Budget) -> int | None:
        """What may be granted under the limits that are not an actor's; None is any amount."""
        ledger, shared = self.ledger, self.shared()
        amounts = [ledger.total.left(budget.simulation), ledger.of_cycle.left(budget.cycle)]
        if shared is not None:
            amounts.append(shared.left(budget.batch_limit))
        return min([amount for amount in amounts if amount is not None], default=None)

    def open(self, name: str, grant: Grant) -> None:
        """Open a grant of nothing, if it is not open yet."""
        if name in self.ledger.details:
            return
        self.ledger.turn_to(grant.cycle)
        self.ledger.details[name] = replace(grant, names=list(grant.names), actors=[])
        self._each(name, lambda account: account.take(name, 0), opening=True)

    def take(self, name: str, amount: int, by_actor: dict[str, int]) -> None:
        """Add money to a grant; `by_actor` says what of it counts against actors' limits."""
        self._each(name, lambda account: account.take(name, amount), opening=True)
        for actor, part in by_actor.items():
            self.actor(actor).take(name, part)
        detail = self.ledger.details[name]
        detail.actors = sorted({*detail.actors, *by_actor})

    def lose(self, name: str, amount: int, actor: str | None) -> None:
        """Book a part of a grant as lost."""
        self._each(name, lambda account: account.lose(name, amount))
        if actor in self.ledger.details[name].actors:
            self.actor(actor).lose(name, amount)

    def lose_attempts(self, name: str, entries: Iterable[Entry]) -> Counter[str]:
        """Book the lost attempts of recorded outcomes; return what was booked, `""` for all.

        It is done in the commit that settles their grant, like what the outcomes did cost.
        """
        lost: Counter[str] = Counter()
        for entry in entries:
            if entry.lost:
                self.lose(name, entry.lost, entry.actor)
                lost[""] += entry.lost
                lost[entry.actor or ""] += entry.lost if entry.actor else 0
        return lost

    def settle(self, name: str, spent: int, by_actor: Mapping[str, int]) -> None:
        """Close a grant of which so much was spent; the rest comes back."""
        self._each(name, lambda account: account.settle(name, spent))
        for actor in self.ledger.details.pop(name).actors:
            self.actor(actor).settle(name, by_actor.get(actor, 0))

    def hand_over(self, old: str, new: str) -> None:
        """Let an open grant have what another holds, with the records made under it.

        Raises:
            StepConflictError: the other was closed meanwhile.
        """
        if old not in self.ledger.details:
            raise StepConflictError(f"another worker took this phase over: {self.books.money}")
        self._each(old, lambda account: account.rename(old, new))
        former = self.ledger.details.pop(old)
        for actor in former.actors:
            self.actor(actor).rename(old, new)
        detail = self.ledger.details[new]
        detail.actors = sorted({*detail.actors, *former.actors})
        detail.names = [*former.names, *detail.names]

    def _each(self, name: str, change: Any, *, opening: bool = False) -> None:
        """Change all accounts that a grant is in, but the actors'.

        Where a simulation was imported, or a batch begun anew, the batch knows nothing of it.
        """
        for account in self.ledger.accounts(name):
            change(account)
        shared = self.shared()
        ours = self.ledger.details[name].batch == self.books.batch_name
        if shared is not None and ours and (opening or name in shared.grants):
            change(shared)

    def writes(self) -> list[Write]:
        """Return the writes of this change, the ledger's first.

        Raises:
            StepConflictError: the ledger is gone, for the simulation was deleted.
        """
        books = self.books
        if books.revisions[LEDGER] is None:
            raise _deleted(books.money)
        self.names = [LEDGER]
        writes = [self._write(books.money, LEDGER, self.ledger.value(), LEDGER)]
        if self.batch is not None and books.batch_name and self.batch != books.batch:
            self.names.append(BUDGETS)
            writes.append(self._write(BUDGETS, books.batch_name, self.batch.value(), BUDGETS))
        for actor, account in self.actors.items():
            self.names.append(f"actor~{actor}")
            writes.append(
                self._write(books.money, f"actor~{actor}", account.value(), f"actor~{actor}")
            )
        return writes

    def _write(self, collection: str, id_: str, value: dict[str, Any], name: str) -> Write:
        expected = self.books.revisions.get(name)
        if expected is None:
            return create(collection, id_, value)
        return update(collection, id_, value, expected=expected)


def _deleted(what: str) -> StepConflictError:
    return StepConflictError(f"the simulation was deleted: {what}")


def _copy(account: Account) -> Account:
    return replace(account, grants=dict(account.grants))


async def commit_once(store: DocumentStore, writes: Sequence[Write]) -> tuple[str | None, ...]:
    """Commit; when the reply was lost, look whether it had been applied.

    The first write must be one that nobody else would make: a record of our own grant, or a
    ledger with its beat.
    """
    try:
        return (await store.commit(writes)).revisions
    except StoreUnavailableError:
        found = [await store.get(write.collection, write.id) for write in writes[:1]]
        if not _is(writes[0], found[0]):
            raise
        found += [await store.get(write.collection, write.id) for write in writes[1:]]
        return tuple(document.revision if document else None for document in found)


def _is(write: Write, document: Document | None) -> bool:
    if document is None:
        return False
    return document.payload == encode(write.payload) and document.data == write.data

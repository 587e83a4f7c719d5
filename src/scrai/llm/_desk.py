"""The one writer of an attempt: money is taken and calls are recorded in grouped commits.

Whatever is to be written while a commit is under way goes together into the next one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from scrai.errors import ConflictError, DocumentMissingError, StepConflictError
from scrai.llm._books import Books, Draft, commit_once
from scrai.llm._budget import Budget
from scrai.llm._ledger import Grant
from scrai.llm._records import DONE, Entry, move_long_texts
from scrai.store import DocumentStore, Write

_GROUP_BYTES: Final = 1_000_000
_GROUP_WRITES: Final = 200
_ENVELOPE: Final = 1_500
_ALL: Final = ""
"""The name under which everybody's money is counted, beside that of limited actors."""


@dataclass(slots=True, eq=False)
class Slip:
    """The reservation of a logical call with all its turns.

    Attributes:
        entry: the first turn that is to be recorded.
        amount: the most that the call can cost, in nano-USD.
        actor: whose limit it counts against, besides everybody's; None if nobody's.
        fits: the budgets allow it.
        recorded: the entry is stored already, and the call counts as in flight.
        booked: what its turns have cost so far, lost attempts included.
        ended: the call is over, however it ended.
    """

    entry: Entry
    amount: int
    actor: str | None
    fits: bool = False
    recorded: bool = False
    booked: int = 0
    ended: bool = False

    @property
    def left(self) -> int:
        """What is left for further turns."""
        return self.amount - self.booked

    @property
    def names(self) -> tuple[str, ...]:
        """Under which names its money counts."""
        return (_ALL,) if self.actor is None else (_ALL, self.actor)


@dataclass(slots=True, eq=False)
class _Raise:
    """What a turn in flight may cost in all, now that attempts of it were lost.

    Attributes:
        slip, entry: the call and its turn, which is recorded.
        worst: the new worst case of the turn, in nano-USD.
        fits: the budgets allow it.
    """

    slip: Slip
    entry: Entry
    worst: int
    fits: bool = False

    @property
    def extra(self) -> int:
        """What it takes beyond what the turn has."""
        return self.worst - (self.entry.worst or 0)


@dataclass(slots=True)
class _Wish:
    """Something that waits to be written."""

    done: asyncio.Future[None]
    entry: Entry | None = None
    slips: Sequence[Slip] = ()
    more: _Raise | None = None

    @property
    def size(self) -> int:
        """How many bytes it writes, slips apart."""
        entry = self.more.entry if self.more is not None else self.entry
        return _size(entry) if entry is not None else 0


@dataclass(slots=True)
class Purse:
    """What became of the money of our grant; by name of whom it counts against.

    Money that calls did not need returns when none is in flight, and not when each one ends:
    so it does not depend on the speed of a server which call finds money and which does not.

    Attributes:
        held: reserved by calls since none was in flight.
        booked: what these calls did cost, lost attempts included.
        spent: what earlier ones did cost.
        stuck: the worst case of requests that were cut off.
        active: how many calls are in flight.
    """

    held: Counter[str] = field(default_factory=Counter)
    booked: Counter[str] = field(default_factory=Counter)
    spent: Counter[str] = field(default_factory=Counter)
    stuck: Counter[str] = field(default_factory=Counter)
    active: int = 0

    def extend(self, slip: Slip, amount: int) -> None:
        """Note that a call got more; nobody comes for it any more if it was cut off meanwhile."""
        for name in slip.names:
            (self.stuck if slip.ended else self.held)[name] += amount

    def book(self, names: Sequence[str], amount: int) -> None:
        """Note what a call in flight did cost."""
        for name in names:
            self.booked[name] += amount

    def release(self, names: Sequence[str], stuck: int) -> None:
        """Note that a call ended; after the last one, the money not needed is free again."""
        for name in names:
            self.stuck[name] += stuck
        self.active -= 1
        if self.active == 0:
            self.spent += self.booked
            self.booked.clear()
            self.held.clear()


class Desk:
    """Takes reservations, records and outcomes, and stores them in order.

    Args:
        store, path: where; `path` is the simulation's.
        books: the accounts, loaded.
        name, grant: the grant of this attempt; it is opened by the first reservation.
        budget: the limits.
        check: raises when this worker must not go on; called before every commit.
        in_flight: how many calls may be recorded as requested and not be answered.
    """

    def __init__(
        self,
        store: DocumentStore,
        path: str,
        books: Books,
        name: str,
        grant: Grant,
        budget: Budget,
        check: Callable[[], None],
        in_flight: int,
    ) -> None:
        self._store = store
        self._path = path
        self.books = books
        self.name = name
        self._grant = grant
        self._budget = budget
        self._check = check
        self.gate = asyncio.Semaphore(in_flight)
        self.purse = Purse()
        self._queue: list[_Wish] = []
        self._writer: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None

    @property
    def opened(self) -> bool:
        """Whether the grant is open."""
        return self.name in self.books.ledger.details

    async def reserve(self, slips: Sequence[Slip]) -> None:
        """Take money for calls, in the order given; says in each slip whether it fits.

        The first ones that fit are recorded in the same commit, as many as may be in flight.
        """
        limited = {slip.actor for slip in slips if slip.actor is not None}
        await self.books.know(limited)
        await self._wait(_Wish(self._future(), slips=slips))

    async def record(self, entry: Entry) -> None:
        """Store an entry as it is."""
        await move_long_texts(self._store, self._path, entry)
        await self._wait(_Wish(self._future(), entry=entry))

    async def allow(self, slip: Slip, entry: Entry, worst: int) -> bool:
        """Let a turn in flight cost so much in all, if the budgets do; say whether it may.

        Its record says so before this returns: whoever finds it without an outcome books that.
        """
        more = _Raise(slip, entry, worst)
        await self._wait(_Wish(self._future(), more=more))
        return more.fits

    async def idle(self) -> None:
        """Wait until nothing is being written; raise what went wrong."""
        if self._writer is not None:
            await asyncio.wait([self._writer])
        self._raise_broken()

    def _future(self) -> asyncio.Future[None]:
        self._raise_broken()
        return asyncio.get_running_loop().create_future()

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise self._broken

    async def _wait(self, wish: _Wish) -> None:
        self._queue.append(wish)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await wish.done

    async def _write(self) -> None:
        """Write until nothing waits. A caller that is cancelled does not stop a commit."""
        while self._queue:
            group = self._take()
            try:
                await self._post(group)
            except BaseException as error:
                self._broken = error
                _fail([*group, *self._queue], error)
                self._queue.clear()
                return
            for wish in group:
                if not wish.done.done():
                    wish.done.set_result(None)

    def _take(self) -> list[_Wish]:
        size, count = 0, 0
        for wish in self._queue:
            if count and (size > _GROUP_BYTES or count >= _GROUP_WRITES):
                break
            count += 1
            size += wish.size
        group, self._queue = self._queue[:count], self._queue[count:]
        return group

    async def _post(self, group: list[_Wish]) -> None:
        self._check()
        entries = [wish.entry for wish in group if wish.entry is not None]
        slips = [slip for wish in group for slip in wish.slips]
        raises = [wish.more for wish in group if wish.more is not None]
        first = await self._admit(slips, sum(wish.size for wish in group))
        finished = all(entry.state == DONE and entry.revision for entry in entries)
        if finished and not slips and not raises:
            await self._finish(entries)
            return
        decision = _Decision()

        def change(draft: Draft) -> list[Write]:
            nonlocal decision
            draft.open(self.name, self._grant)
            decision = self._decide(draft, raises, slips)
            fitting = set(decision.fitting)
            chosen = [*entries, *(slip.entry for slip in first if slip in fitting)]
            decision.entries = [*chosen, *(more.entry for more in decision.raised)]
            chosen += [replace(more.entry, worst=more.worst) for more in decision.raised]
            return [entry.write(self._calls) for entry in chosen]

        held = self.name if self.opened else None
        revisions = await self.books.commit(change, grant=held)
        _note(decision.entries, revisions)
        self._take_effect(decision, first)

    async def _finish(self, entries: Sequence[Entry]) -> None:
        """Store outcomes: each under the revision of its request, which nobody else changes."""
        writes = [entry.write(self._calls) for entry in entries]
        try:
            _note(entries, await commit_once(self._store, writes))
        except (ConflictError, DocumentMissingError) as error:
            raise StepConflictError(f"another worker took this phase over: {error}") from error

    @property
    def _calls(self) -> str:
        return f"{self._path}/calls"

    async def _admit(self, slips: Sequence[Slip], size: int) -> list[Slip]:
        """Return the first slips, as many as may be in flight and fit into one commit."""
        first: list[Slip] = []
        for slip in slips:
            size += _size(slip.entry)
            if self.gate.locked() or size > _GROUP_BYTES or len(first) >= _GROUP_WRITES:
                break
            await self.gate.acquire()
            await move_long_texts(self._store, self._path, slip.entry)
            first.append(slip)
        return first

    def _take_effect(self, decision: _Decision, first: Sequence[Slip]) -> None:
        for more in decision.raised:
            self.purse.extend(more.slip, more.extra)
            more.slip.amount += more.extra
            more.fits, more.entry.worst = True, more.worst
        for slip in decision.fitting:
            slip.fits = True
        for slip in first:
            slip.recorded = slip.fits
            if not slip.fits:
                self.gate.release()
        self.purse.held += decision.held
        self.purse.active += len(decision.fitting)

    def _decide(self, draft: Draft, raises: Sequence[_Raise], slips: Sequence[Slip]) -> _Decision:
        """Take money for what fits every budget: first for calls in flight, then for new ones."""
        found = _Decision()
        if not slips and not raises:
            return found
        spare, left = {_ALL: self._spare(draft, _ALL)}, {_ALL: draft.left(self._budget)}
        for slip in [*(more.slip for more in raises), *slips]:
            if slip.actor is not None and slip.actor not in spare:
                spare[slip.actor] = self._spare(draft, slip.actor)
                left[slip.actor] = draft.actor(slip.actor).left(self._budget.of_actor(slip.actor))
        for more in raises:
            if found.take(more.slip.names, more.extra, spare, left):
                found.raised.append(more)
        for slip in slips:
            if found.take(slip.names, slip.amount, spare, left):
                found.hold(slip)
        actors = {name: amount for name, amount in found.topped.items() if name != _ALL}
        draft.take(self.name, found.topped[_ALL], actors)
        return found

    def _spare(self, draft: Draft, name: str) -> int:
        """Return what our grant holds for a name and nobody has reserved."""
        account = draft.ledger.total if name == _ALL else draft.actor(name)
        purse = self.purse
        held = purse.held[name] + purse.spent[name] + purse.stuck[name]
        return account.grants.get(self.name, 0) - held


@dataclass(slots=True)
class _Decision:
    """Which calls fit, and what they take."""

    raised: list[_Raise] = field(default_factory=list)
    fitting: list[Slip] = field(default_factory=list)
    topped: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    entries: list[Entry] = field(default_factory=list)

    def take(
        self,
        names: Sequence[str],
        amount: int,
        spare: dict[str, int],
        left: dict[str, int | None],
    ) -> bool:
        """Take an amount from what is spare, then from the budgets; or nothing at all."""
        short = {name: max(0, amount - spare[name]) for name in names}
        for name, missing in short.items():
            limit = left[name]
            if limit is not None and missing > limit:
                return False
        for name, missing in short.items():
            spare[name] -= amount - missing
            limit = left[name]
            left[name] = None if limit is None else limit - missing
            self.topped[name] += missing
        return True

    def hold(self, slip: Slip) -> None:
        """Note a call that fits."""
        for name in slip.names:
            self.held[name] += slip.amount
        self.fitting.append(slip)


def _size(entry: Entry) -> int:
    return len(entry.request) + len(entry.outcome) + _ENVELOPE


def _note(entries: Sequence[Entry], revisions: Sequence[str | None]) -> None:
    for entry, revision in zip(entries, revisions, strict=True):
        entry.revision, entry.stored = revision, True


def _fail(wishes: Sequence[_Wish], error: BaseException) -> None:
    for wish in wishes:
        if not wish.done.done():
            wish.done.set_exception(error)
            wish.done.exception()  # the one who waited may be gone

"""Durable calls: asked once, recorded before they are used, paid for within limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from scrai import _wall
from scrai.data import SIMULATIONS
from scrai.errors import ConfigurationError, InvalidInputError, PhaseEngineError
from scrai.llm._books import Books
from scrai.llm._budget import Budget, in_words
from scrai.llm._cache import ReplyCache
from scrai.llm._desk import Desk, Slip
from scrai.llm._ledger import Grant
from scrai.llm._losses import losses_of
from scrai.llm._recall import MissingTurnError, Recall, converse_with
from scrai.llm._records import REQUESTED, Entry, outcome_of
from scrai.llm._recovery import close_grants, load_pass, take_over
from scrai.llm._settlement import settle
from scrai.llm._sites import Ask, CallSite, Sender, Settlement
from scrai.llm._structured import Reply
from scrai.llm._types import FailureKind, LLMOutcome, LLMRequest, LLMUsage
from scrai.store import DocumentStore

IN_FLIGHT: Final = 32
_SAMPLES: Final = {
    "cached": LLMUsage(1000, 0, 1000),
    "input": LLMUsage(1000, 0),
    "output": LLMUsage(0, 1000),
}


@dataclass(slots=True, eq=False)
class Chain:
    """A logical call on its way.

    Attributes:
        request: of the first turn.
        turn: the first turn without a record, and what it asks.
        spent: what the recorded turns before that did cost.
        slip: its reservation; None while everything is served from records.
        entries: its turns that are sent.
        begun: its task is running or over.
    """

    ask: Ask
    request: LLMRequest
    turn: int
    first: LLMRequest
    slip: Slip | None = None
    reply: Reply[Any] | None = None
    entries: list[Entry] = field(default_factory=list)
    begun: bool = False


class Calls:
    """The calls of one attempt of a phase.

    Nothing is read or written before the first ask. Whatever ends the attempt, its `settlement`
    goes into the commit that says so.

    Args:
        store, simulation_id: whose calls they are.
        where: the attempt of a phase.
        service: what sends; `LLMService` does.
        budget: the limits.
        check: raises when this worker must not go on (its lease is gone).
        cache: replies of earlier runs that may be served; None asks the model.
        in_flight: so many calls at most are recorded as requested and not answered yet; if the
            process is killed, these are lost. No less than what the service sends at once, and
            little more.

    Attributes:
        unrecorded: in a replay, the slots that asked what was never recorded: it went another way.
    """

    def __init__(
        self,
        store: DocumentStore,
        simulation_id: str,
        where: CallSite,
        service: Sender,
        budget: Budget | None = None,
        *,
        check: Callable[[], None] | None = None,
        cache: ReplyCache | None = None,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self._store = store
        self._path = f"{SIMULATIONS}/{simulation_id}"
        self._where = where
        self._service = service
        self._budget = budget or Budget()
        self._check = check or _fine
        self._cache = cache
        self._in_flight = in_flight
        self._lock = asyncio.Lock()
        self._desk: Desk | None = None
        self._recall: Recall | None = None
        self._live: dict[str, Entry] = {}
        self._asked: set[str] = set()
        self._paid: list[Entry] = []
        self._notes: list[str] = []
        self._walled: set[str] = set()
        self._cut: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._known_prices: dict[tuple[str, str], dict[str, float] | None] = {}
        self._condemned = False
        self._closed = False
        self.unrecorded: list[str] = []

    @property
    def used(self) -> bool:
        """Whether anything was asked."""
        return self._desk is not None

    async def ask(self, ask: Ask) -> Reply[Any]:
        """Make one logical call; see `ask_all`."""
        return (await self.ask_all([ask]))[0]

    async def ask_all(self, asks: Sequence[Ask]) -> list[Reply[Any]]:
        """Make logical calls at once; the replies come in the order of the asks.

        What is recorded already is served without being sent. For the others money is reserved
        in the order of their slots before any is sent; those that a budget does not allow get a
        reply with the failure `budget`. Remote failures are replies, too.

        Raises:
            ConfigurationError: a limit is set and a model has no known price.
            InvalidInputError: the same request is asked twice in one slot.
            StepConflictError: another worker took the phase over.
        """
        if self._closed:
            raise PhaseEngineError("the calls of this attempt are settled")
        if not asks:
            return []
        desk, recall = await self._open()
        chains = [Chain(ask, request, 0, request) for ask, request in _requests(asks)]
        self._refuse_twins(chains)
        live = [chain for chain in chains if not await self._serve(recall, chain)]
        live.sort(key=lambda chain: chain.ask.slot)
        if live:
            await self._reserve(desk, live)
            await self._run_all(desk, live)
        return [chain.reply for chain in chains if chain.reply is not None]

    async def condemn(self) -> None:
        """Do not serve the replies of this attempt to later ones: the phase failed on them.

        It takes effect with the settlement.
        """
        self._condemned = True

    async def settlement(self) -> Settlement:
        """End the attempt; return what the commit that ends it must bring.

        If that commit meets a conflict in an account, ask again: the figures will be fresh.

        Raises:
            StepConflictError: another worker took the phase over.
        """
        self._closed = True
        if self._desk is None:
            return Settlement()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._desk.idle()
        left = [each for each in self._live.values() if each.stored and each.state == REQUESTED]
        condemned = (*self._where.place, self._where.attempt) if self._condemned else None
        found, note = await settle(
            self._desk, self._path, self._budget, self._paid, left, condemned
        )
        self._notes += note
        found.notes[:0] = [*self._notes, *self._wall_notes()]
        return found

    # -- opening ------------------------------------------------------------------------------

    async def _open(self) -> tuple[Desk, Recall]:
        async with self._lock:
            if self._desk is None or self._recall is None:
                self._desk, self._recall = await self._begin()
            return self._desk, self._recall

    async def _begin(self) -> tuple[Desk, Recall]:
        self._check()
        where, budget = self._where, self._budget
        books = Books(self._store, self._path, budget.batch)
        await books.load()
        await books.open()
        name = _wall.nonce(8)
        cycle, phase, passes = where.place
        grant = Grant(cycle, phase, passes, where.attempt, where.step, [name], [], budget.batch)
        if books.ledger.details:
            closed = await close_grants(self._store, self._path, books, keep=where.place)
            if closed.grants:
                await books.load()
        entries = await load_pass(self._store, self._path, where.place)
        adopted, found = await take_over(self._store, self._path, books, name, grant, entries)
        if found.lost_calls:
            self._notes.append(
                f"calls of a dead worker without an outcome: {found.lost_calls},"
                f" booked as lost: {in_words(found.lost)}"
            )
        desk = Desk(
            self._store, self._path, books, name, grant, budget, self._check, self._in_flight
        )
        for entry in adopted:
            if entry.paid:
                self._paid.append(entry)
            desk.purse.spent.update(self._named(entry))
        return desk, Recall(self._store, where, entries, books.ledger.condemned)

    def _named(self, entry: Entry) -> Counter[str]:
        limited = entry.actor is not None and self._budget.of_actor(entry.actor) is not None
        names = ("", str(entry.actor)) if limited else ("",)
        return Counter(dict.fromkeys(names, entry.booked + entry.lost))

    def _refuse_twins(self, chains: Sequence[Chain]) -> None:
        seen: set[str] = set()
        for chain in chains:
            call = f"{chain.ask.slot}\n{chain.request.hash}"
            if call in seen or call in self._asked:
                raise InvalidInputError(
                    f"slot {chain.ask.slot!r} is asked twice with the same request",
                    hint="give each call of a phase a slot of its own",
                )
            seen.add(call)
        self._asked |= seen

    async def _serve(self, recall: Recall, chain: Chain) -> bool:
        """Answer from records, if they answer; else note where they end."""
        try:
            chain.reply = await recall.reply(chain.ask, chain.request)
        except MissingTurnError as missing:
            chain.turn, chain.first = missing.turn, missing.request
        return chain.reply is not None

    # -- money --------------------------------------------------------------------------------

    async def _reserve(self, desk: Desk, live: Sequence[Chain]) -> None:
        for chain in live:
            chain.slip = self._slip(desk, chain)
        slips = [chain.slip for chain in live if chain.slip is not None]
        taking = asyncio.create_task(desk.reserve(slips))
        try:
            await asyncio.shield(taking)
        except asyncio.CancelledError:
            # The money may be taken all the same: when it is known, what is held is set free.
            taking.add_done_callback(lambda _: self._give_up(desk, taking, live))
            raise

    def _give_up(self, desk: Desk, taking: asyncio.Task[None], live: Sequence[Chain]) -> None:
        if not taking.cancelled() and taking.exception() is None:
            for chain in live:
                self._end(desk, chain)

    def _slip(self, desk: Desk, chain: Chain) -> Slip:
        worst = self._service.worst_case(chain.first)
        actor = chain.ask.actor_id
        if worst is None and self._budget.limits(actor):
            raise ConfigurationError(
                f"no price is known for the model of role {chain.ask.role!r}, but a budget is set",
                hint="set its price (llm.prices in scrai.toml), or drop the limit",
            )
        entry = self._entry(desk, chain, chain.first, chain.turn, worst)
        limited = self._budget.of_actor(actor) is not None
        return Slip(entry, self._envelope(chain, worst), actor if limited else None)

    def _envelope(self, chain: Chain, worst: int | None) -> int:
        """Return the most that the rest of a logical call can cost, repair turns included."""
        structured = chain.ask.structured
        repairs = structured.max_repairs - chain.turn if structured is not None else 0
        if structured is None or not worst or repairs <= 0:
            return worst or 0
        repair = self._service.worst_case(structured.worst_repair(chain.request))
        return worst + repairs * (repair or 0)

    def _entry(
        self, desk: Desk, chain: Chain, request: LLMRequest, turn: int, worst: int | None
    ) -> Entry:
        key = self._where.key(chain.ask.slot, turn, request.hash)
        entry = Entry.of(key, request, chain.ask.actor_id, self._where.step, desk.name, worst)
        entry.revision = self._recall.revision_of(entry.id) if self._recall else None
        self._live[entry.id] = entry
        chain.entries.append(entry)
        return entry

    # -- sending ------------------------------------------------------------------------------

    async def _run_all(self, desk: Desk, live: Sequence[Chain]) -> None:
        tasks = [self._start(desk, chain) for chain in live]
        self._tasks.update(tasks)
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
        finally:
            self._tasks.difference_update(tasks)

    def _start(self, desk: Desk, chain: Chain) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(desk, chain))
        task.add_done_callback(lambda _: self._end(desk, chain))
        return task

    def _end(self, desk: Desk, chain: Chain) -> None:
        """Free what a call holds, however it ended; also if it never began."""
        slip = chain.slip
        if slip is None or not slip.fits:
            return
        slip.ended = True
        if slip.recorded and not chain.begun:
            desk.gate.release()
        stuck = [entry for entry in chain.entries if entry.state == REQUESTED]
        desk.purse.release(slip.names, sum(entry.worst or 0 for entry in stuck))

    async def _run(self, desk: Desk, chain: Chain) -> None:
        chain.begun = True

        async def send(request: LLMRequest, turn: int) -> LLMOutcome:
            return await self._turn(desk, chain, request, turn)

        chain.reply = await converse_with(chain.ask, chain.request, send)

    async def _turn(self, desk: Desk, chain: Chain, request: LLMRequest, turn: int) -> LLMOutcome:
        slip = chain.slip
        if slip is None or self._recall is None:
            raise PhaseEngineError("a call is sent that has no reservation")
        if turn < chain.turn:
            return await self._recall.outcome(chain.ask.slot, request, turn)
        entry = slip.entry
        fits = slip.fits
        if turn > chain.turn:
            worst = self._service.worst_case(request)
            entry = self._entry(desk, chain, request, turn, worst)
            known = self._recall.done(entry.id)
            if known is not None:
                return await outcome_of(self._store, known)
            fits = fits and (worst or 0) <= slip.left
        if not fits:
            return await self._refuse(desk, chain, entry)
        return await self._send(desk, slip, entry, request)

    async def _refuse(self, desk: Desk, chain: Chain, entry: Entry) -> LLMOutcome:
        """Record that a budget does not allow a turn."""
        worst = in_words(entry.worst or 0)
        outcome = LLMOutcome.failed(
            FailureKind.BUDGET, f"a budget does not allow this call, which may cost {worst}"
        )
        entry.finish(outcome, 0, 0)
        await desk.record(entry)
        self._walled.add(chain.ask.slot)
        self._live.pop(entry.id, None)
        return outcome

    async def _send(self, desk: Desk, slip: Slip, entry: Entry, request: LLMRequest) -> LLMOutcome:
        if not (slip.recorded and entry is slip.entry):
            await desk.gate.acquire()
        try:
            if not entry.stored:
                await desk.record(entry)
            outcome = await self._outcome(desk, slip, entry, request)
            slip.booked += entry.booked + entry.lost
            desk.purse.book(slip.names, entry.booked + entry.lost)
            self._paid.append(entry)
            if outcome.failure is not None and outcome.failure.kind is FailureKind.BUDGET:
                self._cut.add(entry.key.slot)
            await desk.record(entry)
        finally:
            desk.gate.release()
        self._live.pop(entry.id, None)
        entry.forget_texts()
        return outcome

    async def _outcome(
        self, desk: Desk, slip: Slip, entry: Entry, request: LLMRequest
    ) -> LLMOutcome:
        """Ask the cache, if there is one, else the service."""
        hit = await self._cache.take(request.hash) if self._cache is not None else None
        if hit is not None:
            entry.finish(hit, 0, 0)
            entry.figures |= {"attempts": 0, "cache_hit": True, "latency_ms": 0.0}
            return hit

        async def allow(worst: int) -> bool:
            enough = entry.worst is None or worst <= entry.worst
            return enough or await desk.allow(slip, entry, worst)

        outcome = await self._service.send(request, key=entry.key, allow=allow)
        reserved = None if entry.worst is None else min(entry.worst, slip.left)
        losses = losses_of(outcome, self._service.cost, reserved)
        entry.finish(outcome, self._service.cost(outcome), reserved, losses)
        entry.figures["prices"] = self._prices(outcome)
        if self._cache is not None:
            await self._cache.put(request.hash, outcome)
        return outcome

    def _prices(self, outcome: LLMOutcome) -> dict[str, float] | None:
        """Return US dollars per million tokens of the model that answered."""
        model = (outcome.provider, outcome.model)
        if model not in self._known_prices:
            found = {}
            for name, usage in _SAMPLES.items():
                cost = self._service.cost(replace(outcome, usage=usage, attempts=()))
                found[name] = None if cost is None else cost / 1e6
            self._known_prices[model] = {k: v for k, v in found.items() if v is not None} or None
        return self._known_prices[model]

    def _wall_notes(self) -> list[str]:
        found = []
        for what, met in (("made", self._walled), ("tried again", self._cut)):
            slots = sorted(met)
            more = f", and {len(slots) - 3} more" if len(slots) > 3 else ""  # noqa: PLR2004
            if slots:
                shown = f"{', '.join(slots[:3])}{more}"
                found.append(f"budget: calls not {what}: {len(slots)} ({shown})")
        return found


def _requests(asks: Sequence[Ask]) -> list[tuple[Ask, LLMRequest]]:
    return [(ask, ask.request()) for ask in asks]


def _fine() -> None:
    """Nothing stands in the way."""

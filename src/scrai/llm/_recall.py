"""Serving calls from their records."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from scrai.llm._records import DONE, Entry, outcome_of
from scrai.llm._sites import Ask, CallSite
from scrai.llm._structured import Reply, converse
from scrai.llm._types import LLMOutcome, LLMRequest
from scrai.store import DocumentStore

Send = Callable[[LLMRequest, int], Awaitable[LLMOutcome]]


class MissingTurnError(Exception):
    """The records of a logical call end before this turn."""

    def __init__(self, request: LLMRequest, turn: int) -> None:
        super().__init__(f"turn {turn} is not recorded")
        self.request = request
        self.turn = turn


async def converse_with(ask: Ask, request: LLMRequest, send: Send) -> Reply[Any]:
    """Make a logical call with what sends one turn."""
    if ask.structured is not None:
        return await converse(ask.structured, request, send)
    outcome = await send(request, 0)
    value = outcome.content if outcome.failure is None else None
    return Reply(value, outcome.failure, (outcome,))


class Recall:
    """The records of a pass, as they were when this attempt began.

    A record of this very try is served whatever it says: the phase runs again after a crash and
    must see what it saw. Those of earlier tries are served if the whole logical call succeeded
    and nobody condemned them, so that a new try does not meet what failed the last one.

    Args:
        store: where the long texts are.
        where: the attempt.
        entries: the records, by id.
        condemned: the pass and the try up to which its records are not served.
    """

    def __init__(
        self,
        store: DocumentStore,
        where: CallSite,
        entries: dict[str, Entry],
        condemned: tuple[int, str, int, int] | None,
    ) -> None:
        self._store = store
        self._where = where
        self._entries = entries
        here = condemned is not None and condemned[:3] == where.place
        self._barred = condemned[3] if condemned is not None and here else -1
        tries = {entry.key.attempt for entry in entries.values()}
        self._tries = sorted((each for each in tries if each < where.attempt), reverse=True)

    async def reply(self, ask: Ask, request: LLMRequest) -> Reply[Any] | None:
        """Return what records say to a logical call.

        Raises:
            MissingTurnError: they end before they do; says with which turn to go on.
        """
        if not self._entries:
            raise MissingTurnError(request, 0)
        if self._find(ask.slot, request, 0, self._where.attempt) is not None:
            return await self._converse(ask, request, self._where.attempt)
        for attempt in self._tries:
            if self._find(ask.slot, request, 0, attempt) is None:
                continue
            if attempt > self._barred and (found := await self._success(ask, request, attempt)):
                return found
            break
        raise MissingTurnError(request, 0)

    async def latest(self, ask: Ask, request: LLMRequest) -> Reply[Any]:
        """Return what the latest try that made this call was told, for a replay.

        Raises:
            MissingTurnError: no try made it.
        """
        for attempt in (self._where.attempt, *self._tries):
            if self._find(ask.slot, request, 0, attempt) is not None:
                return await self._converse(ask, request, attempt)
        raise MissingTurnError(request, 0)

    async def outcome(self, slot: str, request: LLMRequest, turn: int) -> LLMOutcome:
        """Return the recorded outcome of a turn of this try."""
        return await self._outcome(slot, request, turn, self._where.attempt)

    def done(self, name: str) -> Entry | None:
        """Return the record of that id, if it has an outcome."""
        entry = self._entries.get(name)
        return entry if entry is not None and entry.state == DONE else None

    def revision_of(self, name: str) -> str | None:
        """Return the revision of a record without an outcome, which is to be replaced."""
        entry = self._entries.get(name)
        return None if entry is None else entry.revision

    async def _success(self, ask: Ask, request: LLMRequest, attempt: int) -> Reply[Any] | None:
        try:
            found = await self._converse(ask, request, attempt)
        except MissingTurnError:
            return None
        return found if found.failure is None else None

    async def _converse(self, ask: Ask, request: LLMRequest, attempt: int) -> Reply[Any]:
        async def send(request: LLMRequest, turn: int) -> LLMOutcome:
            return await self._outcome(ask.slot, request, turn, attempt)

        return await converse_with(ask, request, send)

    async def _outcome(self, slot: str, request: LLMRequest, turn: int, attempt: int) -> LLMOutcome:
        entry = self._find(slot, request, turn, attempt)
        if entry is None:
            raise MissingTurnError(request, turn)
        return await outcome_of(self._store, entry)

    def _find(self, slot: str, request: LLMRequest, turn: int, attempt: int) -> Entry | None:
        return self.done(self._where.key(slot, turn, request.hash, attempt).id)

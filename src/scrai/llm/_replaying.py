"""Calls of a replay: what was recorded is served, nothing is sent, nothing is booked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrai.data import SIMULATIONS
from scrai.llm._recall import MissingTurnError, Recall
from scrai.llm._recovery import load_pass
from scrai.llm._sites import Ask, CallSite, Settlement
from scrai.llm._structured import Reply
from scrai.llm._types import FailureKind, LLMFailure
from scrai.store import DocumentStore


class ReplayedCalls:
    """The calls of a pass that was committed, answered as they were then.

    Args:
        store, simulation_id: where the records are.
        where: the pass; `attempt` is that of the try that was committed.

    Attributes:
        unrecorded: the slots that asked what was never recorded: the replay went another way.
    """

    def __init__(self, store: DocumentStore, simulation_id: str, where: CallSite) -> None:
        self._store = store
        self._path = f"{SIMULATIONS}/{simulation_id}"
        self._where = where
        self._recall: Recall | None = None
        self.unrecorded: list[str] = []

    @property
    def used(self) -> bool:
        """Whether anything was asked."""
        return self._recall is not None

    async def ask(self, ask: Ask) -> Reply[Any]:
        """Return what a logical call was told; see `ask_all`."""
        return (await self.ask_all([ask]))[0]

    async def ask_all(self, asks: Sequence[Ask]) -> list[Reply[Any]]:
        """Return what logical calls were told; where nothing is recorded, the failure says so."""
        if not asks:
            return []
        if self._recall is None:
            entries = await load_pass(self._store, self._path, self._where.place)
            self._recall = Recall(self._store, self._where, entries, None)
        return [await self._answer(self._recall, ask) for ask in asks]

    async def _answer(self, recall: Recall, ask: Ask) -> Reply[Any]:
        try:
            return await recall.latest(ask, ask.request())
        except MissingTurnError as missing:
            self.unrecorded.append(ask.slot)
            text = f"no record of slot {ask.slot!r}, turn {missing.turn}, with this request"
            return Reply(None, LLMFailure(FailureKind.UNRECORDED, text))

    async def condemn(self) -> None:
        """Nothing is written in a replay."""

    async def settlement(self) -> Settlement:
        """Return an empty settlement: a replay costs nothing."""
        return Settlement()

"""Calls of a replay: what was recorded is served, nothing is sent, nothing is booked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scrai.data import SIMULATIONS
from scrai.errors import PhaseEngineError
from scrai.llm._calls import Calls
from scrai.llm._recall import MissingTurnError, Recall
from scrai.llm._recovery import load_pass
from scrai.llm._sites import Ask, CallSite, Settlement
from scrai.llm._structured import Reply
from scrai.llm._tab import Allow
from scrai.llm._types import CallKey, FailureKind, LLMFailure, LLMOutcome, LLMRequest
from scrai.store import DocumentStore


class _Nobody:
    """The service of a replay, which must never be asked."""

    async def send(
        self,
        request: LLMRequest,
        *,
        provider: str | None = None,
        key: CallKey | None = None,
        allow: Allow | None = None,
    ) -> LLMOutcome:
        raise PhaseEngineError("a replay asks no model")

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        return 0

    def cost(self, outcome: LLMOutcome) -> int | None:
        return 0


class ReplayedCalls(Calls):
    """The calls of a pass that was committed, answered as they were then.

    Args:
        store, simulation_id: where the records are.
        where: the pass; `attempt` is that of the try that was committed.
    """

    def __init__(self, store: DocumentStore, simulation_id: str, where: CallSite) -> None:
        super().__init__(store, simulation_id, where, _Nobody())
        self._simulation = f"{SIMULATIONS}/{simulation_id}"
        self._records: Recall | None = None

    @property
    def used(self) -> bool:
        """Whether anything was asked."""
        return self._records is not None

    async def ask_all(self, asks: Sequence[Ask]) -> list[Reply[Any]]:
        """Return what logical calls were told; where nothing is recorded, the failure says so."""
        if not asks:
            return []
        if self._records is None:
            entries = await load_pass(self._store, self._simulation, self._where.place)
            self._records = Recall(self._store, self._where, entries, None)
        return [await self._answer(self._records, ask) for ask in asks]

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

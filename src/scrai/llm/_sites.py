"""Where calls are made, what is asked there, and what a phase pays for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from scrai.errors import ConflictError
from scrai.llm._tab import Allow
from scrai.llm._types import CallKey, LLMMessage, LLMOutcome, LLMRequest
from scrai.models import CostRecord
from scrai.store import Write

if TYPE_CHECKING:
    from scrai.llm._structured import Structured


class Sender(Protocol):
    """What a service must be able to do for durable calls; `LLMService` can."""

    async def send(
        self,
        request: LLMRequest,
        *,
        provider: str | None = None,
        key: CallKey | None = None,
        allow: Allow | None = None,
    ) -> LLMOutcome:
        """Ask one turn; a remote failure is an outcome.

        Before an attempt that follows a lost one, `allow` says whether the turn may cost so much
        in all.
        """
        ...

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        """Return the most that a turn of one attempt can cost in nano-USD, None if not known."""
        ...

    def cost(self, outcome: LLMOutcome) -> int | None:
        """Return what an outcome did cost in nano-USD without lost attempts, None if not known."""
        ...


@dataclass(frozen=True, slots=True)
class CallSite:
    """The attempt of a phase that makes calls.

    Attributes:
        cycle, phase, passes: the phase's place in history.
        attempt: how often phases of the simulation have failed so far (its `error_count`).
        seed: of the simulation.
        step: the number of the step that the phase will make.
    """

    cycle: int
    phase: str
    passes: int
    attempt: int = 0
    seed: int = 0
    step: int = 0

    def key(self, slot: str, turn: int, request_hash: str, attempt: int | None = None) -> CallKey:
        """Return the key of a call made here, or made here in an earlier attempt."""
        tried = self.attempt if attempt is None else attempt
        phase = str(self.phase)
        return CallKey(self.cycle, phase, self.passes, slot, tried, turn, request_hash)

    @property
    def place(self) -> tuple[int, str, int]:
        """The pass: cycle, phase, passes."""
        return (self.cycle, str(self.phase), self.passes)


@dataclass(frozen=True, slots=True)
class Ask:
    """One logical call: a request, and the repair turns that its reply may need.

    Attributes:
        slot: its name within the phase, such as `act~actor-mayor`; no two calls of a phase
            with the same request may share it. Money is given in the order of slots.
        messages: the conversation.
        structured: the type that the reply must have; None for free text.
        actor_id: on whose behalf; counts against that actor's budget.
        role: which assignment of models answers.
        max_tokens, temperature, top_p, seed, stop: sampling, as in `LLMRequest`.
        embeds: vectors of the messages' texts are asked for, as in `LLMRequest`.
    """

    slot: str
    messages: Sequence[LLMMessage]
    structured: Structured[Any] | None = None
    actor_id: str | None = None
    role: str = "default"
    max_tokens: int = 512
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    embeds: bool = False

    def request(self) -> LLMRequest:
        """Return the request of the first turn."""
        sampling: Mapping[str, Any] = {
            "role": self.role,
            "max_tokens": self.max_tokens,
            "temperature": self.temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": self.stop,
            "embeds": self.embeds,
        }
        if self.structured is None:
            return LLMRequest(tuple(self.messages), **sampling)
        return self.structured.request(self.messages, **sampling)


@dataclass(slots=True)
class Settlement:
    """What the commit of a phase (or of its failed try) must bring for the calls it made.

    Attributes:
        writes: the accounts, under their revisions; they must go into the phase's own commit.
        costs: one record for each turn that was paid for.
        notes: warnings about budgets, and which calls met a limit.
    """

    writes: list[Write] = field(default_factory=list)
    costs: list[CostRecord] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def is_stale(self, error: ConflictError) -> bool:
        """Whether a commit failed because an account changed since: ask for a fresh settlement.

        Else somebody else committed the phase.
        """
        winner = getattr(error.winner, "path", None)
        return winner in {write.path for write in self.writes}

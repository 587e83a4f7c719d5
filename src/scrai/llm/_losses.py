"""Attempts that may have been worked on in vain: what they are booked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from scrai.llm._types import LLMAttempt, LLMOutcome, LLMUsage


@dataclass(frozen=True, slots=True)
class Loss:
    """Attempts of one turn at one model that may have been worked on, and told no cost.

    Attributes:
        provider, model: who was asked for what.
        attempts: how many.
        amount: the most that they can have cost in nano-USD, None where no price is known.
    """

    provider: str
    model: str
    attempts: int
    amount: int | None

    def value(self) -> dict[str, Any]:
        """Return the loss as a JSON object."""
        return asdict(self)


def losses_of(
    outcome: LLMOutcome, cost: Callable[[LLMOutcome], int | None], reserved: int | None
) -> list[Loss]:
    """Return the losses of an outcome, by model.

    Args:
        outcome: how a turn ended, with its attempts.
        cost: what the counted tokens of an outcome cost, None where no price is known.
        reserved: what all of them are booked at together at most; None is any amount. A client
            that asks nobody before it tries again can lose more than that.
    """
    found: dict[tuple[str, str], Loss] = {}
    for each in outcome.attempts:
        if not each.lost:
            continue
        amount = cost(_alone(outcome, each))
        if amount is not None and reserved is not None:
            amount = min(amount, reserved)
            reserved -= amount
        model = (each.provider, each.model)
        before = found.get(model, Loss(*model, 0, 0))
        total = None if amount is None or before.amount is None else before.amount + amount
        found[model] = Loss(*model, before.attempts + 1, total)
    return list(found.values())


def _alone(outcome: LLMOutcome, attempt: LLMAttempt) -> LLMOutcome:
    """Return an outcome that counted what an attempt may have."""
    usage = attempt.usage or LLMUsage()
    return replace(
        outcome, provider=attempt.provider, model=attempt.model, usage=usage, attempts=()
    )

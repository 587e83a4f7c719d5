"""What the attempts of one turn may have cost, and whether there is money for another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from scrai.llm._attempt import AttemptError
from scrai.llm._budget import in_words
from scrai.llm._types import FailureKind, LLMAttempt

Allow: TypeAlias = Callable[[int], Awaitable[bool]]
"""Says whether a turn may cost so many nano-USD in all; what it says yes to is reserved."""
Price: TypeAlias = Callable[[str, str], "int | None"]
"""Returns the most that an attempt can cost, by provider and model; None if nobody knows."""


def _no_price(provider: str, model: str) -> int | None:
    return None


class Tab:
    """The money of one turn, over all of its attempts and providers.

    What is reserved for a turn pays for one attempt. One that may have been worked on, without
    telling what it cost, has used its share up: before another is sent, more must be allowed.

    Args:
        price: what an attempt may cost.
        allow: is asked before another attempt; None where nobody counts.
    """

    __slots__ = ("_allow", "_attempts", "_price")

    def __init__(self, price: Price = _no_price, allow: Allow | None = None) -> None:
        self._price = price
        self._allow = allow
        self._attempts: dict[int, LLMAttempt] = {}

    def note(self, attempts: Iterable[LLMAttempt]) -> None:
        """Take in attempts that were made; each counts once, however often it is told."""
        self._attempts |= {id(each): each for each in attempts if each.lost}

    async def pay(self, provider: str, model: str) -> None:
        """See to it that another attempt can be paid for.

        Raises:
            AttemptError: a budget does not allow it.
        """
        if self._allow is None or not self._attempts:
            return
        lost = sum(self._price(each.provider, each.model) or 0 for each in self._attempts.values())
        price = self._price(provider, model) or 0
        if not await self._allow(lost + price):
            text = (
                f"a budget does not allow another attempt, which may cost {in_words(price)};"
                f" attempts before it may have cost {in_words(lost)}"
            )
            raise AttemptError(FailureKind.BUDGET, text)

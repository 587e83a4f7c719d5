"""Limits on what model calls may cost, in nano-USD: whole numbers, so that sums are exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

from scrai.errors import ConfigurationError

NANO: Final = 1_000_000_000
_MOST: Final = 2**53


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be spent, in nano-USD; None is no limit.

    Attributes:
        simulation: over the whole life of the simulation.
        cycle: in any one cycle.
        actor: by any one actor, over the whole life of the simulation.
        actors: limits of single actors; they go before `actor`.
        batch: the name of a budget that many simulations share, in any number of processes on
            one store.
        batch_limit: what they may spend together.
    """

    simulation: int | None = None
    cycle: int | None = None
    actor: int | None = None
    actors: Mapping[str, int] = field(default_factory=dict)
    batch: str | None = None
    batch_limit: int | None = None

    def __post_init__(self) -> None:
        named = {
            "simulation": self.simulation,
            "cycle": self.cycle,
            "actor": self.actor,
            "batch_limit": self.batch_limit,
        } | {f"actors[{name}]": limit for name, limit in self.actors.items()}
        for name, limit in named.items():
            if limit is not None and not 0 <= limit <= _MOST:
                raise ConfigurationError(f"budget {name} is {limit} nano-USD, not 0 or more")
        if (self.batch is None) is not (self.batch_limit is None):
            raise ConfigurationError(
                "a batch budget needs a name and a limit",
                hint="set both batch and batch_limit, or neither",
            )

    def of_actor(self, actor_id: str | None) -> int | None:
        """Return the limit of an actor, None if it has none."""
        if actor_id is None:
            return None
        return self.actors.get(actor_id, self.actor)

    def limits(self, actor_id: str | None) -> bool:
        """Whether any limit applies to a call on behalf of an actor (or of nobody)."""
        everybody = (self.simulation, self.cycle, self.batch_limit)
        return any(limit is not None for limit in (*everybody, self.of_actor(actor_id)))


def nano(usd: float | str | Decimal) -> int:
    """Return US dollars as nano-USD, rounded down.

    Raises:
        ConfigurationError: not a number, or below zero, or beyond nine million dollars.
    """
    try:
        exact = Decimal(str(usd)) * NANO
        whole = int(exact.to_integral_value(ROUND_FLOOR))
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ConfigurationError(f"{usd!r} is not an amount of US dollars") from error
    if not 0 <= whole <= _MOST:
        raise ConfigurationError(f"{usd!r} is not between 0 and 9,007,199 US dollars")
    return whole


def usd(amount: int) -> float:
    """Return nano-USD as US dollars."""
    return amount / NANO


def in_words(amount: int) -> str:
    """Return an amount for people: `0.0123 USD`."""
    text = f"{Decimal(amount) / NANO:.9f}".rstrip("0")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.ljust(2, '0')} USD"

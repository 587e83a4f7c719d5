"""What tokens cost, in nano-USD: whole numbers, rounded up, so that sums are exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

from scrai.errors import ConfigurationError
from scrai.llm._providers import (
    PROVIDERS,
    REPLAY,
    SCRIPTED,
    WORDLLAMA,
    is_loopback,
    provider_name,
)
from scrai.llm._types import LLMRequest, LLMUsage

NANO: Final = 1_000_000_000
_PER_MILLION: Final = 1000
_FIELDS: Final = ("input", "output", "cached")
_MESSAGE_TOKENS: Final = 16
_REQUEST_TOKENS: Final = 64
_INSTRUCTION_TOKENS: Final = 256
_DEAREST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """Nano-USD for each token."""

    input: Decimal
    output: Decimal | None
    cached: Decimal

    def cost(self, usage: LLMUsage) -> int | None:
        """Return what a usage costs, rounded up; None if a part of it has no price."""
        if self.output is None and usage.output_tokens:
            return None
        cached = min(usage.cached_tokens, usage.input_tokens)
        exact = (
            self.input * (usage.input_tokens - cached)
            + self.cached * cached
            + (self.output or 0) * usage.output_tokens
        )
        return int(exact.to_integral_value(ROUND_CEILING))


class PriceBook:
    """Prices by provider and model: the given ones first, then a list that comes with ScrAI.

    Args:
        overrides: `{"provider/model": {"input": 0.15, "output": 0.6, "cached": 0.075}}`, in USD
            for a million tokens; `provider/*` stands for all models of a provider. `cached` is
            the price of input by default.

    Raises:
        ConfigurationError: a price is no number, or negative.
    """

    def __init__(self, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._rates = {key: _rate(key, value) for key, value in (overrides or {}).items()}

    def cost(
        self,
        provider: str,
        model: str,
        usage: LLMUsage,
        *,
        base_url: str | None = None,
        label: str | None = None,
    ) -> int | None:
        """Return nano-USD, rounded up; None if the price is not known, which is never 0.

        Args:
            provider: its name.
            model: as it was asked for.
            usage: the tokens.
            base_url: where it is: ollama and lmstudio cost nothing on this machine.
            label: what it is called, where that is not its name; overrides may go by either.
        """
        for key in dict.fromkeys((label or provider, provider)):
            rate = self._rates.get(f"{key}/{model}") or self._rates.get(f"{key}/*")
            if rate is not None:
                return rate.cost(usage)
        name = provider_name(provider)
        if name is None:
            return None
        known = PROVIDERS[name]
        if name in (SCRIPTED, REPLAY, WORDLLAMA):
            return 0
        if known.local and is_loopback(base_url or known.base_url or ""):
            return 0
        return _listed(known.prices, model, usage) if known.prices else None


def worst_usage(request: LLMRequest) -> LLMUsage:
    """Return tokens that no honest provider counts beyond: none is shorter than a byte."""
    tokens = _REQUEST_TOKENS + sum(
        len(message.content.encode()) + _MESSAGE_TOKENS for message in request.messages
    )
    if request.schema is not None:
        tokens += request.schema_bytes + _INSTRUCTION_TOKENS
    return LLMUsage(tokens, 0 if request.embeds else request.max_tokens)


def _listed(provider: str, model: str, usage: LLMUsage) -> int | None:
    rate = _listed_rate(provider, model)
    if rate is None or isinstance(rate, Rate):
        return rate.cost(usage) if rate is not None else None
    from genai_prices import Usage

    counted = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=min(usage.cached_tokens, usage.input_tokens),
    )
    price: Decimal = rate.calc_price(counted)["total_price"]
    return int((price * NANO).to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=1024)
def _listed_rate(provider: str, model: str) -> Any:
    """Return what the list says of a model: a Rate, its own object for tiers, None for nothing.

    A price that lacks input is no price: what is not known is not free. One that lacks output is
    that of a model that embeds.
    """
    # A quarter of a second to import: only who asks for a listed price pays for it.
    from genai_prices import Usage, calc_price

    try:
        found = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_id=provider)
    except (LookupError, ValueError):
        return None
    listed = found.model_price
    prices: list[Any] = [
        getattr(listed, f"{name}_mtok", None) for name in ("input", "output", "cache_read")
    ]
    prices[2] = prices[0] if prices[2] is None else prices[2]
    simple = all(price is None or isinstance(price, Decimal) for price in prices)
    if not simple or getattr(listed, "requests_kcount", None) is not None:
        return listed if prices[1] is not None else None
    given, said, cached = (None if price is None else price * _PER_MILLION for price in prices)
    return None if given is None or cached is None else Rate(given, said, cached)


def _rate(key: str, value: Mapping[str, Any]) -> Rate:
    where = f"price of {key}"
    given_value: Any = value
    if (
        "/" not in key
        or not isinstance(given_value, Mapping)
        or not {"input", "output"} <= set(value)
    ):
        raise ConfigurationError(
            f"{where} cannot be read",
            hint='prices look like {"openai/gpt-4o-mini": {"input": 0.15, "output": 0.6}}, in USD '
            "for a million tokens",
        )
    if unknown := sorted(set(value) - set(_FIELDS)):
        raise ConfigurationError(f"{where}: {unknown[0]!r} is none of {', '.join(_FIELDS)}")
    given = {name: _number(where, name, value[name]) for name in value}
    return Rate(given["input"], given["output"], given.get("cached", given["input"]))


def _number(where: str, name: str, value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if isinstance(value, bool) or not number.is_finite() or not 0 <= number <= _DEAREST:
        raise ConfigurationError(f"{where}: {name} must be USD for a million tokens, from 0 up")
    return number * _PER_MILLION

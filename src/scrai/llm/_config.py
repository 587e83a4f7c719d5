"""Which providers are asked, in which order, and how."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scrai.errors import ConfigurationError
from scrai.llm._environment import fields_of_environment, fields_of_spec
from scrai.llm._provider_config import MOST_SECONDS, ProviderConfig, check_range


@dataclass(slots=True)
class LLMServiceConfig:
    """The chain of providers, and who answers whom.

    Attributes:
        primary: asked first; None means what the environment sets up.
        fallbacks: asked in this order when the ones before cannot answer.
        roles: which provider answers a role ("events", "actor:ID", "actor", ...) instead of
            `primary`, as `LLMServiceConfig.from_spec` reads it.
        deadline: seconds that one turn may take in all, retries and fallbacks included, time in
            the queue of our own limits apart.
        prices: overrides of the price list, see `PriceBook`.
    """

    primary: ProviderConfig
    fallbacks: list[ProviderConfig] = field(default_factory=list)
    roles: dict[str, str] = field(default_factory=dict)
    deadline: float = 300.0
    prices: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fallbacks = list(self.fallbacks)
        self.roles = dict(self.roles)
        check_range("the language model service", "deadline", self.deadline, 0.001, MOST_SECONDS)
        for item in (self.primary, *self.fallbacks):
            if not isinstance(item, ProviderConfig):
                raise ConfigurationError(f"a provider is a ProviderConfig, not {item!r:.80}")

    @classmethod
    def from_spec(
        cls,
        spec: str,
        env: Mapping[str, str] | None = None,
        table: Mapping[str, Any] | None = None,
    ) -> LLMServiceConfig:
        """Return the configuration that a short text means.

        Args:
            spec: `scripted`, `ollama/NAME`, `openrouter/VENDOR/MODEL`, `replay:FILE`,
                `http://HOST:PORT/v1#MODEL`; several with commas between them are a chain.
            env: where keys and addresses are looked up, default this process's environment.
            table: settings from a file, as for `from_env`; who is asked is what the text says.

        Raises:
            ConfigurationError: it means nothing; says what would.
        """
        return cls(**fields_of_spec(spec, os.environ if env is None else env, table or {}))

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, table: Mapping[str, Any] | None = None
    ) -> LLMServiceConfig:
        """Return what the environment sets up (`SCRAI_LLM_*`, `OPENROUTER_*`, ...).

        Args:
            env: the variables, default this process's environment.
            table: the same settings from a file (`[llm]` of `scrai.toml`); variables go before.

        Raises:
            ConfigurationError: a variable cannot be used; says which.
        """
        return cls(**fields_of_environment(os.environ if env is None else env, table or {}))

    @property
    def providers(self) -> list[ProviderConfig]:
        """The chain: primary, then fallbacks."""
        return [self.primary, *self.fallbacks]

"""Seeing before anything is asked that nobody could answer."""

from __future__ import annotations

from pathlib import Path

from scrai.errors import ConfigurationError, InvalidInputError
from scrai.llm._config import LLMServiceConfig
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._providers import PROVIDERS, REPLAY, is_loopback, provider_name


def check_ready(config: LLMServiceConfig) -> None:
    """Refuse a chain in which no provider can answer: a key or a recording is missing.

    Nothing is asked; a server that is down is found out when it is spoken to.

    Raises:
        ConfigurationError: every provider lacks its key.
        InvalidInputError: there is no recording of that name.
    """
    for provider in config.providers:
        if provider.name == REPLAY and not Path(provider.model or "").is_file():
            raise InvalidInputError(
                f"there is no recording {provider.model}",
                hint="scrai simulation export ID --cassette --out FILE writes one",
            )
    missing = [_missing_key(provider) for provider in config.providers]
    if missing and all(missing):
        raise ConfigurationError(
            f"{missing[0]} is not set", hint="set it, or try --llm scripted, which needs no key"
        )


def _missing_key(config: ProviderConfig) -> str | None:
    """Return the variable that a provider's key is missing from, None if it needs none."""
    known = PROVIDERS.get(provider_name(config.name) or "")
    if known is None or not known.needs_key or config.api_key:
        return None
    return None if is_loopback(config.base_url or "") else f"{known.prefix}_API_KEY"

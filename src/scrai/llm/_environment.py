"""Configurations from short texts, the environment and a table of `scrai.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, Final

import orjson

from scrai.errors import ConfigurationError
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._providers import (
    COMPATIBLE,
    PROVIDERS,
    REPLAY,
    SCRIPTED,
    known_provider,
    provider_name,
)

PREFIX: Final = "SCRAI_LLM_"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - told as a setting's value
    return value.strip()


def _whole(value: Any) -> int:
    try:
        return int(_text(value)) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError("must be a whole number") from None


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError("must be a number of seconds") from None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except ValueError:
            raise ValueError("must be a JSON object") from None
    if not isinstance(value, Mapping):
        raise ValueError("must be a JSON object")  # noqa: TRY004
    return dict(value)


def _specs(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("must be a list of providers")
    return [part.strip() for part in parts if part.strip()]


_PROVIDER_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "model": _text,
    "base_url": _text,
    "api_key": _text,
    "api_key_header": _text,
    "timeout": _seconds,
    "max_retries": _whole,
    "extra_headers": _object,
    "provider_label": _text,
    "concurrency": _whole,
    "requests_per_minute": _whole,
    "tokens_per_minute": _whole,
    "max_reply_bytes": _whole,
}
_SERVICE_FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "fallbacks": _specs,
    "roles": _object,
    "deadline": _seconds,
    "prices": _object,
}
SETTINGS: Final = ("provider", *_PROVIDER_FIELDS, *_SERVICE_FIELDS)
"""What `SCRAI_LLM_*` and the table `[llm]` of `scrai.toml` may set."""


def fields_of_environment(env: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `SCRAI_LLM_*` and a table set up, as fields of LLMServiceConfig.

    The environment goes first. Without a provider, the chain is every provider that has variables
    of its own.
    """
    found = _found(env, table)
    provider = found.pop("provider", None)
    own = {name: found.pop(name) for name in _PROVIDER_FIELDS if name in found}
    specs = found.pop("fallbacks", None)
    if provider is None and (own.keys() & {"base_url", "api_key"}):
        if "base_url" not in own:
            raise ConfigurationError(
                "SCRAI_LLM_API_KEY is set, but not whose key it is",
                hint="set SCRAI_LLM_PROVIDER, or SCRAI_LLM_BASE_URL",
            )
        provider = COMPATIBLE
    if provider is None:
        names = [item.name for item in PROVIDERS.values() if _is_set_up(item.prefix, env)]
        provider, *rest = names or ["openrouter"]
        specs = rest if specs is None else specs
    primary = provider_of_spec(provider, env, "SCRAI_LLM_PROVIDER")
    fallbacks = [provider_of_spec(spec, env, "SCRAI_LLM_FALLBACKS") for spec in specs or ()]
    return {"primary": filled(replace(primary, **own), env), "fallbacks": fallbacks, **found}


def fields_of_spec(spec: str, env: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chain that a short text means, as fields of LLMServiceConfig.

    The text says who is asked; how they are asked (timeout, limits, prices) is what is set up.
    """
    parts = [spec] if spec.strip().startswith(f"{REPLAY}:") else spec.split(",")
    found = _found(env, table)
    manner = {name: found[name] for name in _MANNER if name in found}
    chain = [replace(provider_of_spec(part, env, "the language model"), **manner) for part in parts]
    shared: dict[str, Any] = {name: found[name] for name in ("deadline", "prices") if name in found}
    return {"primary": chain[0], "fallbacks": chain[1:], **shared}


_MANNER: Final = (
    "timeout",
    "max_retries",
    "concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "max_reply_bytes",
)
"""Settings of a provider that hold whoever it is."""


def provider_of_spec(spec: str, env: Mapping[str, str], where: str) -> ProviderConfig:
    """Return the provider that a short text means, with what the environment knows of it."""
    text = spec.strip()
    if text.startswith(("http://", "https://")):
        url, _, model = text.partition("#")
        return ProviderConfig(COMPATIBLE, model=model or None, base_url=url)
    if text.startswith(f"{REPLAY}:"):
        path = text.removeprefix(f"{REPLAY}:")
        if not path:
            raise ConfigurationError(f"{where}: replay: names no file", hint="replay:FILE.jsonl")
        return ProviderConfig(REPLAY, model=path)
    name, _, model = text.partition("/")
    known = known_provider(name, where)
    if known.name == REPLAY:
        raise ConfigurationError(f"{where}: replay needs a file", hint="replay:FILE.jsonl")
    if known.name == SCRIPTED and model:
        raise ConfigurationError(f"{where}: the scripted provider has no models")
    return filled(ProviderConfig(known.name, model=model or None), env)


def filled(config: ProviderConfig, env: Mapping[str, str]) -> ProviderConfig:
    """Return a provider's configuration with what its own variables and defaults add."""
    name = provider_name(config.name)
    if name is None:
        return config
    known = PROVIDERS[name]

    def looked_up(field: str) -> str | None:
        if known.prefix is None:
            return None
        return (env.get(f"{known.prefix}_{field}") or "").strip() or None

    return replace(
        config,
        name=name,
        provider_label=config.provider_label,
        model=config.model or looked_up("MODEL") or known.model,
        base_url=config.base_url or looked_up("BASE_URL") or known.base_url,
        api_key=config.api_key or looked_up("API_KEY"),
    )


def _found(env: Mapping[str, str], table: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: (value, f"scrai.toml: llm.{name}") for name, value in table.items()}
    given |= {
        name.removeprefix(PREFIX).lower(): (value, name)
        for name, value in env.items()
        if name.startswith(PREFIX) and value.strip()
    }
    return {name: _read(name, value, where) for name, (value, where) in given.items()}


def _read(name: str, value: Any, where: str) -> Any:
    read = {"provider": _text, **_PROVIDER_FIELDS, **_SERVICE_FIELDS}.get(name)
    if read is None:
        near = get_close_matches(name, SETTINGS, n=2)
        raise ConfigurationError(
            f"{where} is no setting of the language models",
            hint=f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(SETTINGS)}",
        )
    try:
        return read(value)
    except ValueError as problem:
        raise ConfigurationError(f"{where} {problem}") from None


def _is_set_up(prefix: str | None, env: Mapping[str, str]) -> bool:
    names = ("API_KEY", "BASE_URL", "MODEL")
    return prefix is not None and any((env.get(f"{prefix}_{n}") or "").strip() for n in names)

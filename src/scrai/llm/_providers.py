"""The providers that are known by name."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final
from urllib.parse import urlsplit

from scrai.errors import ConfigurationError

SCRIPTED: Final = "scripted"
REPLAY: Final = "replay"
WORDLLAMA: Final = "wordllama"
COMPATIBLE: Final = "openai-compatible"


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider beforehand.

    Attributes:
        name: how it is called.
        base_url: where it is, unless something else is said; None must be said.
        model: which model is asked by default; None asks the first that it lists.
        prefix: of its environment variables `..._API_KEY`, `..._MODEL`, `..._BASE_URL`.
        needs_key: whether it takes no request without a key, unless it is on this machine.
        local: whether it usually runs on this machine and then costs nothing.
        prices: its name in the price list, None if it is not there.
        probe: what is asked to learn whether a key is good.
    """

    name: str
    base_url: str | None = None
    model: str | None = None
    prefix: str | None = None
    needs_key: bool = False
    local: bool = False
    prices: str | None = None
    probe: str = "/models"


PROVIDERS: Final[dict[str, Provider]] = {
    item.name: item
    for item in (
        Provider(
            "openrouter",
            "https://openrouter.ai/api/v1",
            "openai/gpt-4o-mini",
            "OPENROUTER",
            needs_key=True,
            prices="openrouter",
            probe="/key",
        ),
        Provider(
            "openai",
            "https://api.openai.com/v1",
            "gpt-4o-mini",
            "OPENAI",
            needs_key=True,
            prices="openai",
        ),
        Provider("lmstudio", "http://localhost:1234/v1", None, "LM_STUDIO", local=True),
        Provider("lm_proxy", "http://localhost:4000/v1", None, "LM_PROXY"),
        Provider("ollama", "http://localhost:11434/v1", None, "OLLAMA", local=True),
        Provider(COMPATIBLE),
        Provider(SCRIPTED, model="scripted (not a model)"),
        Provider(REPLAY),
        Provider(WORDLLAMA, model="l2_supercat_256"),
    )
}

_ALIASES: Final = {
    "lm-studio": "lmstudio",
    "lm_studio": "lmstudio",
    "lm-proxy": "lm_proxy",
    "lmproxy": "lm_proxy",
    "openai_compatible": COMPATIBLE,
}


def provider_name(text: str) -> str | None:
    """Return the known name that a text means, None if there is none."""
    name = text.strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in PROVIDERS else None


def known_provider(text: str, where: str) -> Provider:
    """Return the provider of a name.

    Raises:
        ConfigurationError: there is none; it names what is near.
    """
    if (name := provider_name(text)) is not None:
        return PROVIDERS[name]
    near = get_close_matches(text.lower(), [*PROVIDERS, *_ALIASES], n=2)
    raise ConfigurationError(
        f"{where}: there is no provider {text!r:.80}",
        hint=f"did you mean {' or '.join(near)}?" if near else f"one of {', '.join(PROVIDERS)}",
    )


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    host = (urlsplit(url).hostname or "").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_url(url: str, where: str) -> str:
    """Return a base URL without a slash at its end.

    Raises:
        ConfigurationError: it is no plain http(s) URL. Keys in it are refused, because URLs are
            logged.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host or port == 0 or " " in url.strip():
        raise ConfigurationError(
            f"{where}: the base URL is no http or https address",
            hint="it looks like http://localhost:1234/v1",
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{where}: the base URL must not carry a user, a query or a fragment",
            hint="give the key as api_key; it is sent in a header",
        )
    return url.strip().rstrip("/")

"""One provider and how it is spoken to."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

from scrai.errors import ConfigurationError
from scrai.llm._providers import check_url
from scrai.llm._secret import Secret

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_MOST_RETRIES: Final = 20
MOST_SECONDS: Final = 86_400


@dataclass(slots=True)
class ProviderConfig:
    """One provider and how it is spoken to.

    Attributes:
        name: openrouter, openai, lmstudio, lm_proxy, ollama, openai-compatible, scripted,
            replay, or the name of a client that is given to the service.
        model: which model; by default the provider's own, see the documentation. For replay the
            file of the recording.
        base_url: overrides where the provider is.
        api_key: by default from the provider's own environment variable. It is sent to
            `base_url` and nowhere else, and never shown.
        api_key_header: the header that carries it; `Authorization` puts `Bearer` before it.
        timeout: seconds that one attempt may take, from connecting to the last byte.
        max_retries: attempts after the first, where another may help.
        extra_headers: sent with every request.
        provider_label: what it is called in outcomes, records and errors; default its name.
        concurrency: requests under way at once.
        requests_per_minute, tokens_per_minute: bounds of any minute; None is none. When the
            provider says that they are too many (429), they come down by themselves for a while.
        max_reply_bytes: a reply is read up to here; one that goes on is refused.

    Raises:
        ConfigurationError: a value cannot be used.
    """

    name: str
    model: str | None = None
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    api_key_header: str = "Authorization"
    timeout: float = 30
    max_retries: int = 3
    extra_headers: dict[str, str] = field(default_factory=dict, repr=False)
    provider_label: str | None = None
    concurrency: int = 32
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_reply_bytes: int = 4 << 20

    def __post_init__(self) -> None:
        name: Any = self.name
        if not isinstance(name, str) or not name.strip():
            raise ConfigurationError("a provider needs a name")
        where = f"provider {self.label}"
        if self.base_url is not None:
            self.base_url = check_url(self.base_url, where)
        self.api_key = _key(self.api_key, where)
        _check_header(self.api_key_header, "", where)
        self.extra_headers = dict(self.extra_headers)
        for name, value in self.extra_headers.items():
            _check_header(name, value, where)
        check_range(where, "timeout", self.timeout, 0.001, MOST_SECONDS)
        _check_whole(where, "max_retries", self.max_retries, 0, _MOST_RETRIES)
        _check_whole(where, "concurrency", self.concurrency, 1, 10_000)
        _check_whole(where, "max_reply_bytes", self.max_reply_bytes, 1024, 1 << 30)
        for name in ("requests_per_minute", "tokens_per_minute"):
            if (value := getattr(self, name)) is not None:
                _check_whole(where, name, value, 1, 1 << 40)

    @property
    def label(self) -> str:
        """What the provider is called."""
        return self.provider_label or self.name


def _key(value: str | None, where: str) -> Secret | None:
    if value is None:
        return None
    plain = value.reveal() if isinstance(value, Secret) else str(value)
    if not plain.strip():
        return None
    if not (plain.strip().isascii() and plain.strip().isprintable()):
        raise ConfigurationError(f"{where}: the API key has characters that no header carries")
    return Secret(plain.strip())


def _check_header(name: Any, value: Any, where: str) -> None:
    if not isinstance(name, str) or not _HEADER.match(name):
        raise ConfigurationError(f"{where}: {name!r:.60} is no name of a header")
    good = isinstance(value, str) and all(c == "\t" or c.isprintable() for c in value)
    if not good or not value.isascii():
        raise ConfigurationError(f"{where}: the value of header {name} must be plain ASCII text")


def check_range(where: str, name: str, value: Any, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not low <= value <= high:
        raise ConfigurationError(
            f"{where}: {name} must be from {low:g} to {high:g} seconds, not {value!r:.40}"
        )


def _check_whole(where: str, name: str, value: Any, low: int, high: int) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not low <= value <= high:
        raise ConfigurationError(
            f"{where}: {name} must be a whole number from {low} to {high}, not {value!r:.40}"
        )

"""Every setting: its name, how it is read, and what it is for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "SCRAI_"
MASK: Final = "********"
_SHOWN: Final = 60
MOST_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: as in `scrai.toml`; in the environment `SCRAI_` and the name in capitals.
        meaning: what it is for, in a few words.
        parse: turns a given value into the setting's, or raises ValueError ("must be ...").
        aliases: variables of other programs that are looked at when ours is not set.
        backend: the one backend that looks at it, None if all do.
        secret: whether the value may be one that must not be shown.
    """

    name: str
    meaning: str
    parse: Callable[[Any], Any]
    aliases: tuple[str, ...] = ()
    backend: str | None = None
    secret: bool = False

    @property
    def variable(self) -> str:
        """The setting's own environment variable."""
        return f"{PREFIX}{self.name.upper()}"

    def shown(self, value: Any) -> Any:
        """Return a value as it may be printed: text, a number, None, or a mask."""
        if self.secret and value is not None and not _is_file(str(value)):
            return MASK
        return str(value) if isinstance(value, Path) else value

    def quoted(self, value: Any) -> str:
        """Return a refused value as an error message may show it."""
        return MASK if self.secret else repr(value)[:_SHOWN]


def _is_file(text: str) -> bool:
    """Whether a text is the path of a file. Keys themselves get pasted into variables, too."""
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def one_of(*words: str) -> Callable[[Any], str]:
    """Return a parser that takes these words in any case."""

    def parse(value: Any) -> str:
        word = value.strip().lower() if isinstance(value, str) else value
        if word not in words:
            near = get_close_matches(str(word), words, n=1)
            close = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"must be one of {', '.join(words)}{close}")
        return str(word)

    return parse


def text(value: Any) -> str:
    """Parse a text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text that is not empty")
    return value.strip()


def path(value: Any) -> Path:
    """Parse the path of a file."""
    given = text(str(value) if isinstance(value, Path) else value)
    if "\0" in given:
        raise ValueError("must be a path")
    return Path(given).expanduser()


def seconds(value: Any) -> float:
    """Parse a positive, finite number of seconds."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ValueError("must be a positive number of seconds")
    return number


def count(value: Any) -> int:
    """Parse a whole number of at least 1."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < MOST_DIGITS:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("must be a whole number of at least 1")
    return value


_SPECS: Final = (
    Setting("backend", "where data are kept", one_of("sqlite", "firestore", "memory")),
    Setting("db", "the sqlite file", path, backend="sqlite"),
    Setting(
        "synchronous",
        "sqlite: full also survives power cuts",
        one_of("normal", "full"),
        backend="sqlite",
    ),
    Setting(
        "project_id",
        "the Google Cloud project",
        text,
        ("GOOGLE_CLOUD_PROJECT",),
        backend="firestore",
    ),
    Setting("database", "the Firestore database", text, backend="firestore"),
    Setting(
        "credentials",
        "key file of a service account; default: Google's usual places",
        text,
        backend="firestore",
        secret=True,
    ),
    Setting(
        "emulator_host",
        "host:port of a Firestore emulator",
        text,
        ("FIRESTORE_EMULATOR_HOST",),
        backend="firestore",
    ),
    Setting("lease_seconds", "silence after which another worker takes over", seconds),
    Setting("max_consecutive_failures", "failed tries of a phase before status error", count),
)

SPECS: Final = {spec.name: spec for spec in _SPECS}
"""All settings by name, in the order in which they are shown."""

"""Settings: what may be set, to what, and where each value came from.

Defaults give way to `scrai.toml`, that to `.env`, that to the environment, and that to the flags
of a command line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scrai.errors import ConfigurationError
from scrai.runtime._llm_settings import TABLE, LlmSettings
from scrai.runtime._setting_specs import SPECS, Setting
from scrai.runtime._sources import Found, from_environment, from_toml

_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Settings:
    """How a runtime is put together.

    Attributes:
        backend: sqlite, firestore or memory.
        db: the sqlite file. By default it lies in the working folder, beside the scenarios it
            belongs to: it can be seen, copied and deleted, and two folders do not mix.
        synchronous: normal survives the end of any process, full also power cuts.
        project_id, database, credentials, emulator_host: where and as whom Firestore is used.
        lease_seconds: how long a worker may be silent before another takes over.
        max_consecutive_failures: failed tries of a phase before its simulation is in error.
        sources: where each value came from, by name; what is not there is a default.
        llm: what is known of language models; only simulations with minds look at it.
    """

    backend: str = "sqlite"
    db: Path = Path("scrai.db")
    synchronous: str = "normal"
    project_id: str | None = None
    database: str = "(default)"
    credentials: str | None = None
    emulator_host: str | None = None
    lease_seconds: float = 30.0
    max_consecutive_failures: int = 3
    sources: Mapping[str, str] = field(default_factory=dict)
    llm: LlmSettings = field(default_factory=LlmSettings)

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] = _NONE,
        *,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Settings:
        """Gather the settings that hold here.

        Args:
            flags: values given on a command line, by name; None means not given.
            environ: the environment, default this process's.
            folder: where `scrai.toml` and `.env` are looked for, default the working folder.

        Raises:
            ConfigurationError: a name is unknown, or a value cannot be used; says where it is.
        """
        environ = os.environ if environ is None else environ
        folder = Path() if folder is None else folder
        found: dict[str, Found] = from_toml(environ, folder)
        table = found.pop(TABLE, None)
        found |= from_environment(environ, folder)
        found |= {
            name: Found(value, f"--{name.replace('_', '-')}")
            for name, value in flags.items()
            if value is not None
        }
        values = {name: _checked(SPECS[name], item) for name, item in found.items()}
        sources = {name: item.source for name, item in found.items()}
        llm = LlmSettings.load(table.value if table else {}, environ, folder)
        settings = cls(**values, sources=sources, llm=llm)
        settings.refuse_idle_flags()
        return settings

    def refuse_idle_flags(self) -> None:
        """Refuse flags that the chosen backend would not look at: they were meant for another.

        Raises:
            ConfigurationError: it names the backend that the flag belongs to.
        """
        for name, source in self.sources.items():
            owner = SPECS[name].backend
            if source.startswith("--") and owner not in (None, self.backend):
                raise ConfigurationError(
                    f"{source} has no effect on the {self.backend} backend",
                    hint=f"add --backend {owner}",
                )

    def describe(self) -> list[dict[str, Any]]:
        """Return name, value, source and meaning of every setting; secrets are masked."""
        return [
            {
                "name": name,
                "value": spec.shown(getattr(self, name)),
                "source": self.sources.get(name, "default"),
                "meaning": spec.meaning,
            }
            for name, spec in SPECS.items()
        ]


def _checked(spec: Setting, item: Found) -> Any:
    try:
        return spec.parse(item.value)
    except ValueError as problem:
        raise ConfigurationError(
            f"{item.source}: {spec.name} {problem}, not {spec.quoted(item.value)}"
        ) from None

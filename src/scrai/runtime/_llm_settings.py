"""What is set up about language models: the table `[llm]` of scrai.toml, and the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scrai.errors import ConfigurationError
from scrai.runtime._sources import LLM_TABLE, read_env_file

if TYPE_CHECKING:
    from scrai.llm import LLMServiceConfig

TABLE: Final = LLM_TABLE
ENVIRONMENT: Final = "env"


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """What is known of language models where a runtime runs.

    Attributes:
        table: the table `[llm]` of scrai.toml.
        variables: the environment over `.env`; keys are in it, so it is never shown.
    """

    table: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, str] | None = field(default=None, repr=False)

    @classmethod
    def load(cls, table: Any, environ: Mapping[str, str], folder: Path) -> LlmSettings:
        """Check a table and gather the variables.

        Raises:
            ConfigurationError: the table is none, or names an unknown setting.
        """
        if not isinstance(table, Mapping):
            raise ConfigurationError(f"{TABLE} in scrai.toml is a table: [{TABLE}]")
        if table:
            from scrai.llm import SETTINGS

            for name in table:
                if name not in SETTINGS:
                    near = get_close_matches(name, SETTINGS, n=2)
                    hint = f"did you mean {' or '.join(near)}?" if near else ", ".join(SETTINGS)
                    raise ConfigurationError(
                        f"scrai.toml: there is no setting {TABLE}.{name}", hint=hint
                    )
        return cls(table, {**read_env_file(folder / ".env"), **environ})

    def service_config(self, spec: str, roles: Mapping[str, str]) -> LLMServiceConfig:
        """Return the configuration that a short text means here; `env` means what is set up.

        Raises:
            ConfigurationError: it means nothing, or a setting cannot be used.
        """
        from scrai.llm import LLMServiceConfig

        if spec == ENVIRONMENT:
            config = LLMServiceConfig.from_env(self.variables, self.table)
        else:
            config = LLMServiceConfig.from_spec(spec, self.variables, self.table)
        config.roles = {**config.roles, **roles}
        return config

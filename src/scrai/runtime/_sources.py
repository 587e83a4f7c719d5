"""Where settings come from: `scrai.toml`, `.env` and the environment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from scrai.errors import ConfigurationError
from scrai.runtime._setting_specs import PREFIX, SPECS

CONFIG_VARIABLE: Final = "SCRAI_CONFIG"
LLM_TABLE: Final = "llm"
LLM_PREFIX: Final = "SCRAI_LLM_"
_OTHERS: Final = frozenset(
    {CONFIG_VARIABLE, "SCRAI_DISABLE_PLUGINS", "SCRAI_FIRESTORE_EMULATOR_JAR"}
)
"""Variables of ours that are no settings."""

_LINE: Final = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*
        (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>[^\s#]*(?:[ \t]+[^\s#]+)*))
        \s*(?:\#.*)?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it was found."""

    value: Any
    source: str


def from_toml(environ: Mapping[str, str], folder: Path) -> dict[str, Found]:
    """Return what the settings file says; the one in the folder need not be there."""
    import tomllib

    named = environ.get(CONFIG_VARIABLE)
    file = Path(named).expanduser() if named else folder / "scrai.toml"
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        if named:
            raise ConfigurationError(f"{CONFIG_VARIABLE}: there is no file {named}") from None
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"{file}: {problem}") from None
    except OSError as problem:
        raise ConfigurationError(f"{file}: {problem.strerror}") from None
    for name in values:
        if name not in SPECS and name != LLM_TABLE:
            raise _unknown(f"{file}: there is no setting {name!r}", name, [*SPECS, LLM_TABLE])
    return {name: Found(_beside(file, name, value), str(file)) for name, value in values.items()}


def _beside(file: Path, name: str, value: Any) -> Any:
    """A relative path in a settings file is relative to that file, wherever we were started."""
    is_path = name == "db" and isinstance(value, str) and value.strip()
    return str(file.parent / Path(value).expanduser()) if is_path else value


def from_environment(environ: Mapping[str, str], folder: Path) -> dict[str, Found]:
    """Return what the environment says, and `.env` where the environment says nothing.

    A variable of ours in either goes before one of another program in either.
    """
    file = read_env_file(folder / ".env")
    known = {spec.variable for spec in SPECS.values()} | _OTHERS
    for variables, where in ((environ, ""), (file, " in .env")):
        for name in sorted(variables):
            if not name.startswith(PREFIX) or name in known:
                continue
            if not _is_of_llm(name) and not _is_of_world(name):
                raise _unknown(f"{name}{where} is no setting", name, known)
    found = {}
    for spec in SPECS.values():
        for name in (spec.variable, *spec.aliases):
            if environ.get(name, "").strip():
                found[spec.name] = Found(environ[name], name)
            elif file.get(name, "").strip():
                found[spec.name] = Found(file[name], f"{name} in .env")
            else:
                continue
            break
    return found


def _is_of_llm(name: str) -> bool:
    """Say whether a variable is a setting of language models; raise if it is nearly one."""
    if not name.startswith(LLM_PREFIX):
        return False
    from scrai.llm import SETTINGS

    known = [f"{LLM_PREFIX}{each.upper()}" for each in SETTINGS]
    if name not in known:
        raise _unknown(f"{name} is no setting", name, known)
    return True


def _is_of_world(name: str) -> bool:
    """Say whether a variable is a world's own: SCRAI_, the world's key in capitals, and more."""
    from scrai.scenarios import create_default_scenario_service

    keys = create_default_scenario_service().registry.keys()
    return any(name.startswith(f"{PREFIX}{key.upper()}_") for key in keys)


def read_env_file(file: Path) -> dict[str, str]:
    """Return the variables of a `.env` file; raises ConfigurationError naming the bad line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationError(f"{file}: cannot be read ({problem})") from None
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ConfigurationError(
                f"{file}, line {number}: not of the form NAME=value",
                hint="put values with spaces, quotes or # into quotes",
            )
        found[match["name"]] = _value(match)
    return found


def _value(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(r"\\(.)", lambda item: _ESCAPES.get(item[1], item[1]), match["double"])
    return str(match["single"] if match["single"] is not None else match["bare"])


_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


def _unknown(message: str, name: str, known: Iterable[str]) -> ConfigurationError:
    near = get_close_matches(name, sorted(known), n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(known))}"
    return ConfigurationError(message, hint=hint)

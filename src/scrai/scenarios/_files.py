"""Scenario files and folders: which world one belongs to, told by what is in it.

The core knows no world: it shows each scenario the beginning of the file, and one says that the
file is of its kind.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scrai._paths import place_in
from scrai.errors import ScenarioError
from scrai.scenarios._scenario import Scenario

if TYPE_CHECKING:
    import yaml

SUFFIXES: Final = (".yaml", ".yml", ".json")
HEAD: Final = 64 * 1024
"""So many bytes of a file are shown to the scenarios."""


def is_file_spec(spec: str) -> bool:
    """Say whether `spec` names a scenario file, by its suffix, or a folder, by a slash."""
    return spec.endswith((*SUFFIXES, "/"))


def recognise(spec: str, scenarios: Iterable[tuple[str, Scenario]]) -> tuple[str, Scenario]:
    """Return key and scenario of the one world that a file or folder belongs to.

    Raises:
        ScenarioError: it cannot be read, is no text, or not exactly one world takes it.
    """
    path = Path(spec)
    head = _head(path)
    found = [(key, each) for key, each in scenarios if each.recognises(path, head)]
    if not found:
        _check_text(spec, head)
        raise ScenarioError(
            f"{spec:.200}: no world knows files like this",
            hint="scrai generate writes one for the exchange; scrai scenario list shows all worlds",
        )
    if len(found) > 1:
        keys = ", ".join(key for key, _ in found)
        raise ScenarioError(f"{spec:.200}: several worlds take this file: {keys}")
    return found[0]


def _check_text(spec: str, head: str) -> None:
    """Say where a file that no world knows breaks off being YAML, or JSON, as no world can."""
    import json

    import yaml

    try:
        if spec.endswith(".json") and len(head) < HEAD:
            json.loads(head)
        elif spec.endswith(SUFFIXES):
            deque(yaml.parse(head, Loader=yaml.SafeLoader), maxlen=0)
    except json.JSONDecodeError as problem:
        raise ScenarioError(f"{spec:.200}:{problem.lineno}: not JSON: {problem.msg}") from None
    except yaml.MarkedYAMLError as problem:
        line, words = _place(problem)
        if len(head) < HEAD or line < head.count("\n"):  # else it is broken where we cut it off
            raise ScenarioError(f"{spec:.200}:{line}: not YAML: {words}") from None
    except (yaml.YAMLError, RecursionError):
        pass


def _place(problem: yaml.MarkedYAMLError) -> tuple[int, str]:
    """Return the line where the parser gave up, and its words, with where that began."""
    mark, begun = problem.problem_mark or problem.context_mark, problem.context_mark
    line = mark.line + 1 if mark else 1
    words = problem.problem or problem.context or "cannot be read"
    if begun and problem.context and begun.line + 1 != line:
        words += f" ({problem.context} that begins in line {begun.line + 1})"
    return line, " ".join(words.split())


def _head(path: Path) -> str:
    """Return the beginning of a file as text; nothing for a folder."""
    try:
        if path.is_dir():
            return ""
        with path.open("rb") as file:
            data = file.read(HEAD)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise ScenarioError(f"cannot read {str(path)[:200]}: {why}") from None
    if b"\0" in data:
        raise ScenarioError(f"{str(path)[:200]} is no text: byte {data.index(0)} is 0")
    return data.decode("utf-8", "replace")


def merged(base: Any, over: Any, path: tuple[str, ...] = ()) -> Any:
    """Return `base` with `over` laid upon it: maps key by key, lists place by place.

    A map of numbers over a list changes those places; anything else replaces what was there.

    Raises:
        InvalidInputError: a number is no place of its list.
    """
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        both = {key: copy.deepcopy(value) for key, value in base.items() if key not in over}
        return both | {
            key: merged(base.get(key), value, (*path, key)) for key, value in over.items()
        }
    if isinstance(base, list) and isinstance(over, Mapping) and _are_places(over):
        places = {place_in(base, key, (*path, key)): value for key, value in over.items()}
        return [
            merged(item, places.get(place, item), (*path, str(place)))
            for place, item in enumerate(base)
        ]
    return copy.deepcopy(over)


def _are_places(over: Mapping[str, Any]) -> bool:
    return bool(over) and all(key.isdecimal() for key in over)

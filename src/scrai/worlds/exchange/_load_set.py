"""`--set key=value` on a scenario document: dotted keys, values as YAML 1.2."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._yaml12 import YamlError, parse, scalar


def with_settings(document: Mapping[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a document with assignments made, in their order.

    A number in a path is a place in a list. Whether key and value are right is for the validator
    to say.

    Raises:
        InvalidInputError: one is not of the form key=value, or leads nowhere.
    """
    made: dict[str, Any] = copy.deepcopy(dict(document))
    for text in settings:
        key, found, value = text.partition("=")
        path = key.strip().split(".")
        if not found or not all(path):
            raise InvalidInputError(
                f"--set {text[:60]!r} is not of the form key=value",
                hint="such as --set params.spread=.05",
            )
        _assign(made, path, read_value(value, f"--set {key.strip()[:60]}"))
    return made


def read_value(text: str, where: str) -> Any:
    """Return what a value means; raises InvalidInputError if it is no YAML."""
    stripped = text.strip()
    if stripped[:1].isalnum() or stripped[:1] in ("", "-", "+", "."):
        plain = scalar(stripped)
        if not isinstance(plain, str):
            return plain
    try:
        return parse(text).value
    except YamlError as problem:
        raise InvalidInputError(f"{where}: {problem.message}") from None


def _assign(root: dict[str, Any], path: list[str], value: Any) -> None:
    here: Any = root
    for depth, name in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(here, list):
            place = _place(here, name, path)
            if last:
                here[place] = value
            else:
                here = here[place]
        elif isinstance(here, dict):
            if last:
                here[name] = value
                continue
            if here.get(name) is None:
                here[name] = {}
            here = here[name]
        else:
            raise InvalidInputError(
                f"--set {'.'.join(path)}: {'.'.join(path[:depth])} is neither a map nor a list"
            )


def _place(here: list[Any], name: str, path: list[str]) -> int:
    if not name.isdecimal() or int(name) >= len(here):
        raise InvalidInputError(
            f"--set {'.'.join(path)}: there is no place {name!r} in a list of {len(here)}",
            hint="places are counted from 0",
        )
    return int(name)

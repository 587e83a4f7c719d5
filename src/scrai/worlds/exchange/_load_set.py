"""`--set key=value` on a scenario document: dotted keys, values as YAML 1.2."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from scrai._paths import assign, split_assignment
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
        path, value = split_assignment(text, "--set", "params.spread=.05")
        assign(made, path, read_value(value, f"--set {'.'.join(path)[:60]}"))
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

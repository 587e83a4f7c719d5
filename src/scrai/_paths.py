"""Dotted paths into maps and lists, as `--set` takes them: assigning, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from scrai.errors import InvalidInputError


def split_assignment(text: str, option: str, example: str) -> tuple[list[str], str]:
    """Split `a.b=value` into the path and the text of the value; raises InvalidInputError."""
    key, found, value = text.partition("=")
    path = key.strip().split(".")
    if not found or not all(path):
        raise InvalidInputError(
            f"{option} {text[:60]!r} is not of the form key=value",
            hint=f"such as {option} {example}",
        )
    return path, value


def assign(root: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Put a value at a path; a number leads into a list, and a map that is missing is made.

    Raises:
        InvalidInputError: the path leads nowhere.
    """
    here: Any = root
    for depth, name in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(here, list):
            place = place_in(here, name, path)
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


def place_in(here: Sequence[Any], name: str, path: Sequence[str]) -> int:
    """Return the place that a part of a path names in a list; raises InvalidInputError."""
    if not name.isdecimal() or int(name) >= len(here):
        raise InvalidInputError(
            f"--set {'.'.join(path)}: there is no place {name!r} in a list of {len(here)}",
            hint="places are counted from 0",
        )
    return int(name)


MISSING: Final = object()
"""Stands where one of several documents has nothing."""

_MOST_PLACES: Final = 4


def differences(documents: Sequence[Any]) -> list[tuple[str, list[Any]]]:
    """Return (path, values) of every place at which documents differ, in the order of its keys.

    A list that differs in many places, or in length, is one place. Numbers that are equal are the
    same, whether they are written 1 or 1.0; a truth value is no number.
    """
    return list(_differing(documents, ()))


def _differing(values: Sequence[Any], path: tuple[str, ...]) -> Iterable[tuple[str, list[Any]]]:
    if all(_same(values[0], value) for value in values[1:]):
        return []
    here = [(".".join(path), list(values))]
    if _all_of(values, Mapping):
        keys = dict.fromkeys(key for value in values for key in value)
        parts = [_under(values, key, (*path, str(key))) for key in keys]
        return [each for part in parts for each in part]
    if _all_of(values, list) and len({len(value) for value in values}) == 1:
        places = [_under(values, key, (*path, str(key))) for key in range(len(values[0]))]
        found = [each for part in places for each in part]
        return found if len(found) <= _MOST_PLACES else here
    return here


def _all_of(values: Sequence[Any], kind: Any) -> bool:
    return all(isinstance(value, kind) for value in values)


def _under(
    values: Sequence[Any], key: Any, path: tuple[str, ...]
) -> Iterable[tuple[str, list[Any]]]:
    inner = [value[key] if isinstance(value, list) else value.get(key, MISSING) for value in values]
    # A map that only some have is told key by key, so that the paths are those of `--set`.
    maps = [value for value in inner if value is not MISSING]
    if _all_of(maps, Mapping):
        inner = [{} if value is MISSING else value for value in inner]
    return _differing(inner, path)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)

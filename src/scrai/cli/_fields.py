"""The fields of an entity as they are given: a file, inline data, options, assignments."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scrai.errors import InvalidInputError, UsageError

MOST_BYTES: Final = 2_000_000
"""More than a document may hold (1 MiB), also when it is written with much space."""


@dataclass(frozen=True, slots=True)
class Given:
    """Fields, and the text in which some of them were given.

    Attributes:
        fields: all of them.
        where: the file, `stdin` or `--data`; None if there is no text.
        text: what it says.
        told: the top-level fields that it gives and nothing else has changed.
    """

    fields: dict[str, Any]
    where: str | None = None
    text: str = ""
    told: frozenset[str] = frozenset()

    @contextmanager
    def placing(self, kind: str) -> Iterator[None]:
        """Let errors about the fields of an entity say where in the text they are."""
        from pydantic import ValidationError

        try:
            yield
        except InvalidInputError as error:
            cause = error.__cause__
            if self.where is None or not isinstance(cause, ValidationError):
                raise
            raise InvalidInputError(self._placed(cause, kind), hint=error.hint) from cause

    def _placed(self, error: Any, kind: str) -> str:
        from scrai.cli._places import Places
        from scrai.data import MODELS
        from scrai.models import explain

        places, lines = Places(self.text), []
        problems = explain(error, kind[:-1], MODELS[kind])
        for problem, detail in zip(problems, error.errors(include_url=False), strict=True):
            path = detail["loc"]
            ours = detail["type"] == "missing" or (bool(path) and path[0] in self.told)
            place = places.find(path) if ours else None
            where = f"{self.where}, {place}: " if place else f"{self.where}: " if ours else ""
            lines.append(where + problem)
        return "; ".join(lines)


def gather(
    file: str | None,
    data: str | None,
    options: Mapping[str, Any],
    assignments: Sequence[str] | None,
) -> Given:
    """Return the fields: those of the file or data, over them options, over them assignments.

    Raises:
        UsageError: both a file and data are given.
        InvalidInputError: a file cannot be read, or does not hold one map.
    """
    from scrai.runtime import assigned

    if file is not None and data is not None:
        raise UsageError("--file and --data exclude each other")
    where = "--data" if data is not None else "stdin" if file == "-" else file and file[:200]
    text = _content(file) if file is not None else data or ""
    read = _map_in(text, where) if where is not None else {}
    chosen = {name: value for name, value in options.items() if value is not None}
    fields = assigned(read | chosen, assignments or ())
    told = frozenset(name for name, value in read.items() if fields[name] == value)
    return Given(fields, where, text, told)


def _content(file: str) -> str:
    where = "stdin" if file == "-" else file
    try:
        raw = sys.stdin.buffer if file == "-" else Path(file).open("rb")  # noqa: SIM115
        with raw:
            found = raw.read(MOST_BYTES + 1)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot read {where[:200]}: {why}") from None
    if len(found) > MOST_BYTES:
        raise InvalidInputError(
            f"{where[:200]} has over {MOST_BYTES:,} bytes",
            hint="an entity is one document of at most 1,048,576 bytes",
        )
    try:
        return found.decode()
    except UnicodeDecodeError as problem:
        raise InvalidInputError(f"{where[:200]}: not UTF-8 text at byte {problem.start}") from None


def _map_in(text: str, where: str) -> dict[str, Any]:
    """Return the one map that a text holds, as JSON or YAML."""
    import json

    from scrai.runtime import parse_value

    try:
        # JSON first: it is a hundred times as fast, and says where a mistake is.
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
    except json.JSONDecodeError as problem:
        if text.lstrip()[:1] in {"{", "["}:
            place = f"line {problem.lineno}, column {problem.colno}"
            raise InvalidInputError(f"{where}, {place}: not JSON: {problem.msg}") from None
        value = parse_value(text, where)
    except RecursionError:
        raise InvalidInputError(f"{where}: nested too deeply") from None
    except ValueError as problem:
        raise InvalidInputError(f"{where}: {problem}") from None
    if not isinstance(value, dict):
        raise InvalidInputError(f"{where} holds no map of fields")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a map; of two values for one key, neither can be meant."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice[:60]!r} is there twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number that JSON has")

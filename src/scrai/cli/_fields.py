"""The fields of an entity as they are given: a file, inline data, options, assignments."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from scrai.errors import InvalidInputError, UsageError

MOST_BYTES: Final = 2_000_000
"""More than a document may hold (1 MiB), also when it is written with much space."""


def gather(
    file: str | None,
    data: str | None,
    options: Mapping[str, Any],
    assignments: Sequence[str] | None,
) -> dict[str, Any]:
    """Return the fields: those of the file or data, over them options, over them assignments.

    Raises:
        UsageError: both a file and data are given.
        InvalidInputError: a file cannot be read, or does not hold one map.
    """
    from scrai.runtime import assigned

    if file is not None and data is not None:
        raise UsageError("--file and --data exclude each other")
    fields: dict[str, Any] = {}
    if file is not None:
        fields = _map_in(_content(file), "stdin" if file == "-" else file)
    elif data is not None:
        fields = _map_in(data, "--data")
    fields |= {name: value for name, value in options.items() if value is not None}
    return assigned(fields, assignments or ())


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
        value = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as problem:
        if text.lstrip()[:1] in {"{", "["}:
            raise InvalidInputError(
                f"{where}: not JSON: {problem.msg} at line {problem.lineno}, column {problem.colno}"
            ) from None
        value = parse_value(text, where)
    except RecursionError:
        raise InvalidInputError(f"{where}: nested too deeply") from None
    except ValueError as problem:
        raise InvalidInputError(f"{where}: {problem}") from None
    if not isinstance(value, dict):
        raise InvalidInputError(f"{where} holds no map of fields")
    return value


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number that JSON has")

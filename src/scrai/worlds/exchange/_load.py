"""Scenario files of the exchange: told from others, read, checked."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._load_set import with_settings
from scrai.worlds.exchange._load_spec import spec_of
from scrai.worlds.exchange._schema_check import check_document
from scrai.worlds.exchange._schema_report import Problem, around
from scrai.worlds.exchange._spec import ExchangeSpec
from scrai.worlds.exchange._yaml12 import Parsed, YamlError, parse
from scrai.worlds.exchange._yaml12 import Path as Place

LARGEST_FILE: Final = 16 * 1024 * 1024
"""In bytes; larger files are refused unread."""

MOST_TOLD: Final = 200
_MARKS: Final = re.compile(
    r"""^[ \t]*\{?[ \t]*["']?(N|agents|utilities|initial_inventories|resource_seed)["']?[ \t]*:""",
    re.MULTILINE,
)
_ENOUGH: Final = 2


class OddScenarioWarning(UserWarning):
    """Something in a scenario file works, but can hardly be meant."""


def looks_like(head: str) -> bool:
    """Say whether a text begins like a scenario of the exchange: by its keys."""
    return len(set(_MARKS.findall(head))) >= _ENOUGH


def read_document(path: Path, cycles: int = 10) -> dict[str, Any]:
    """Return the document in a scenario file, as plain values.

    What is odd is warned of (`OddScenarioWarning`).

    Args:
        path: the file.
        cycles: how long a run is thought to be, for what is odd.

    Raises:
        InvalidInputError: all that is wrong with the file, each with its line, in `problems`.
    """
    text = read_text(path)
    return checked_text(text, str(path), cycles)


def load_exchange(path: str | Path, seed: int = 0, settings: Iterable[str] = ()) -> ExchangeSpec:
    """Return the economy of a scenario file, everything drawn and expanded per agent.

    Args:
        path: the file.
        seed: what chance depends on.
        settings: changes as after `--set`, such as `"params.spread=.05"`.

    Raises:
        InvalidInputError: all that is wrong with the file or the changes, in `problems`.
    """
    document = read_document(Path(path))
    changed = with_settings(document, settings)
    if changed != document:
        check_configuration(changed, f"{path} with --set")
    return spec_of(changed, seed)


def read_text(path: Path) -> str:
    """Return the text of a file; one that is too large is not read.

    Raises:
        InvalidInputError: there is none, it is too large, or no text.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise InvalidInputError(
                f"{path}: {size:,} bytes are too many for a scenario",
                hint=f"at most {LARGEST_FILE:,}; a mix of utilities and uniform_int save room",
            )
        data = path.read_bytes()
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot read {path}: {why}") from None
    return decoded(data, str(path))


def decoded(data: bytes, file: str) -> str:
    """Return bytes as text; raises InvalidInputError if they are none."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InvalidInputError(
            f"{file}: no text: byte {problem.start} is 0x{data[problem.start]:02x}",
            hint="a scenario is YAML in UTF-8",
        ) from None


def checked_text(text: str, file: str, cycles: int = 10) -> dict[str, Any]:
    """Return the document in a text; see `read_document`."""
    found = _parsed(lambda: parse(text), file)
    report = check_document(found.value, cycles)
    errors = [Problem(path, words) for path, _, words in found.doubled] + report.errors
    lines = _lines(text, [*errors, *report.warnings])
    lines_of_doubled = {path: line for path, line, _ in found.doubled}
    if errors:
        raise refusal(file, errors, {**lines, **lines_of_doubled})
    for each in report.warnings:
        warnings.warn(each.told(file, lines), OddScenarioWarning, stacklevel=3)
    document: dict[str, Any] = found.value
    return document


def check_configuration(document: Any, name: str = "scenario") -> None:
    """Refuse a document that did not come straight from a file; it has no lines.

    Raises:
        InvalidInputError: all that is wrong with it, in `problems`.
    """
    report = check_document(document)
    if report.errors:
        raise refusal(name, report.errors, {})


def refusal(file: str, errors: list[Problem], lines: Mapping[Place, int]) -> InvalidInputError:
    """Return the error that tells all errors of a document."""
    told = sorted(errors, key=lambda each: lines.get(each.path, 0)) if lines else errors
    listed = [each.told(file, dict(lines)) for each in told[:MOST_TOLD]]
    if len(errors) == 1:
        return InvalidInputError(listed[0], problems=listed)
    if len(errors) > MOST_TOLD:
        listed.append(f"{file}: and {len(errors) - MOST_TOLD:,} more")
    return InvalidInputError(f"{file}: {len(errors):,} errors", problems=listed)


def _parsed(read: Callable[[], Parsed], file: str) -> Parsed:
    try:
        return read()
    except YamlError as problem:
        where = f"{file}:{problem.line}" if problem.line else file
        raise InvalidInputError(f"{where}: {problem.message}") from None


def _lines(text: str, problems: list[Problem]) -> dict[Place, int]:
    """Return the lines of the places of problems, by reading the text once more."""
    return parse(text, around(problems)).lines if problems else {}

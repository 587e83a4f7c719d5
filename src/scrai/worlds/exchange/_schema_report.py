"""What is wrong with a scenario file, and what is merely odd: gathered, then told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

from scrai.worlds.exchange._yaml12 import Path

_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or odd at a place of a document."""

    path: Path
    text: str

    def told(self, file: str, lines: dict[Path, int]) -> str:
        """Return it as a line: file, line, place, what is wrong."""
        line = line_of(self.path, lines)
        place = dotted(self.path)
        words = f"{place}: {self.text}" if place else self.text
        return f"{file}:{line}: {words}" if line else f"{file}: {words}"


@dataclass(slots=True)
class Report:
    """The findings of a check.

    Attributes:
        errors: what makes the document unusable.
        warnings: what works but can hardly be meant.
    """

    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    _spoilt: set[Path] = field(default_factory=set)

    def error(self, path: Path, text: str) -> None:
        """Add an error."""
        self.errors.append(Problem(path, text))
        self._spoilt.update(path[:end] for end in range(len(path) + 1))

    def warn(self, path: Path, text: str) -> None:
        """Add a warning."""
        self.warnings.append(Problem(path, text))

    def spoilt(self, *path: str | int) -> bool:
        """Say whether a place, or one within it, has an error: what follows from it is moot."""
        return path in self._spoilt


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """Return the line of a place, or of the nearest one around it."""
    for end in range(len(path), -1, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def around(problems: Iterable[Problem]) -> set[Path]:
    """Return the places whose lines tell where the problems are."""
    return {each.path[:end] for each in problems for end in range(len(each.path) + 1)}


def dotted(path: Path) -> str:
    """Return a path as it is written after `--set`."""
    return ".".join(str(part)[:_LONGEST] for part in path)


def shown(value: Any) -> str:
    """Return a value for a message, cut short."""
    if isinstance(value, dict | list):
        return "a map" if isinstance(value, dict) else "a list"
    words = {None: "nothing", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return words[value]
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def near(word: str, known: Iterable[str]) -> str:
    """Return what to write instead of an unknown word: what is near it, or all there is."""
    names = list(known)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(word.lower()[:_LONGEST], lowered, n=2, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(lowered[each] for each in close)}?"
    return f"there are {', '.join(names)}"

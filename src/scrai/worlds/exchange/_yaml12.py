"""YAML 1.2 as plain values, with the line of every place when one is asked for.

Read event by event: no object is ever made by a tag, nothing is shared by an alias, and a document
that is nested too deeply ends where it becomes so. By the core schema of version 1.2 `1e-12` is a
number, and `off`, `no` and `08:30` are text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Where something stands in a document: keys of maps and places in lists, from 0."""

MOST_NESTED: Final = 40
_LONGEST_INT: Final = 40
_WORDS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("~", "null", "Null", "NULL", ""), None),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INT: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")


class YamlError(ValueError):
    """A text is no YAML that we take.

    Attributes:
        line: where, from 1; None if that is unknown.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(slots=True)
class Parsed:
    """A document.

    Attributes:
        value: maps, lists, text, numbers, truth values and None.
        doubled: path, line and text of each key that stands twice, or is none.
        lines: the line, from 1, of each place that was asked for and exists.
    """

    value: Any = None
    doubled: list[tuple[Path, int, str]] = field(default_factory=list)
    lines: dict[Path, int] = field(default_factory=dict)


def scalar(text: str) -> Any:
    """Return what a plain scalar means by the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        # Longer ones are too large for anything here; Python limits how long they may be.
        return int(text) if len(text) <= _LONGEST_INT else float(text)
    if _BASED.fullmatch(text):
        return int(text, 0) if len(text) <= _LONGEST_INT else float("inf")
    return float(text) if _FLOAT.fullmatch(text) else text


def parse(text: str, wanted: Collection[Path] = ()) -> Parsed:
    """Return the one document in `text`.

    Args:
        wanted: the places whose lines are needed.

    Raises:
        YamlError: it is not YAML, or uses tags, aliases or several documents.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(yaml.parse(text, Loader=loader), wanted).document()
    except yaml.YAMLError as problem:
        raise _told(problem) from None
    except RecursionError:
        raise YamlError("nested too deeply") from None


def _told(problem: Any) -> YamlError:
    mark = getattr(problem, "problem_mark", None)
    words = getattr(problem, "problem", None) or getattr(problem, "reason", None) or problem
    return YamlError(f"not YAML: {' '.join(str(words).split())}", mark.line + 1 if mark else None)


class _Builder:
    """Builds the value from the parser's events."""

    def __init__(self, events: Iterator[Any], wanted: Collection[Path]) -> None:
        self.events = events
        self.wanted = set(wanted)
        self.found = Parsed()
        self.makers: dict[str, Callable[[Any, Path], Any]] = {
            "ScalarEvent": self._scalar,
            "MappingStartEvent": self._map,
            "SequenceStartEvent": self._list,
            "AliasEvent": self._alias,
        }

    def document(self) -> Parsed:
        """Read all events."""
        event = self._next("StreamStartEvent")
        event = next(self.events)
        if type(event).__name__ == "StreamEndEvent":
            return self.found
        self.found.value = self._value(next(self.events), ())
        self._next("DocumentEndEvent")
        event = next(self.events)
        if type(event).__name__ != "StreamEndEvent":
            self._refuse(event, "a second document begins here; a file holds one")
        return self.found

    def _next(self, kind: str) -> Any:
        event = next(self.events)
        if type(event).__name__ != kind:
            self._refuse(event, f"unexpected {type(event).__name__}")
        return event

    def _refuse(self, event: Any, text: str) -> NoReturn:
        raise YamlError(text, event.start_mark.line + 1)

    def _value(self, event: Any, path: Path) -> Any:
        if len(path) > MOST_NESTED:
            self._refuse(event, f"nested more than {MOST_NESTED} deep")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, f"tags ({event.tag[:40]}) are not taken")
        if path not in self.found.lines:  # a key has its own line already
            self._mark(event, path)
        return self.makers[type(event).__name__](event, path)

    def _mark(self, event: Any, path: Path) -> None:
        if path in self.wanted:
            self.found.lines[path] = event.start_mark.line + 1

    def _alias(self, event: Any, path: Path) -> NoReturn:
        self._refuse(event, f"aliases (*{event.anchor[:40]}) are not taken; write it out")

    def _scalar(self, event: Any, path: Path) -> Any:
        return event.value if event.style else scalar(event.value)

    def _list(self, event: Any, path: Path) -> list[Any]:
        made: list[Any] = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            made.append(self._value(event, (*path, len(made))))
        return made

    def _map(self, event: Any, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            if type(event).__name__ != "ScalarEvent" or event.tag is not None:
                self._refuse(event, "a key must be plain text")
            key = str(event.value)
            place = (*path, key)
            if key in made:
                line = event.start_mark.line + 1
                self.found.doubled.append((place, line, "stands twice in this map"))
            else:
                self._mark(event, place)
            made[key] = self._value(next(self.events), place)
        return made

"""`key=value` as people write it: dotted keys, values as YAML 1.2 understands them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from scrai._paths import assign, split_assignment
from scrai.errors import InvalidInputError

MAX_YAML: Final = 2_000_000


def parse_value(text: str, where: str) -> Any:
    """Return what a YAML value means: 3, 0.5, true, null, [a, b], {x: 1}, "text", or text.

    Only what YAML 1.2 calls so is a number or a bool: `no`, `08:30` and `2024-01-01` are text.

    Raises:
        InvalidInputError: it is not YAML, in one line.
    """
    import yaml

    if len(text) > MAX_YAML:
        raise InvalidInputError(f"{where}: the value has {len(text):,} characters, over 2,000,000")
    try:
        return _plain(yaml.load(text, Loader=_loader()), where)  # noqa: S506 - a safe loader
    except yaml.YAMLError as problem:
        told = " ".join(str(getattr(problem, "problem", None) or problem).split())
        mark = getattr(problem, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidInputError(
            f"{where}{place}: not YAML: {told}",
            hint="put text with special characters into double quotes",
        ) from None
    except RecursionError:
        raise InvalidInputError(f"{where}: nested too deeply") from None
    except ValueError as problem:
        raise InvalidInputError(f"{where}: {problem}") from None


def _plain(value: Any, where: str) -> Any:
    """Refuse keys and values that JSON has not: tags such as !!set and !!binary make them."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise InvalidInputError(f"{where}: the key {key!r} is not text")
        return {key: _plain(item, where) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, where) for item in value]
    if value is not None and not isinstance(value, str | int | float):
        raise InvalidInputError(f"{where}: a {type(value).__name__} is no value that JSON has")
    return value


_LOADER: list[Any] = []


def _loader() -> Any:
    """Return a safe loader that resolves what YAML 1.2's core schema does."""
    if not _LOADER:
        import yaml

        class Core(yaml.SafeLoader):
            """YAML without the surprises of version 1.1, and without aliases."""

            yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

            def compose_node(self, parent: Any, index: Any) -> Any:
                if self.check_event(yaml.AliasEvent):
                    mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                    raise yaml.MarkedYAMLError(None, None, "aliases (*name) are not taken", mark)
                return super().compose_node(parent, index)

            def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
                seen: set[str] = set()
                for key, _ in node.value:
                    if isinstance(key, yaml.ScalarNode) and key.value in seen:
                        told = f"the key {key.value[:60]!r} is there twice"
                        raise yaml.MarkedYAMLError(None, None, told, key.start_mark)
                    seen.add(str(key.value))
                return super().construct_mapping(node, deep)

        for tag, pattern, first in _CORE:
            Core.add_implicit_resolver(
                f"tag:yaml.org,2002:{tag}", re.compile(f"(?:{pattern})$"), first
            )
        _LOADER.append(Core)
    return _LOADER[0]


_CORE: Final = (
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+",
        list("-+0123456789."),
    ),
)


def parse_assignment(text: str, option: str = "--set") -> tuple[list[str], Any]:
    """Split `a.b=value` into the path and the value; raises InvalidInputError."""
    path, value = split_assignment(text, option, "price=3")
    return path, parse_value(value, f"{option} {'.'.join(path)[:60]}")


def parse_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Return the nested map that assignments build from nothing."""
    return assigned({}, texts)


def assigned(base: Mapping[str, Any], texts: Iterable[str]) -> dict[str, Any]:
    """Return a copy of a map with assignments made; a number in a path is a place in a list.

    Raises:
        InvalidInputError: a text is malformed, or its path leads through something that is no map
            and no list; names all of them.
    """
    result: dict[str, Any] = copy.deepcopy(dict(base))
    problems: list[InvalidInputError] = []
    for text in texts:
        try:
            path, value = parse_assignment(text)
            assign(result, path, value)
        except InvalidInputError as problem:
            problems.append(problem)
    if problems:
        together = "; ".join(problem.message for problem in problems)
        raise InvalidInputError(together, hint=problems[0].hint)
    return result

"""A scenario document as YAML: easily read, quickly written, the same bytes everywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from scrai.worlds.exchange._yaml12 import scalar

_WIDTH: Final = 96
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# Words that readers of YAML 1.1 take for true or false; N, our key, they do not in practice.
_WORDS: Final = frozenset({"yes", "no", "on", "off"})
_HIDDEN: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


def emit(document: Mapping[str, Any], comment: str = "") -> str:
    """Return a document as YAML.

    Maps are blocks, lists of simple values are wrapped, an entry of any other list is one line.
    """
    head = f"# {comment}\n" if comment else ""
    return head + "".join(f"{line}\n" for line in _map(document, ""))


def _map(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        name = f"{indent}{_text(key)}:"
        if isinstance(item, Mapping) and item:
            yield name
            yield from _map(item, f"{indent}  ")
        elif isinstance(item, list) and item:
            yield from _list(name, item, indent)
        else:
            yield f"{name} {_flow(item)}"


def _list(name: str, value: list[Any], indent: str) -> Iterator[str]:
    if any(isinstance(item, Mapping | list) for item in value):
        yield name
        for item in value:
            yield f"{indent}  - {_flow(item)}"
        return
    line = f"{name} ["
    for place, item in enumerate(value):
        word = _flow(item) + ("]" if place == len(value) - 1 else ",")
        if len(line) + len(word) + 1 > _WIDTH:
            yield line
            line = f"{indent}   "
        line += word if line.endswith("[") else f" {word}"
    yield line


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_text(k)}: {_flow(item)}" for k, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _number(value)


def _number(value: float) -> str:
    """Return the shortest form that reads as the same number, by YAML 1.1 and 1.2."""
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


def _text(value: str) -> str:
    word = value.lower() in _WORDS
    if _PLAIN.fullmatch(value) and not word and isinstance(scalar(value), str):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)

"""JSON schemas as providers take them: references inlined, objects closed, sizes bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from scrai.errors import InvalidInputError
from scrai.llm._types import Json

MAX_ITEMS: Final = 64
MOST_CHARACTERS: Final = 2000
"""Grammars of llama.cpp refuse more repetitions than this."""
_MAX_NODES: Final = 20_000
_NOISE: Final = frozenset({"title", "default", "examples", "discriminator", "$schema", "$id"})
_MAPS: Final = ("properties", "patternProperties")
_LISTS: Final = ("anyOf", "allOf", "prefixItems")


def wire_schema(schema: Json, *, max_string: int) -> Json:
    """Return the schema that is sent: everything a strict mode asks for, nothing it refuses.

    References are written out, except recursive ones, which stay under `$defs`. Objects take no
    further properties and require all of theirs. Strings, arrays and maps that know no bound get
    one. Titles and defaults go.

    Raises:
        InvalidInputError: a reference leads nowhere, or the schema is far too big.
    """
    return _Wire(schema, max_string).made()


class _Wire:
    def __init__(self, schema: Json, max_string: int) -> None:
        self._root = schema
        self._definitions: Json = schema.get("$defs") or {}
        self._max_string = max_string
        self._kept: Json = {}
        self._nodes = 0

    def made(self) -> Json:
        body: Json = self._node({k: v for k, v in self._root.items() if k != "$defs"}, ())
        # A recursive definition is converted once and referred to from then on.
        pending = list(self._kept)
        while pending:
            name = pending.pop()
            self._kept[name] = self._node(self._definitions[name], (name,))
            pending += [name for name, value in self._kept.items() if value is None]
        if self._kept:
            body["$defs"] = dict(sorted(self._kept.items()))
        return body

    def _node(self, node: Any, above: tuple[str, ...]) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise InvalidInputError("the schema of a reply has too many parts")
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return self._reference(node, above)
        if len(node.get("allOf", ())) == 1:
            return self._node({**node["allOf"][0], **_without(node, {"allOf"})}, above)
        made = {key: value for key, value in node.items() if key not in _NOISE}
        if "oneOf" in made:
            made["anyOf"] = made.pop("oneOf")
        self._children(made, above)
        return self._bounded(made)

    def _reference(self, node: Json, above: tuple[str, ...]) -> Any:
        name = str(node["$ref"]).removeprefix("#/$defs/")
        if name not in self._definitions:
            raise InvalidInputError(f"the schema has no {node['$ref']!r:.80}")
        if name in above or self._recursive(name):
            self._kept.setdefault(name, None)
            return {"$ref": f"#/$defs/{name}"}
        return self._node({**self._definitions[name], **_without(node, {"$ref"})}, (*above, name))

    def _recursive(self, name: str) -> bool:
        seen: set[str] = set()
        pending = list(_references(self._definitions[name]))
        while pending:
            if (found := pending.pop()) not in seen:
                seen.add(found)
                pending += _references(self._definitions.get(found))
        return name in seen

    def _children(self, made: Json, above: tuple[str, ...]) -> None:
        for key in _MAPS:
            if key in made:
                made[key] = {name: self._node(value, above) for name, value in made[key].items()}
        for key in _LISTS:
            if key in made:
                made[key] = [self._node(value, above) for value in made[key]]
        for key in ("items", "additionalProperties", "propertyNames", "contains"):
            if key in made:
                made[key] = self._node(made[key], above)

    def _bounded(self, made: Json) -> Json:
        kind = made.get("type")
        fixed = "enum" in made or "const" in made
        if kind == "string" and not fixed and "pattern" not in made and "format" not in made:
            made.setdefault("maxLength", self._max_string)
        if kind == "array" and "prefixItems" not in made:
            made.setdefault("maxItems", max(MAX_ITEMS, made.get("minItems", 0)))
        if kind == "object" and "properties" in made:
            made.setdefault("additionalProperties", False)
            if made["additionalProperties"] is False:
                made["required"] = list(made["properties"])
        elif kind == "object" and "additionalProperties" in made:
            made.setdefault("maxProperties", max(MAX_ITEMS, made.get("minProperties", 0)))
        return made


def longest_string(schema: Any) -> int:
    """Return the greatest `maxLength` anywhere in a schema, 0 if there is none."""
    return max((node.get("maxLength", 0) for node in _nodes(schema)), default=0)


def is_strict(schema: Json) -> bool:
    """Say whether every object of a schema is closed and requires all of its properties."""
    objects = [node for node in _nodes(schema) if node.get("type") == "object"]
    return all(
        node.get("additionalProperties") is False
        and set(node.get("required", ())) == set(node.get("properties", ()))
        for node in objects
    )


def _without(node: Json, names: set[str]) -> Json:
    return {key: value for key, value in node.items() if key not in names}


def _references(value: Any) -> Iterator[str]:
    for node in _nodes(value):
        if isinstance(reference := node.get("$ref"), str):
            yield reference.removeprefix("#/$defs/")


def _nodes(value: Any) -> Iterator[Json]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            yield item
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)

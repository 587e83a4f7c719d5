"""A value for any JSON schema that pydantic writes, drawn from a `Source`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import orjson

from scrai.errors import ConfigurationError
from scrai.llm._draws import Source, sentence
from scrai.llm._patterns import NoMatchError, matching
from scrai.llm._types import Json

_DEEP: Final = 4
_SPREAD: Final = 100
_SOME_ITEMS: Final = 3
_USUAL_LENGTH: Final = 60
_INT_LIMIT: Final = 2**63 - 1
_TRIES: Final = 20
_HEX: Final = "0123456789abcdef"


class _NoValueError(Exception):
    """There is no value, or none that can be found here."""


def made_up(schema: Json, source: Source) -> Any:
    """Return a JSON value that matches the schema.

    Raises:
        ConfigurationError: none was found: the schema contradicts itself, is endless, or has a
            pattern that is not understood.
    """
    try:
        return _Maker(schema, source).value(schema, 0, "")
    except _NoValueError as error:
        raise ConfigurationError(
            f"the scripted provider finds no reply for the schema: {error}",
            hint="lay the reply down: ScriptedClient(replies={slot: ...})",
        ) from None


class _Maker:
    def __init__(self, root: Json, source: Source) -> None:
        self._definitions: Json = root.get("$defs", {})
        self._source = source

    def value(self, node: Any, depth: int, name: str) -> Any:
        """Return a value for one part of the schema; `name` is the property that it is for."""
        if node is False:
            raise _NoValueError(f"nothing is allowed for {name or 'the reply'}")
        node = self._resolved(node if isinstance(node, dict) else {})
        if "const" in node:
            return node["const"]
        if "enum" in node:
            return self._source.choice(node["enum"])
        if "anyOf" in node or "oneOf" in node:
            return self._alternative(node, depth, name)
        kind = node.get("type", _implied(node))
        if isinstance(kind, list):
            kind = self._source.choice(kind)
        make: Callable[[Json, int, str], Any] = getattr(self, f"_{kind}")
        return make(node, depth, name)

    def _resolved(self, node: Json) -> Json:
        for _ in range(_SPREAD):
            if "$ref" in node:
                target = self._definitions.get(str(node["$ref"]).removeprefix("#/$defs/"))
                if target is None:
                    raise _NoValueError(f"{node['$ref']!r:.80} leads nowhere")
                node = _merged(target, {k: v for k, v in node.items() if k != "$ref"})
            elif "allOf" in node:
                parts, rest = node["allOf"], {k: v for k, v in node.items() if k != "allOf"}
                for part in parts:
                    rest = _merged(self._resolved(part), rest)
                node = rest
            else:
                return node
        raise _NoValueError("references go round in circles")

    def _alternative(self, node: Json, depth: int, name: str) -> Any:
        rest = {k: v for k, v in node.items() if k not in ("anyOf", "oneOf")}
        options = self._source.shuffled(node.get("anyOf") or node["oneOf"])
        if any(isinstance(item, dict) and item.get("type") == "number" for item in options):
            # This is how a decimal is told: as a text it would have to be of digits.
            options.sort(key=_is_text)
        if depth >= _DEEP:
            options.sort(key=lambda item: self._height(item, ()))
        problem: Exception = _NoValueError(f"no alternative for {name}")
        for option in options:
            if self._height(option, ()) == math.inf:
                continue
            try:
                return self.value(_merged(self._resolved(option), rest), depth, name)
            except _NoValueError as error:
                problem = error
        raise problem

    def _height(self, node: Any, above: tuple[str, ...]) -> float:
        """Return how deep the shallowest value goes, infinity if it never ends."""
        if not isinstance(node, dict) or len(above) > _SPREAD:
            return 0.0
        if (reference := node.get("$ref")) is not None:
            if reference in above:
                return math.inf
            name = str(reference).removeprefix("#/$defs/")
            return self._height(self._definitions.get(name), (*above, reference))
        options = node.get("anyOf", node.get("oneOf"))
        if options:
            return min(self._height(item, above) for item in options)
        inner = [node["properties"][k] for k in node.get("required", ()) if k in _props(node)]
        inner += node.get("prefixItems", []) + node.get("allOf", [])
        inner += [node.get("items")] if node.get("minItems") else []
        return max((1 + self._height(item, above) for item in inner), default=0.0)

    def _object(self, node: Json, depth: int, _: str) -> Json:
        properties = _props(node)
        required = set(node.get("required", ()))
        made = {
            key: self.value(part, depth + 1, key)
            for key, part in properties.items()
            if key in required or (depth < _DEEP and self._height(part, ()) < math.inf)
        }
        for key in sorted(required - set(made)):
            made[key] = self.value(node.get("additionalProperties", {}), depth + 1, key)
        return self._filled(made, node, depth)

    def _filled(self, made: Json, node: Json, depth: int) -> Json:
        """Add the further properties of a map, as many as it must or may have."""
        open_part = node.get("additionalProperties", not node.get("properties"))
        low = node.get("minProperties", 0)
        usual = 0 if depth >= _DEEP or node.get("properties") else 2
        wanted = min(max(low, usual), node.get("maxProperties", _SPREAD))
        if open_part is False:
            return made
        names = node.get("propertyNames") or {"type": "string", "maxLength": 12}
        for _ in range(wanted * _TRIES):
            if len(made) >= wanted:
                break
            key = self.value({"type": "string", **names}, depth + 1, "key")
            if key not in made:
                made[key] = self.value(open_part, depth + 1, key)
        if len(made) < low:
            raise _NoValueError(f"too few names for {low} properties")
        return made

    def _array(self, node: Json, depth: int, name: str) -> list[Any]:
        first = [self.value(part, depth + 1, name) for part in node.get("prefixItems", ())]
        low, items = node.get("minItems", 0), node.get("items", not first)
        high = node.get("maxItems", max(low, _SOME_ITEMS))
        if items is False or (depth >= _DEEP and low <= len(first)):
            return first
        if self._height(items, ()) == math.inf:
            return first
        size = self._source.integer(low, max(low, min(high, low + _SOME_ITEMS)))
        size = max(size, min(1, high)) if depth < _DEEP else low
        rest = self._items(node, items, size - len(first), low - len(first), depth + 1, name)
        return first + rest

    def _items(
        self, node: Json, items: Any, size: int, low: int, depth: int, name: str
    ) -> list[Any]:
        if (answers := self._each_once(items, size)) is not None:
            return [self.value(part, depth, name) for part in answers]
        if not node.get("uniqueItems"):
            return [self.value(items, depth, name) for _ in range(size)]
        part = self._resolved(items if isinstance(items, dict) else {})
        if "enum" in part:
            found = self._source.shuffled(part["enum"])[:size]
        else:
            tries = [self.value(items, depth, name) for _ in range(size * _TRIES)]
            found = list({orjson.dumps(item): item for item in tries}.values())[:size]
        if len(found) < low:
            raise _NoValueError(f"too few different items for {name}")
        return found

    def _each_once(self, items: Any, size: int) -> list[Json] | None:
        """Return an item for each value, where items carry an id out of exactly `size` ids."""
        part = self._resolved(items if isinstance(items, dict) else {})
        for key, inner in _props(part).items():
            values = self._resolved(inner if isinstance(inner, dict) else {}).get("enum", ())
            if 1 < len(values) == size and key in part.get("required", ()):
                return [
                    {**part, "properties": {**part["properties"], key: {"const": value}}}
                    for value in values
                ]
        return None

    def _string(self, node: Json, _: int, name: str) -> str:
        low, high = node.get("minLength", 0), node.get("maxLength", 1 << 20)
        if low > high:
            raise _NoValueError(f"{name} is to be longer than it may")
        try:
            if "pattern" in node:
                return matching(node["pattern"], low, high, self._source)
            if (form := _FORMATS.get(node.get("format", ""))) is not None:
                return matching(form, low, high, self._source)
        except NoMatchError as error:
            raise _NoValueError(f"{name}: {error}") from None
        # What is short has no room for a label, and would always be the same with one.
        label = f"Made-up {name.replace('_', ' ')}: " if name and high > _USUAL_LENGTH else ""
        text = f"{label}{sentence(self._source)}"[: min(high, max(low, _USUAL_LENGTH))].rstrip()
        return text + "".join(self._source.choice(_HEX) for _ in range(low - len(text)))

    def _integer(self, node: Json, _: int, name: str) -> int:
        low, high = _bounds(node)
        step = node.get("multipleOf", 1)
        step = int(step) if float(step).is_integer() else 1
        least = max(math.ceil(low), -_INT_LIMIT) if math.isfinite(low) else -_INT_LIMIT
        most = min(math.floor(high), _INT_LIMIT) if math.isfinite(high) else _INT_LIMIT
        least += "exclusiveMinimum" in node and least <= node["exclusiveMinimum"]
        most -= "exclusiveMaximum" in node and most >= node["exclusiveMaximum"]
        first, last = -(-least // step), most // step
        if first > last:
            raise _NoValueError(f"no whole number for {name}")
        return step * self._source.integer(first, last)

    def _number(self, node: Json, _: int, name: str) -> float:
        low, high = _bounds(node)
        if (step := node.get("multipleOf")) is not None:
            first, last = math.ceil(low / step), math.floor(high / step)
            if first > last:
                raise _NoValueError(f"no number for {name}")
            return float(step * self._source.integer(first, last))
        for _again in range(_TRIES):
            unit = self._source.unit()
            value = low * (1 - unit) + high * unit
            short = round(value, 2)
            for found in (short, value, math.nextafter(low, high), low):
                if _inside(node, low, high, found):
                    return float(found)
        raise _NoValueError(f"no number for {name}")

    def _boolean(self, _node: Json, _: int, _name: str) -> bool:
        return self._source.choice((False, True))

    def _null(self, _node: Json, _: int, _name: str) -> None:
        return None


_FORMATS: Final = {
    "date-time": r"20[0-4][0-9]-0[1-9]-[01][1-9]T[01][0-9]:[0-5][0-9]:[0-5][0-9]Z",
    "date": r"20[0-4][0-9]-0[1-9]-[01][1-9]",
    "time": r"[01][0-9]:[0-5][0-9]:[0-5][0-9]Z",
    "duration": r"P[1-9]DT[1-9]H",
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
    "email": r"[a-z]{3,8}@example\.org",
    "uri": r"https://example\.org/[a-z]{3,8}",
    "ipv4": r"192\.0\.2\.[1-9][0-9]",
    "ipv6": r"2001:db8::[1-9a-f]{1,4}",
    "hostname": r"[a-z]{3,8}\.example\.org",
    "json-string": r"[1-9]{1,3}",
}


def _props(node: Json) -> Json:
    found = node.get("properties", {})
    return found if isinstance(found, dict) else {}


def _is_text(node: Any) -> bool:
    return isinstance(node, dict) and node.get("type") == "string"


def _implied(node: Json) -> str:
    kinds = {
        "object": ("properties", "additionalProperties", "required"),
        "array": ("items", "prefixItems", "minItems", "maxItems"),
        "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    }
    return next((kind for kind, words in kinds.items() if any(w in node for w in words)), "string")


def _merged(base: Json, more: Json) -> Json:
    made = {**base, **more}
    for key in ("properties", "$defs"):
        if key in base and key in more:
            made[key] = {**base[key], **more[key]}
    if "required" in base and "required" in more:
        made["required"] = [*base["required"], *more["required"]]
    return made


def _bounds(node: Json) -> tuple[float, float]:
    lows = [node[k] for k in ("minimum", "exclusiveMinimum") if k in node]
    highs = [node[k] for k in ("maximum", "exclusiveMaximum") if k in node]
    spread = _SPREAD * max(1, abs(node.get("multipleOf", 1)))
    if lows and highs:
        return max(lows), min(highs)
    if lows:
        return max(lows), max(lows) + spread
    return (min(highs) - spread, min(highs)) if highs else (0, spread)


def _inside(node: Json, low: float, high: float, value: float) -> bool:
    above = value > low if "exclusiveMinimum" in node else value >= low
    below = value < high if "exclusiveMaximum" in node else value <= high
    return above and below and math.isfinite(value)

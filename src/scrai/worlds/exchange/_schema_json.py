"""The JSON Schema of a scenario file, for editors and other programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from scrai.worlds.exchange import _schema_keys as keys
from scrai.worlds.exchange._schema_keys import Key
from scrai.worlds.exchange._schema_values import LONGEST_TEXT

_TYPES: Final = {
    "int": "integer",
    "number": "number",
    "flag": "boolean",
    "text": "string",
    "choice": "string",
}
_BOUNDS: Final = (
    ("low", "minimum"),
    ("high", "maximum"),
    ("above", "exclusiveMinimum"),
    ("below", "exclusiveMaximum"),
)


def exchange_json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file.

    It says all that can be said of keys, kinds and bounds. What depends on several values (lengths
    of lists, sums of weights, subsistence, concavity, room on the grid) only the validator checks.
    """
    properties = {
        **{key.name: _of(key) for key in keys.TOP},
        "initial_inventories": _inventories(),
        "utilities": _utilities(),
        "resource_seed": _map(keys.RESOURCES),
        "mode_schedule": _or_null(_map(keys.SCHEDULE)),
        "params": _or_null(_params()),
        **{key.name: _of(key) for key in keys.RUN},
    }
    needed = [key.name for key in keys.TOP] + ["initial_inventories", "utilities", "resource_seed"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario of the exchange economy",
        **_object(properties, needed),
        "allOf": [_money_needs_m()],
    }


def _of(key: Key) -> dict[str, Any]:
    """Return the schema of a simple key. Where a key may be absent, it may be null."""
    made: dict[str, Any] = {"description": key.meaning, "type": _TYPES[key.kind]}
    made |= {word: getattr(key, name) for name, word in _BOUNDS if getattr(key, name) is not None}
    if key.without is not None:
        made["not"] = {"const": key.without}
    if key.kind == "text":
        made |= {"minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S"}
    if key.choices:
        made["enum"] = list(key.choices)
    if not key.required:
        made["default"] = key.default
        made["type"] = [made["type"], "null"]
        if key.choices:
            made["enum"].append(None)
    return made


def _object(properties: dict[str, Any], needed: Iterable[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }


def _map(listed: Iterable[Key]) -> dict[str, Any]:
    every = tuple(listed)
    return _object({key.name: _of(key) for key in every}, [k.name for k in every if k.required])


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _params() -> dict[str, Any]:
    made = _map(keys.PARAMS)
    made["properties"]["lambda_bounds"] = _or_null(_map(keys.LAMBDA_BOUNDS))
    made["properties"]["liquidity_gate"] = _or_null(_map(keys.LIQUIDITY_GATE))
    return made


def _inventories() -> dict[str, Any]:
    units = _of(keys.UNITS)
    span = {"type": "array", "items": units, "minItems": 2, "maxItems": 2}
    ways = [
        units,
        {"type": "array", "items": units},
        _object({"uniform_int": span}, ["uniform_int"]),
    ]
    made: dict[str, Any] = {
        name: {"description": meaning, "anyOf": ways} for name, meaning in keys.GOODS.items()
    }
    made["M"]["anyOf"] = [*ways, {"type": "null"}]
    for key in keys.MONEY_TASTES:
        one = {word: value for word, value in _of(key).items() if word != "default"}
        made[key.name] = {
            "anyOf": [one, {"type": "array", "items": one | {"type": _TYPES[key.kind]}}]
        }
    return _object(made, ["A", "B"])


def _utilities() -> dict[str, Any]:
    plain = {"type": "array", "items": {"oneOf": _utility({})}, "minItems": 1}
    weighed = {
        "type": "array",
        "items": {"oneOf": _utility({"weight": _of(keys.WEIGHT)})},
        "minItems": 1,
    }
    null = {"type": "null"}
    return {
        "anyOf": [
            _object({"mix": weighed, "agents": null}, ["mix"]),
            _object({"agents": plain, "mix": null}, ["agents"]),
        ]
    }


def _utility(more: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        _object({"type": {"const": name}, **more, "params": _map(listed)},
                ["type", *more, "params"])
        for name, listed in keys.UTILITIES.items()
    ]  # fmt: skip


def _money_needs_m() -> dict[str, Any]:
    regime = {"properties": {"exchange_regime": {"enum": list(keys.MONEY_REGIMES)}},
              "required": ["exchange_regime"], "type": "object"}  # fmt: skip
    money = {"properties": {"M": {"not": {"type": "null"}}}, "required": ["M"]}
    return {
        "if": {"properties": {"params": regime}, "required": ["params"]},
        "then": {"properties": {"initial_inventories": money}},
    }

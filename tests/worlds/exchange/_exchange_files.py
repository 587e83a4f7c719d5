"""Scenario documents for the tests of schema and generator, and a small reader of JSON Schema."""

from __future__ import annotations

import copy
import re
from pathlib import Path

from scrai.errors import InvalidInputError
from scrai.worlds.exchange._generate_build import build
from scrai.worlds.exchange._generate_presets import recipe

TYPES = {
    "ces": {"rho": -0.5, "wA": 1, "wB": 1},
    "linear": {"vA": 1, "vB": 2},
    "quadratic": {"A_star": 9, "B_star": 9, "sigma_A": 2, "sigma_B": 4, "gamma": 0.1},
    "translog": {"alpha_A": 0.5, "alpha_B": 0.5, "beta_AA": 0, "beta_BB": -0.1, "beta_AB": 0},
    "stone_geary": {"alpha_A": 0.5, "alpha_B": 0.5, "gamma_A": 1, "gamma_B": 0},
}


def document(**changes):
    """A valid document of four agents, with top-level keys replaced."""
    base = {
        "schema_version": 1,
        "name": "village",
        "N": 5,
        "agents": 4,
        "initial_inventories": {"A": [2, 4, 6, 8], "B": {"uniform_int": [2, 9]}, "M": 20},
        "utilities": {
            "mix": [
                {"type": kind, "weight": 0.2, "params": dict(params)}
                for kind, params in TYPES.items()
            ]
        },
        "resource_seed": {"density": 0.3, "amount": 3},
        "params": {"exchange_regime": "mixed"},
    }
    return copy.deepcopy({**base, **changes})


def preset(name, seed=0, **given):
    return build(recipe(name, given), name, seed)


def problems(call, *args):
    """The lines of the error that a call ends with."""
    try:
        call(*args)
    except InvalidInputError as error:
        return list(error.problems) or [error.message]
    return []


def write(tmp_path: Path, text: str | bytes, name="economy.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


_IS = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "integer": lambda v: _IS["number"](v) and float(v).is_integer(),
}
_NOTES = {"$schema", "title", "description", "default"}


def fits(schema, value) -> bool:
    """Whether a value fits a JSON Schema. An unknown keyword is an error of the test."""
    words = {
        "type": lambda want: any(
            _IS[t](value) for t in ([want] if isinstance(want, str) else want)
        ),
        "const": lambda want: type(value) is not bool and value == want,
        "enum": lambda want: value in want,
        "minimum": lambda low: not _IS["number"](value) or value >= low,
        "maximum": lambda high: not _IS["number"](value) or value <= high,
        "exclusiveMinimum": lambda low: not _IS["number"](value) or value > low,
        "exclusiveMaximum": lambda high: not _IS["number"](value) or value < high,
        "minLength": lambda n: not isinstance(value, str) or len(value) >= n,
        "maxLength": lambda n: not isinstance(value, str) or len(value) <= n,
        "pattern": lambda p: not isinstance(value, str) or re.search(p, value) is not None,
        "minItems": lambda n: not isinstance(value, list) or len(value) >= n,
        "maxItems": lambda n: not isinstance(value, list) or len(value) <= n,
        "items": lambda each: not isinstance(value, list) or all(fits(each, v) for v in value),
        "required": lambda names: not isinstance(value, dict) or all(n in value for n in names),
        "properties": lambda known: (
            not isinstance(value, dict)
            or all(fits(known[n], v) for n, v in value.items() if n in known)
        ),
        "additionalProperties": lambda _: (
            not isinstance(value, dict) or set(value) <= set(schema["properties"])
        ),
        "not": lambda other: not fits(other, value),
        "anyOf": lambda many: any(fits(each, value) for each in many),
        "oneOf": lambda many: sum(fits(each, value) for each in many) == 1,
        "allOf": lambda many: all(fits(each, value) for each in many),
        "if": lambda cond: not fits(cond, value) or fits(schema["then"], value),
        "then": lambda _: True,
    }
    return all(words[word](want) for word, want in schema.items() if word not in _NOTES)

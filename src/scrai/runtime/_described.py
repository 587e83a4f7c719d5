"""What a scenario is and takes, as a JSON object."""

from __future__ import annotations

from typing import Any, Final

from scrai.models import format_time
from scrai.scenarios import Scenario, ScenarioService

_HOOKS: Final = (
    "prepare",
    "seed",
    "before_phase",
    "after_phase",
    "on_snapshot",
    "metrics",
    "finished",
    "handlers",
)


def describe_scenario(service: ScenarioService, key: str) -> dict[str, Any]:
    """Return what there is to know about a scenario; raises ScenarioError."""
    found = service.select(key)
    return {
        "key": service.key_of(key),
        "name": found.name,
        "description": found.description,
        "phases": sorted(phase.value for phase in found.phases),
        "hooks": [name for name in _HOOKS if _has(found, name)],
        "default_cycles": found.default_cycles,
        "epoch": format_time(found.epoch),
        "cycle_seconds": found.cycle_seconds,
        "config": _fields(found),
        "config_schema": found.schema(),
        "commands": {name: each.help for name, each in found.commands.items()},
    }


def _has(scenario: Scenario, name: str) -> bool:
    """Whether a scenario has a hook of its own."""
    return getattr(type(scenario), name) is not getattr(Scenario, name)


def _fields(scenario: Scenario) -> list[dict[str, Any]]:
    """Return name, type, default, bounds and meaning of everything that can be set."""
    schema = scenario.schema()
    if schema is None:
        return []
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "type": _type(field),
            "default": field.get("default"),
            "required": name in required,
            "bounds": _bounds(field),
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return " | ".join("null" if word is None else str(word) for word in field["enum"])
    if "anyOf" in field:
        return " | ".join(dict.fromkeys(_type(each) for each in field["anyOf"]))
    if isinstance(field.get("type"), list):
        return " | ".join(field["type"])
    return str(field.get("type") or field.get("$ref", "any").rpartition("/")[2])


_BOUNDS: Final = {
    "minimum": ">=",
    "exclusiveMinimum": ">",
    "maximum": "<=",
    "exclusiveMaximum": "<",
    "minLength": "length >=",
    "maxLength": "length <=",
    "minItems": "items >=",
    "maxItems": "items <=",
}


def _bounds(field: dict[str, Any]) -> str:
    return ", ".join(f"{sign} {field[name]}" for name, sign in _BOUNDS.items() if name in field)

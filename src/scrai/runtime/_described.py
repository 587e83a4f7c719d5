"""What a scenario is and takes, as a JSON object."""

from __future__ import annotations

from typing import Any, Final

from scrai.models import format_time
from scrai.scenarios import Scenario, ScenarioService, canonical

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
        "key": canonical(key),
        "name": found.name,
        "description": found.description,
        "phases": sorted(phase.value for phase in found.phases),
        "hooks": [name for name in _HOOKS if _has(found, name)],
        "default_cycles": found.default_cycles,
        "epoch": format_time(found.epoch),
        "cycle_seconds": found.cycle_seconds,
        "config": _fields(found),
        "config_schema": found.Config.model_json_schema() if found.Config else None,
    }


def _has(scenario: Scenario, name: str) -> bool:
    """Whether a scenario has a hook of its own."""
    return getattr(type(scenario), name) is not getattr(Scenario, name)


def _fields(scenario: Scenario) -> list[dict[str, Any]]:
    """Return name, type, default, bounds and meaning of everything that can be set."""
    if scenario.Config is None:
        return []
    schema = scenario.Config.model_json_schema()
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
        return " | ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " | ".join(_type(each) for each in field["anyOf"])
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

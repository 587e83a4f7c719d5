"""What was set differently for simulations: scenario, seed, cycles, minds, configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from scrai._paths import MISSING, differences
from scrai.errors import ScenarioError
from scrai.scenarios._scenario import Panel

CONFIGURATION: Final = "configuration"
_NAMES: Final = {
    "scenario_module": "scenario",
    "seed": "seed",
    "max_phases": "cycles",
    "auto_approve_events": "auto_approve_events",
    "auto_approve_actions": "auto_approve_actions",
    "researcher_mode": "researcher_mode",
    CONFIGURATION: CONFIGURATION,
}
_KEPT_BESIDE: Final = ("minds", "mediation")
"""Settings that stand in the metadata."""


def set_apart(scenarios: Any, states: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return {setting, values, default} for all that differs.

    Args:
        scenarios: finds the scenario, which knows what holds where nothing is set; may be None.
        states: the simulations, as JSON.

    Returns:
        `values` by the id of a simulation, without those for which nothing is set. `default` is
        what holds for those; it is missing where the scenario does not say.
    """
    ids = [item["id"] for item in states]
    schema = _schema(scenarios, states)
    rows: list[dict[str, Any]] = []
    for path, values in differences([_settings(item) for item in states]):
        row: dict[str, Any] = {
            "setting": path,
            "values": {
                key: value for key, value in zip(ids, values, strict=True) if value is not MISSING
            },
        }
        default = default_at(schema, path.split(".")[1:])
        if default is not MISSING and MISSING in values:
            row["default"] = default
            if not differences([default if value is MISSING else value for value in values]):
                continue
        rows.append(row)
    return rows


def _settings(state: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: state[key] for key, name in _NAMES.items()}
    beside = {name: state["metadata"].get(name) or {} for name in _KEPT_BESIDE}
    return found | beside


def _schema(scenarios: Any, states: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the schema of the scenario that all share, if it has one and is here."""
    keys = {item["scenario_module"] for item in states}
    if scenarios is None or len(keys) != 1 or None in keys:
        return {}
    try:
        hooks = scenarios.hooks(keys.pop())
    except ScenarioError:
        return {}
    found: Mapping[str, Any] = (hooks.schema() if hasattr(hooks, "schema") else None) or {}
    return found


def default_at(schema: Mapping[str, Any], path: Sequence[str]) -> Any:
    """Return what holds at a path of a configuration where it is not set, or MISSING."""
    here: Mapping[str, Any] = schema
    for name in path:
        maps = [_resolved(schema, each) for each in (here, *here.get("anyOf", ()))]
        found = [each["properties"][name] for each in maps if name in each.get("properties", {})]
        if not found:
            return MISSING
        here = found[0]
    return here.get("default", MISSING) if path else MISSING


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within a schema."""
    reference = part.get("$ref", "")
    if not reference.startswith("#/$defs/"):
        return part
    found: Mapping[str, Any] = schema.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
    return found


MOST_ROWS: Final = 20
_WIDEST: Final = 40


def panel_of(ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Panel:
    """Return what was set differently as a table for people, a column for each simulation."""
    cells = [(_called(row["setting"]), *(_cell(row, key) for key in ids)) for row in rows]
    more = len(rows) - MOST_ROWS
    notes = [f"and {more} more: --json has all"] if more > 0 else []
    return Panel("", ("set differently", *ids), cells[:MOST_ROWS], notes)


def _called(setting: str) -> str:
    """Return a setting as people write it: of a configuration, what `--set` takes."""
    return "seed of the run" if setting == "seed" else setting.removeprefix(f"{CONFIGURATION}.")


def _cell(row: Mapping[str, Any], key: str) -> str:
    if key in row["values"]:
        return _short(row["values"][key])
    return f"{_short(row['default'])} (default)" if "default" in row else "not set"


def _short(value: Any) -> str:
    """Return a value as JSON, cut; of a long list only how long it is."""
    if value is None:
        return "none"
    told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(told) <= _WIDEST:
        return told
    return f"{len(value)} values" if isinstance(value, list) else f"{told[:_WIDEST]}..."

"""Scenarios: worlds that run on the engine, and how they are found."""

from typing import TYPE_CHECKING, Any

from scrai.engine import ScenarioContext
from scrai.scenarios._commands import Command, Desk, Door, door_of
from scrai.scenarios._files import is_file_spec, merged
from scrai.scenarios._plugins import Plugin, ScenarioPluginWarning
from scrai.scenarios._registry import ScenarioRegistry
from scrai.scenarios._resolve import canonical
from scrai.scenarios._scaffold import scaffold
from scrai.scenarios._scenario import Panel, Scenario
from scrai.scenarios._service import (
    ScenarioService,
    create_default_scenario_service,
    resolve,
)
from scrai.scenarios._set_apart import panel_of, set_apart

__all__ = [
    "Command",
    "Desk",
    "Door",
    "Panel",
    "Plugin",
    "Scenario",
    "ScenarioContext",
    "ScenarioPluginWarning",
    "ScenarioRegistry",
    "ScenarioService",
    "SimpleTownScenario",
    "canonical",
    "create_default_scenario_service",
    "door_of",
    "is_file_spec",
    "merged",
    "panel_of",
    "resolve",
    "scaffold",
    "set_apart",
]

SimpleTownScenario: type[Scenario]

if not TYPE_CHECKING:  # mypy would take any name from here if it saw this

    def __getattr__(name: str) -> Any:
        """Load the built-in scenario when it is asked for: the core imports no world."""
        if name != "SimpleTownScenario":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return import_module("scrai.worlds.simple_town").SimpleTownScenario

"""`exchange`: a spatial economy in which agents forage, meet and trade in small blocks.

What a name stands for is imported when it is asked for: the generator starts without the engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from scrai.worlds.exchange._spec import ExchangeSpec, ModeSchedule, Params, UtilitySpec

if TYPE_CHECKING:
    from scrai.worlds.exchange._load import OddScenarioWarning, load_exchange
    from scrai.worlds.exchange._scenario import ExchangeScenario
    from scrai.worlds.exchange._schema_json import exchange_json_schema

__all__ = [
    "ExchangeScenario",
    "ExchangeSpec",
    "ModeSchedule",
    "OddScenarioWarning",
    "Params",
    "UtilitySpec",
    "exchange_json_schema",
    "load_exchange",
]

_PLACES = {
    "ExchangeScenario": "_scenario",
    "OddScenarioWarning": "_load",
    "exchange_json_schema": "_schema_json",
    "load_exchange": "_load",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)

"""The worlds that come with ScrAI. Each is a plug-in; the core imports none of them."""

from importlib import import_module
from types import ModuleType

__all__ = ["simple_town"]


def __getattr__(name: str) -> ModuleType:
    """Import a world when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")

"""The built-in world: a town of seven people who live by simple rules."""

from scrai.worlds.simple_town._config import TownConfig
from scrai.worlds.simple_town._scenario import SimpleTownScenario

__all__ = ["SimpleTownScenario", "TownConfig"]

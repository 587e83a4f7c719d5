"""Minds: models that speak for a simulation's events, actors, outcomes and world."""

from scrai.data import MINDS
from scrai.data.minds import SUBSYSTEMS, MindsConfig, Subsystem, minds_of
from scrai.engine.minds._effects import operations_of, places_of
from scrai.engine.minds._events import imagine_events
from scrai.engine.minds._fence import clean, fence
from scrai.engine.minds._intents import imagine_actions, parse_actions
from scrai.engine.minds._meaning import learn_meanings
from scrai.engine.minds._memory import (
    Meaning,
    Memory,
    memories,
    ranked,
    recall,
    remember,
    summary_of,
)
from scrai.engine.minds._minds import Minds, Question, structured_of
from scrai.engine.minds._prompts import DEFAULTS, Prompts
from scrai.engine.minds._resolution import judge_actions
from scrai.engine.minds._world import conclude, lay_down

__all__ = [
    "DEFAULTS",
    "MINDS",
    "SUBSYSTEMS",
    "Meaning",
    "Memory",
    "Minds",
    "MindsConfig",
    "Prompts",
    "Question",
    "Subsystem",
    "clean",
    "conclude",
    "fence",
    "imagine_actions",
    "imagine_events",
    "judge_actions",
    "lay_down",
    "learn_meanings",
    "memories",
    "minds_of",
    "operations_of",
    "parse_actions",
    "places_of",
    "ranked",
    "recall",
    "remember",
    "structured_of",
    "summary_of",
]

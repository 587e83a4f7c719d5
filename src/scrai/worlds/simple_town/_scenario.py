"""The scenario of the town."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from scrai.models import Action, ActionStatus, ActionType, Actor, SimulationPhase
from scrai.scenarios import Scenario, ScenarioContext
from scrai.worlds.simple_town._config import TownConfig
from scrai.worlds.simple_town._happenings import events
from scrai.worlds.simple_town._opening import (
    ENVIRONMENT,
    WORLD,
    opening_actions,
    opening_events,
)
from scrai.worlds.simple_town._people import ACQUAINTED, seven
from scrai.worlds.simple_town._rules import plan
from scrai.worlds.simple_town._town import PLACES, STORES, Town, clamp, have, number, people

FADING = 3
FAR = 20
DEVOTED = 100
TIRING = 9
CONTENT = 50
TOLD = 3
_WEATHER_MOOD = {"sunny": 1, "cloudy": 0, "rain": -1, "storm": -2}


class SimpleTownScenario(Scenario):
    """A town of seven people who live by simple rules, a quarter of a day each cycle."""

    name = "simple_town"
    Config: ClassVar[type[TownConfig]] = TownConfig
    phases = frozenset({SimulationPhase.EVENT_GENERATION, SimulationPhase.WORLD_UPDATE})
    epoch = datetime(2000, 1, 3, 6, tzinfo=UTC)
    cycle_seconds = 21600.0

    def seed(self, context: ScenarioContext) -> None:
        """Settle seven people; plan their first morning."""
        context.state.world_state.update(
            WORLD | {"day": 1, "part": "morning", "places": dict(PLACES)}
        )
        context.state.environment.update(ENVIRONMENT)
        context.extend(actors=seven())
        town = self._town(context)
        context.extend(events=opening_events(town), actions=opening_actions(town))

    def before_phase(self, context: ScenarioContext) -> None:
        """Let things happen, and everybody decide what to do."""
        if context.phase is not SimulationPhase.EVENT_GENERATION:
            return
        town = self._town(context)
        town.world["day"], town.world["part"] = town.day, town.part
        found = events(town)
        context.note(f"Day {town.day}, {town.part}: {town.weather}")
        for event in found:
            context.note(f"{event.title}. {event.description}")
        context.extend(events=found, actions=[] if context.thinks("actions") else plan(town))

    def after_phase(self, context: ScenarioContext) -> None:
        """Let time pass for everybody once the effects are applied, and keep all in bounds."""
        if context.phase is not SimulationPhase.WORLD_UPDATE:
            return
        town = self._town(context)
        _fall_out(context)
        for person in town.people:
            _pass_time(town, person)
        for name, most in STORES.items():
            town.world[name] = clamp(number(town.world.get(name)), 0, most)
        _tell(context)

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return how the town fares. The coins of all, treasury included, never change."""
        world = context.state.world_state
        folk = people(context)
        treasury = number(world.get("treasury"))
        trust = [value for who in folk for _, value in _trust(who)]
        return {
            "mood": _mean([have(who, "mood") for who in folk]),
            "energy": _mean([have(who, "energy") for who in folk]),
            "health": _mean([have(who, "health") for who in folk]),
            "trust": _mean(trust),
            "coins": sum(have(who, "coins") for who in context.actors) + treasury,
            "treasury": treasury,
            **{name: number(world.get(name)) for name in STORES},
        }

    def headline(self, metrics: Mapping[str, float]) -> Mapping[str, float]:
        """Return how people are, and what there is to eat."""
        return {name: metrics[name] for name in ("mood", "health", "trust", "bread", "treasury")}

    def finished(self, context: ScenarioContext) -> str | None:
        """Go on while anybody lives here."""
        return None if people(context) else "nobody lives here any more"

    def _town(self, context: ScenarioContext) -> Town:
        # A context that a user makes by hand has the plain mapping.
        config: Any = context.config
        known = isinstance(config, TownConfig)
        return Town(context, config if known else self.configure(config))


def _pass_time(town: Town, person: Actor) -> None:
    """Tire a person, bring their mood back to its middle, and keep their numbers in bounds."""
    mood = have(person, "mood")
    mood += (CONTENT - mood) // 8 + _WEATHER_MOOD.get(town.weather, 0) + town.config.mood_drift
    person.attributes["mood"] = clamp(mood)
    person.attributes["energy"] = clamp(have(person, "energy") - TIRING)
    person.attributes["health"] = clamp(have(person, "health") + 1)
    # Trust that is not renewed fades every few days, and the faster the further it has gone.
    fades = town.part == "night" and town.day % FADING == 0
    for other, trust in _trust(person):
        if fades or abs(trust) > DEVOTED:
            most = 1 + abs(trust - ACQUAINTED) // FAR
            step = clamp(ACQUAINTED - trust, -most, most) if fades else 0
            person.relationships[other] = clamp(trust + step, -DEVOTED, DEVOTED)


def _fall_out(context: ScenarioContext) -> None:
    """A talk that went wrong costs some trust."""
    for action in context.actions:
        if action.type is ActionType.COMMUNICATION and action.status is ActionStatus.FAILED:
            person = context.actor(action.actor_id)
            for other in action.target_actor_ids:
                person.relationships[other] = number(person.relationships.get(other)) - 2


def _tell(context: ScenarioContext) -> None:
    """Note what is worth telling of what people did."""
    told = sorted((action for action in context.actions if action.outcome), key=_interest)[:TOLD]
    for action in told:
        failed = action.status is ActionStatus.FAILED
        reason = str(action.outcome.get("reason", "")) if failed else ""
        text = action.description.rstrip(".")
        context.note(f"{text}, in vain: {reason}" if reason else f"{text}.")


_DULL = {ActionType.MOVEMENT: 3, ActionType.CUSTOM: 2, ActionType.ECONOMIC: 1}


def _interest(action: Action) -> tuple[int, str]:
    failed = action.status is ActionStatus.FAILED
    return (-1 if failed else _DULL.get(action.type, 0), action.id)


def _trust(person: Actor) -> list[tuple[str, int]]:
    """Return whom a person trusts how much; other notes about people are left alone."""
    return [(other, value) for other, value in person.relationships.items() if type(value) is int]


def _mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0.0

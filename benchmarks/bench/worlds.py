"""What is simulated: small worlds whose cost is the engine's, not theirs."""

from __future__ import annotations

from typing import Any

from scrai.engine import NoScenario, ScenarioContext
from scrai.models import Action, ActionType, Actor, ActorType, Event, Operation, SimulationPhase

ACTING = 7
WORK = [{"op": "add", "target": "world", "path": "deeds", "value": 1}]


class Bench(NoScenario):
    """The measured unit, `bench`.

    Every cycle every actor changes one attribute, one event is made and resolved, and
    min(actors, 7) actions are made, resolved and retired. Each of them adds one to a number in
    the world.
    """

    phases = frozenset({SimulationPhase.EVENT_GENERATION})

    def __init__(self, actors: int) -> None:
        self.actors = actors

    def seed(self, context: ScenarioContext) -> None:
        """Settle the actors; the first cycle is like every other."""
        context.state.world_state.update(deeds=0, rain=0)
        context.extend(actors=[_person(number, self.actors) for number in range(self.actors)])
        self.before_phase(context)

    def before_phase(self, context: ScenarioContext) -> None:
        """Change everybody, and make what this cycle is about."""
        cycle = context.cycle
        for actor in context.actors:
            actor.attributes["mood"] = cycle
        context.extend(
            events=[_rain(context)],
            actions=[_work(context, actor) for actor in context.actors[:ACTING]],
        )


class Plain(Bench):
    """World `plain`: every cycle every actor changes one attribute, and nothing else happens."""

    def before_phase(self, context: ScenarioContext) -> None:
        """Change everybody."""
        for actor in context.actors:
            actor.attributes["mood"] = context.cycle


def _person(number: int, of: int) -> Actor:
    """Return an actor of about 400 bytes, about what one of simple_town has."""
    others = {f"person-{(number + step) % of:04d}": 10 * step for step in range(1, min(6, of))}
    return Actor(
        id=f"person-{number:04d}",
        name=f"Person number {number}",
        type=ActorType.NPC,
        attributes={"coins": 10, "energy": 80, "home": "north", "mood": 0, "role": "x"},
        relationships=others,
        location={"place": "square"},
        affiliations=["town"],
    )


def _rain(context: ScenarioContext) -> Event:
    return Event(
        id=context.new_id("rain"),
        title="Rain",
        description="It rains on the square.",
        effects=[Operation(op="add", target="world", path="rain", value=1)],
    )


def _work(context: ScenarioContext, actor: Actor) -> Action:
    return Action(
        id=context.new_id("work"),
        actor_id=actor.id,
        type=ActionType.ECONOMIC,
        description="Works on the square.",
        parameters={"effects": WORK},
    )


class Trivial(NoScenario):
    """Nothing but six phases, each of which adds one to a number in the world."""

    phases = frozenset(SimulationPhase) - {SimulationPhase.PAUSED, SimulationPhase.COMPLETED}

    def before_phase(self, context: ScenarioContext) -> None:
        """Count."""
        world = context.state.world_state
        world["counter"] = world.get("counter", 0) + 1


class Exchange(NoScenario):
    """Boltzmann's exchange of wealth: everybody who has a coin gives one to somebody."""

    phases = frozenset({SimulationPhase.WORLD_UPDATE})

    def __init__(self, actors: int) -> None:
        self.actors = actors

    def seed(self, context: ScenarioContext) -> None:
        """Give everybody a coin."""
        context.extend(
            actors=[
                Actor(id=f"agent-{number:05d}", name=str(number), attributes={"wealth": 1})
                for number in range(self.actors)
            ]
        )

    def before_phase(self, context: ScenarioContext) -> None:
        """Let everybody give once."""
        draws = context.rng("exchange")
        agents = context.actors
        for agent in agents:
            if agent.attributes["wealth"] > 0:
                other = agents[draws.integer(0, len(agents) - 1)]
                agent.attributes["wealth"] -= 1
                other.attributes["wealth"] += 1


class Worlds:
    """A scenario source: `bench`, `plain`, `trivial`, `exchange`, and every installed scenario."""

    def __init__(self, actors: int) -> None:
        self._own: dict[str, Any] = {
            "bench": Bench(actors),
            "plain": Plain(actors),
            "trivial": Trivial(),
            "exchange": Exchange(actors),
        }
        self._installed: Any = None

    def hooks(self, key: str) -> Any:
        """Return the hooks of a key."""
        return self._own.get(key) or self.installed.hooks(key)

    @property
    def installed(self) -> Any:
        """The service of installed scenarios, made when it is asked for."""
        if self._installed is None:
            from scrai.scenarios import create_default_scenario_service

            self._installed = create_default_scenario_service()
        return self._installed

    def new_simulation(self, key: str, simulation_id: str) -> Any:
        """Return the state of a new simulation."""
        if key not in self._own:
            return self.installed.new_simulation(key, simulation_id, seed=7)
        from scrai.models import SimulationState

        return SimulationState(id=simulation_id, name=key, scenario_module=key, seed=7)

"""A shared lake, by the rules of GovSim's fishery: what is left doubles each month.

Five fishers, twelve months, 100 t of fish that double every month up to 100 t, and a lake that
dies under 5 t. Ten tonnes each leave half of the lake, which is full again a month later. Eleven
tonnes each look hardly different, and end it in month 4.
"""

from collections.abc import Mapping
from math import fsum
from typing import Any, Literal

from pydantic import BaseModel, Field

from scrai.models import Action, ActionStatus, ActionType, Actor, ActorType, SimulationPhase
from scrai.scenarios import Scenario, ScenarioContext

CAPACITY = 100.0
COLLAPSE = 5.0
GROWTH = 2.0


class Commons(Scenario):
    """Fishers share a lake that regrows, unless they take too much."""

    name = "commons"
    phases = frozenset({SimulationPhase.EVENT_GENERATION, SimulationPhase.WORLD_UPDATE})
    default_cycles = 12
    cycle_seconds = 30 * 86400.0

    class Config(BaseModel):
        """What `--set key=value` changes."""

        fishers: int = Field(5, ge=1, le=100, description="how many there are")
        strategy: Literal["sustainable", "moderate", "greedy"] = Field(
            "sustainable", description="what they go by"
        )
        defectors: int = Field(0, ge=0, description="how many are greedy all the same")

    def seed(self, context: ScenarioContext) -> None:
        """Fill the lake and settle its fishers."""
        context.state.environment["stock"] = CAPACITY
        config = context.config
        for number in range(config.fishers):
            strategy = "greedy" if number < config.defectors else config.strategy
            fisher = Actor(
                id=f"fisher-{number + 1:02}",
                name=f"Fisher {number + 1}",
                type=ActorType.NPC,
                attributes={"strategy": strategy, "caught": 0.0},
            )
            context.extend(actors=[fisher])

    def after_phase(self, context: ScenarioContext) -> None:
        """Plan at Event Generation, which is open to approval; share out at World Update."""
        if context.phase is SimulationPhase.EVENT_GENERATION:
            fishers = [actor for actor in context.actors if "strategy" in actor.attributes]
            context.extend(actions=[self.trip(context, fisher) for fisher in fishers])
        else:
            self.haul(context)

    def trip(self, context: ScenarioContext, fisher: Actor) -> Action:
        """Return what a fisher means to take; a person may change the tonnes at a gate."""
        stock = context.state.environment["stock"]
        share = 1 / context.config.fishers
        tonnes = {
            "sustainable": stock * share / GROWTH,  # what will have grown again in a month
            "moderate": 1.1 * CAPACITY * share / GROWTH,  # a little more, whatever the stock
            "greedy": stock,
        }[fisher.attributes["strategy"]]
        return Action(
            id=context.new_id("trip"),
            actor_id=fisher.id,
            type=ActionType.ECONOMIC,
            intent=f"take {tonnes:g} t",
            parameters={"tonnes": round(tonnes, 6)},
        )

    def haul(self, context: ScenarioContext) -> None:
        """Share out what is there, in proportion to what was asked for; let the rest grow."""
        lake: dict[str, Any] = context.state.environment
        trips = [action for action in context.actions if action.status is ActionStatus.COMPLETED]
        wanted = {trip.id: max(0.0, float(trip.parameters.get("tonnes", 0))) for trip in trips}
        demand = fsum(wanted.values())
        for trip in trips:
            tonnes = wanted[trip.id]
            if demand > lake["stock"]:
                tonnes = tonnes * lake["stock"] / demand
            trip.outcome = trip.outcome | {"tonnes": tonnes}
            fisher = context.actor(trip.actor_id)
            fisher.attributes["caught"] = fisher.attributes.get("caught", 0.0) + tonnes
        left = max(0.0, lake["stock"] - demand)
        lake["stock"] = min(CAPACITY, GROWTH * left) if left >= COLLAPSE else 0.0
        context.note(f"{demand:g} t wanted, {left:g} t left, {lake['stock']:g} t next month")

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return the tonnes in the lake and on land."""
        caught = fsum(actor.attributes.get("caught", 0.0) for actor in context.actors)
        return {"stock": context.state.environment["stock"], "caught": caught}

    def finished(self, context: ScenarioContext) -> str | None:
        """Say so if the lake is dead."""
        dead = context.state.environment["stock"] < COLLAPSE
        return f"the lake collapsed in month {context.cycle}" if dead else None

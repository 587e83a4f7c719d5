"""Wealth exchange: random gifts alone make most people poor and a few rich.

In every cycle there are as many encounters as agents. In each, an agent drawn at random gives one
coin to another, if it has any. Every division of the coins is then equally likely in the end, so
wealth is spread as energy is in a gas, and with a mean of m coins the Gini coefficient tends to
(1 + m) / (1 + 2m). (Letting everybody give exactly once a cycle is not the same: what people lose
would vary less than what they get, and wealth would end up less unequal.)
"""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from scrai.models import Actor, ActorType, SimulationPhase
from scrai.scenarios import Scenario, ScenarioContext


class Boltzmann(Scenario):
    """Agents give coins to one another at random; inequality follows."""

    name = "boltzmann"
    # The exchange is a rule of the world, so it belongs to World Update.
    phases = frozenset({SimulationPhase.WORLD_UPDATE})

    class Config(BaseModel):
        """What `--set key=value` changes."""

        agents: int = Field(100, ge=2, le=1000, description="how many there are")
        wealth: int = Field(1, ge=0, le=1000, description="coins that each begins with")

    def seed(self, context: ScenarioContext) -> None:
        """Give everybody the same."""
        context.extend(
            actors=[
                Actor(
                    id=f"agent-{number:04}",
                    name=f"Agent {number}",
                    type=ActorType.NPC,
                    attributes={"wealth": context.config.wealth},
                )
                for number in range(context.config.agents)
            ]
        )

    def after_phase(self, context: ScenarioContext) -> None:
        """Let agents meet; whoever is drawn and has a coin gives it away."""
        agents = [actor for actor in context.actors if "wealth" in actor.attributes]
        rng = context.rng("encounters")
        gifts = 0
        for _ in agents:
            giver, receiver = rng.sample(agents, 2)
            if giver.attributes["wealth"] > 0:
                giver.attributes["wealth"] -= 1
                receiver.attributes["wealth"] += 1
                gifts += 1
        context.note(f"{gifts} coins changed hands")

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return how unequal wealth is, and that none was lost."""
        wealth = [actor.attributes.get("wealth", 0) for actor in context.actors]
        return {
            "gini": gini(wealth),
            "total": sum(wealth),
            "richest": max(wealth, default=0),
            "penniless": wealth.count(0),
        }


def gini(wealth: list[int]) -> float:
    """Return 0 if all have the same, nearly 1 if one has everything."""
    total = sum(wealth)
    if total == 0:
        return 0.0
    # Whole numbers until the last division, so every machine gets the same.
    ranked = sum(
        (2 * rank - len(wealth) - 1) * coins for rank, coins in enumerate(sorted(wealth), 1)
    )
    return ranked / (len(wealth) * total)

"""A crowd of people who each do one thing a cycle: its minds are asked often."""

from __future__ import annotations

from pydantic import BaseModel, Field

from scrai.models import Actor, ActorType
from scrai.scenarios import Scenario, ScenarioContext


class Crowd(Scenario):
    """People with a joy that starts at 0; a reply may add to it, once."""

    name = "crowd"

    class Config(BaseModel):
        """How many there are."""

        people: int = Field(50, ge=1, le=200)

    def seed(self, context: ScenarioContext) -> None:
        """Put them on a square."""
        context.state.world_state |= {"kites": 0, "days": 0}
        context.extend(
            actors=[
                Actor(
                    id=f"p{number:03d}",
                    name=f"Person {number}",
                    type=ActorType.NPC,
                    attributes={"joy": 0},
                    location={"place": "square"},
                )
                for number in range(context.config.people)
            ]
        )

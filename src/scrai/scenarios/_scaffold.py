"""The text that `scrai scenario new` starts a scenario from."""

from __future__ import annotations

import keyword
import re
from typing import Final

from scrai.errors import InvalidInputError

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

_TEXT: Final = '''"""@TITLE@: three neighbours tend a garden. Change everything."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from scrai.models import (
    Action,
    ActionType,
    Actor,
    ActorType,
    Condition,
    Event,
    EventType,
    Operation,
)
from scrai.scenarios import Scenario, ScenarioContext


class @CLASS@(Scenario):
    """Three neighbours tend a garden."""

    name = "@NAME@"

    class Config(BaseModel):
        """What `--set key=value` changes."""

        rain: float = Field(0.3, ge=0, le=1, description="chance of rain in a cycle")
        goal: int = Field(30, ge=1, description="vegetables that end the season")

    def seed(self, context: ScenarioContext) -> None:
        """Set the stage, once."""
        context.state.world_state.update({"water": 10, "vegetables": 0})
        context.extend(
            actors=[
                Actor(id=f"actor-{name}", name=name.title(), type=ActorType.NPC)
                for name in ("ada", "ben", "cleo")
            ]
        )
        for actor in context.actors:
            actor.attributes = {"energy": 5, "harvest": 0}

    def before_phase(self, context: ScenarioContext) -> None:
        """Say what happens and what everybody means to do, in every later cycle."""
        if context.rng("rain").chance(context.config.rain):
            context.extend(events=[self.rain(context)])
        # All prerequisites are checked before the first effect is applied at World Update, so
        # what is scarce is shared out here.
        water = context.state.world_state["water"]
        for actor in context.actors:
            if actor.attributes["energy"] == 0:
                actor.attributes["energy"] = 5
                context.note(f"{actor.name} rests")
            elif water > 0:
                water -= 1
                context.extend(actions=[self.tend(context, actor)])

    def rain(self, context: ScenarioContext) -> Event:
        """Return an event; its effects are applied at World Update."""
        litres = context.rng("rain").integer(2, 6)
        return Event(
            id=context.new_id("rain"),
            title=f"{litres} litres of rain",
            type=EventType.ENVIRONMENTAL,
            effects=[Operation(op="add", target="world", path="water", value=litres)],
        )

    def tend(self, context: ScenarioContext, actor: Actor) -> Action:
        """Return an action; it takes energy and may fail."""
        add = {"op": "add", "value": 1}
        return Action(
            id=context.new_id("tend"),
            actor_id=actor.id,
            type=ActionType.ECONOMIC,
            intent="tend the vegetables",
            prerequisites=[Condition(target="world", path="water", op=">=", value=1)],
            resource_costs={"energy": 1},
            success_probability=0.8,
            parameters={
                "effects": [
                    {"op": "add", "target": "world", "path": "water", "value": -1},
                    add | {"target": "world", "path": "vegetables"},
                    add | {"target": "self", "path": "attributes.harvest"},
                ]
            },
        )

    def metrics(self, context: ScenarioContext) -> Mapping[str, float]:
        """Return numbers to follow."""
        world = context.state.world_state
        return {"water": world["water"], "vegetables": world["vegetables"]}

    def finished(self, context: ScenarioContext) -> str | None:
        """Return why it is over, or None to go on."""
        enough = context.state.world_state["vegetables"] >= context.config.goal
        return "the season is over" if enough else None
'''


def scaffold(name: str) -> str:
    """Return the text of a small scenario that works, to be changed.

    Raises:
        InvalidInputError: the name is no word.
    """
    words = [word for word in re.split(r"[_-]+", name) if word]
    class_name = "".join(word[:1].upper() + word[1:] for word in words)
    if not _NAME.fullmatch(name) or keyword.iskeyword(class_name) or class_name in _USED:
        raise InvalidInputError(
            f"{name!r:.60} cannot be the name of a scenario",
            hint="letters, digits, - and _, beginning with a letter, such as river_town",
        )
    title = " ".join(words).capitalize()
    return _TEXT.replace("@CLASS@", class_name).replace("@NAME@", name).replace("@TITLE@", title)


_USED: Final = {
    "Action",
    "Actor",
    "Condition",
    "Event",
    "Field",
    "Mapping",
    "Operation",
    "Scenario",
} | {
    "ActionType",
    "ActorType",
    "BaseModel",
    "EventType",
    "ScenarioContext",
}
"""Names that the text itself imports."""

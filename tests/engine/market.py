"""A scenario whose events and actions differ in type and source, for the tests of mediation."""

from __future__ import annotations

from typing import Any

from scrai.engine import NoScenario, ScenarioContext
from scrai.models import Action, Actor, Event, Operation, SimulationPhase

EVENT_KINDS = (("social", "llm"), ("economic", "market"), ("political", "player"))
ACTION_KINDS = (("social", "npc", False), ("combat", "npc", True), ("economic", "system", False))


class Market(NoScenario):
    """Every cycle brings one event and one action of each kind; each adds itself to a list.

    So the list in the world says what has taken effect, in order, and nothing else does.
    """

    phases = frozenset({SimulationPhase.EVENT_GENERATION})

    def __init__(self, *, marked: bool = False) -> None:
        self.marked = marked

    def seed(self, context: ScenarioContext) -> None:
        context.extend(actors=[Actor(id="a", name="A"), Actor(id="b", name="B")])
        context.state.world_state["done"] = []
        self.before_phase(context)

    def before_phase(self, context: ScenarioContext) -> None:
        events = [self._event(context, *each) for each in EVENT_KINDS]
        actions = [self._action(context, *each) for each in ACTION_KINDS]
        context.extend(events=events, actions=actions)

    def _event(self, context: ScenarioContext, kind: str, source: str) -> Event:
        key = f"e{context.cycle}-{kind}"
        effects = [Operation(op="append", target="world", path="done", value=key)]
        return Event(
            id=key,
            title=key,
            type=kind,
            source=source,
            requires_approval=self.marked,
            effects=effects,
        )

    def _action(self, context: ScenarioContext, kind: str, source: str, parsed: bool) -> Action:
        key = f"x{context.cycle}-{kind}"
        effect = {"op": "append", "target": "world", "path": "done", "value": key}
        fields: dict[str, Any] = {"parameters": {"effects": [effect]}, "llm_parsed": parsed}
        return Action(
            id=key,
            actor_id="a",
            type=kind,
            source=source,
            requires_approval=self.marked,
            **fields,
        )

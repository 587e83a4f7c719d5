"""What an event or action would change if it took effect now: for those who decide about it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from scrai.engine._context import ScenarioContext
from scrai.engine._operations import MISSING, Applier, lookup
from scrai.engine.handlers._action_resolution import declared_effects, unmet, upkeep
from scrai.errors import OperationError
from scrai.models import Action, Event, Operation


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One value that would change.

    Attributes:
        target, path: where: `world`, `environment` or `actor:ID`, and the path below it.
        old, new: the value as it is and as it would be; None where there is none.
    """

    target: str
    path: str
    old: Any
    new: Any


def foresee(context: ScenarioContext, entity: Event | Action) -> tuple[list[Foreseen], str | None]:
    """Return what would change, and why nothing would if that is so.

    Chance is left out: an action is taken to succeed. The draft is changed: give one to spare.
    """
    actor = entity.actor_id if isinstance(entity, Action) else None
    try:
        operations = _operations(entity)
    except ValidationError as error:
        return [], f"its effects are malformed: {error.errors()[0]['msg']}"
    problem = unmet(context, entity) if isinstance(entity, Action) else None
    if problem:
        return [], problem
    before = _values(context, operations, actor)
    try:
        Applier(context).apply(operations, self_id=actor)
    except OperationError as error:
        return [], error.message
    after = _values(context, operations, actor)
    found = [Foreseen(*place, old, after[place]) for place, old in before.items()]
    return [each for each in found if each.old != each.new], None


def _operations(entity: Event | Action) -> list[Operation]:
    if isinstance(entity, Event):
        return list(entity.effects)
    return [*upkeep(entity), *declared_effects(entity)]


def _values(
    context: ScenarioContext, operations: Sequence[Operation], actor: str | None
) -> dict[tuple[str, str], Any]:
    found: dict[tuple[str, str], Any] = {}
    for each in operations:
        path = "location" if each.op == "move" else each.path
        target = f"actor:{actor}" if each.target == "self" else each.target
        value = lookup(context, target, path, actor)
        found[target, path] = None if value is MISSING else copy.deepcopy(value)
    return found

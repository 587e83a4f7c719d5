"""From the effects that a model proposes to operations that the engine will carry out.

A model may move numbers, replace a value by one of the same kind and move people to places that
exist. It may not make up state: a path that is not there, a value of another kind or a target
nobody knows is left out, and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from scrai.engine.minds._replies import EffectReply
from scrai.models import Operation

if TYPE_CHECKING:
    from scrai.engine._context import ScenarioContext

ACTOR: Final = "actor:"
_ROOTS: Final = ("attributes", "relationships")
_DEEPEST: Final = 6


def operations_of(
    context: ScenarioContext, effects: Iterable[EffectReply], self_id: str | None = None
) -> tuple[list[Operation], list[str]]:
    """Return the effects that can be meant, as operations, and a line for each other one."""
    kept: list[Operation] = []
    problems: list[str] = []
    for effect in effects:
        found = _operation(context, effect, self_id)
        if isinstance(found, Operation):
            kept.append(found)
        else:
            problems.append(f"{effect.op} {effect.target[:60]}.{effect.path[:60]}: {found}")
    return kept, problems


def places_of(context: ScenarioContext) -> list[str]:
    """Return the places that are known: those the world lists, and where people are."""
    listed = context.state.world_state.get("places", ())
    names = {str(name) for name in listed} if isinstance(listed, dict | list) else set()
    here = {actor.location.get("place") for actor in context.actors}
    return sorted(names | {place for place in here if isinstance(place, str)})


def _operation(
    context: ScenarioContext, effect: EffectReply, self_id: str | None
) -> Operation | str:
    target = effect.target
    if target == "self":
        target = f"{ACTOR}{self_id}" if self_id else ""
    root = _root(context, target)
    if root is None:
        return "no such target"
    if effect.op == "move":
        return _move(context, target, effect.value)
    present = _leaf(root, effect.path.split("."), is_actor=target.startswith(ACTOR))
    problem = _misfit(effect.op, present, effect.value)
    if problem:
        return problem
    try:
        return Operation(op=effect.op, target=target, path=effect.path, value=effect.value)
    except ValidationError as error:
        return error.errors()[0]["msg"]


def _move(context: ScenarioContext, target: str, place: Any) -> Operation | str:
    if not target.startswith(ACTOR):
        return "only actors move"
    if place not in places_of(context):
        return f"there is no place {place!r:.60}"
    return Operation(op="move", target=target, value={"place": place})


def _root(context: ScenarioContext, target: str) -> Any:
    if target == "world":
        return context.state.world_state
    if target == "environment":
        return context.state.environment
    prefix, _, local = target.partition(":")
    actor = context.find_actor(local) if f"{prefix}:" == ACTOR and local else None
    if actor is None:
        return None
    return {name: getattr(actor, name) for name in _ROOTS}


def _leaf(found: Any, path: list[str], *, is_actor: bool) -> Any:
    """Return the value at a path, None if there is none that a model may change."""
    if len(path) > _DEEPEST or (is_actor and len(path) < len(_ROOTS)):
        return None
    for segment in path:
        if not isinstance(found, dict) or segment not in found:
            return None
        found = found[segment]
    return found


def _misfit(op: str, present: Any, value: Any) -> str | None:
    kind = _kind(present)
    if kind is None:
        return "there is no such value"
    if op == "add" and not kind == _kind(value) == "number":
        return "only a number can be added to a number"
    if kind != _kind(value):
        return f"{type(value).__name__} in place of {type(present).__name__}"
    if isinstance(present, int) and not isinstance(value, int):
        return "a fraction in place of a whole number"
    return None


def _kind(value: Any) -> str | None:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else None

"""Declared operations on the draft: the only way in which effects change the world.

A list of operations is applied whole or not at all: each change leaves an undo record, and the
first operation that cannot be applied takes back those before it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from scrai.engine._patch import same
from scrai.errors import OperationError
from scrai.models import Actor, Condition, Operation

if TYPE_CHECKING:
    from scrai.engine._context import ScenarioContext

MISSING: Any = object()


class Applier:
    """Applies operations to the entities of one context."""

    def __init__(self, context: ScenarioContext) -> None:
        self._context = context
        self._undo: list[Callable[[], object]] = []

    def apply(self, operations: Iterable[Operation], *, self_id: str | None = None) -> None:
        """Apply all of `operations`, or none.

        Args:
            operations: what to do, in order.
            self_id: the actor that the target `self` means.

        Raises:
            OperationError: one of them cannot be applied; the draft is as it was.
        """
        self._undo.clear()
        try:
            for operation in operations:
                self._one(operation, self_id)
        except OperationError:
            for step in reversed(self._undo):
                step()
            raise

    def _one(self, operation: Operation, self_id: str | None) -> None:
        if operation.op == "move":
            actor = self._actor(operation.target, self_id)
            before = actor.location
            self._undo.append(lambda: setattr(actor, "location", before))
            actor.location = dict(operation.value)
            return
        root, path = self._root(operation, self_id)
        if isinstance(root, Actor):
            self._affiliations(root, operation)
            return
        holder, key = _descend(root, path, operation)
        self._change(holder, key, operation)

    def _root(self, operation: Operation, self_id: str | None) -> tuple[Any, list[str]]:
        path = operation.path.split(".")
        if operation.target == "world":
            return self._context.state.world_state, path
        if operation.target == "environment":
            return self._context.state.environment, path
        actor = self._actor(operation.target, self_id)
        if path[0] == "affiliations":
            return actor, path
        if len(path) == 1:
            raise OperationError(f"{_say(operation)}: name a field under {path[0]}")
        return getattr(actor, path[0]), path[1:]

    def _actor(self, target: str, self_id: str | None) -> Actor:
        local = self_id if target == "self" else target.partition(":")[2]
        actor = self._context.find_actor(local) if local else None
        if actor is None:
            raise OperationError(f"no actor for target {target!r}")
        return actor

    def _affiliations(self, actor: Actor, operation: Operation) -> None:
        before = actor.affiliations
        if operation.path != "affiliations" or not isinstance(operation.value, str):
            raise OperationError(f"{_say(operation)}: affiliations take append or remove of a name")
        if operation.op == "append":
            after = [*before, operation.value]
        elif operation.op == "remove" and operation.value in before:
            after = [name for name in before if name != operation.value]
        else:
            raise OperationError(f"{_say(operation)}: affiliations take append or remove of a name")
        self._undo.append(lambda: setattr(actor, "affiliations", before))
        actor.affiliations = after

    def _change(self, holder: dict[str, Any], key: str, operation: Operation) -> None:
        before = holder.get(key, MISSING)
        after = _OPERATORS[operation.op](before, operation)
        self._undo.append(lambda: _put(holder, key, before))
        _put(holder, key, after)


def _put(holder: dict[str, Any], key: str, value: Any) -> None:
    if value is MISSING:
        holder.pop(key, None)
    else:
        holder[key] = value


def _descend(root: Any, path: list[str], operation: Operation) -> tuple[dict[str, Any], str]:
    for segment in path[:-1]:
        if segment not in root and operation.op in {"set", "add", "append"}:
            raise OperationError(f"{_say(operation)}: there is no {segment!r}")
        root = root.get(segment)
        if not isinstance(root, dict):
            raise OperationError(f"{_say(operation)}: {segment!r} is not an object")
    return root, path[-1]


def _set(before: Any, operation: Operation) -> Any:
    return operation.value


def _add(before: Any, operation: Operation) -> Any:
    start = 0 if before is MISSING else before
    if isinstance(start, bool) or not isinstance(start, int | float):
        raise OperationError(f"{_say(operation)}: cannot add to {type(start).__name__}")
    total = start + operation.value
    if isinstance(total, float) and not math.isfinite(total):
        raise OperationError(f"{_say(operation)}: the sum is not finite")
    return total


def _append(before: Any, operation: Operation) -> Any:
    items = [] if before is MISSING else before
    if not isinstance(items, list):
        raise OperationError(f"{_say(operation)}: cannot append to {type(items).__name__}")
    return [*items, operation.value]


def _remove(before: Any, operation: Operation) -> Any:
    if before is MISSING:
        raise OperationError(f"{_say(operation)}: there is nothing to remove")
    if operation.value is None:
        return MISSING
    kept = [x for x in before if not same(x, operation.value)] if isinstance(before, list) else None
    if kept is None or len(kept) == len(before):
        raise OperationError(f"{_say(operation)}: the value is not in it")
    return kept


_OPERATORS: dict[str, Callable[[Any, Operation], Any]] = {
    "set": _set,
    "add": _add,
    "append": _append,
    "remove": _remove,
}


def _say(operation: Operation) -> str:
    return f"{operation.op} {operation.target}.{operation.path}"


def lookup(context: ScenarioContext, target: str, path: str, self_id: str | None) -> Any:
    """Return the value at a path below a target, or MISSING."""
    found: Any
    if target == "world":
        found = context.state.world_state
    elif target == "environment":
        found = context.state.environment
    else:
        local = self_id if target == "self" else target.partition(":")[2]
        actor = context.find_actor(local) if local else None
        if actor is None:
            return MISSING
        found = {
            "attributes": actor.attributes,
            "relationships": actor.relationships,
            "location": actor.location,
            "affiliations": actor.affiliations,
            "active": actor.active,
        }
    for segment in path.split("."):
        if not isinstance(found, dict) or segment not in found:
            return MISSING
        found = found[segment]
    return found


def holds(context: ScenarioContext, condition: Condition, self_id: str | None) -> bool:
    """Return whether a condition holds for the draft as it stands."""
    found = lookup(context, condition.target, condition.path, self_id)
    missing = found is MISSING
    return condition.holds(None if missing else found, missing)

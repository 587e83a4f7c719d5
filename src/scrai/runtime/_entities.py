"""Actors, events and actions through a door: listed, shown, injected, changed, decided on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from scrai.data import (
    ACTIONS,
    ACTORS,
    EVENTS,
    MODELS,
    ActionRepository,
    ActorRepository,
    EventRepository,
    Repository,
    check_local_id,
)
from scrai.errors import InvalidInputError, ScraiError
from scrai.models import CommandKind, Decision, explain
from scrai.runtime._assignments import assigned
from scrai.runtime._commands import Commands
from scrai.runtime._ids import local_id, new_entity_id
from scrai.runtime._plain import plain_errors
from scrai.runtime._reading import Reading
from scrai.runtime._receipts import Receipt
from scrai.store import DocumentStore

REPOSITORIES: Final[Mapping[str, type[Any]]] = {
    ACTORS: ActorRepository,
    EVENTS: EventRepository,
    ACTIONS: ActionRepository,
}
_NOTHING: Final[Mapping[str, Any]] = {}


class Entities:
    """What is done with the entities of simulations.

    Ids may be given as local ones or qualified, `simulation~id`. Everything is shown as it will
    be when the commands that wait are applied.
    """

    def __init__(self, store: DocumentStore, reading: Reading, commands: Commands) -> None:
        self._store = store
        self._reading = reading
        self._commands = commands

    def repository(self, simulation_id: str, kind: str) -> Repository[Any]:
        """Return the repository of a collection of one simulation."""
        found: Repository[Any] = REPOSITORIES[kind](self._store, simulation_id=simulation_id)
        return found

    async def listing(
        self,
        simulation_id: str,
        kind: str,
        filters: Mapping[str, Any] = _NOTHING,
        *,
        awaiting: bool = False,
        limit: int | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield entities in id order, finished ones too.

        Args:
            filters: values that fields must equal; dots lead into maps.
            awaiting: only what waits for somebody's decision.
            limit: at most so many.
        """
        await self._reading.head(simulation_id)
        wanted = dict(filters) | (dict(_AWAITING) if awaiting else {})
        with plain_errors():
            left = limit
            if left == 0:
                return
            async for entity in self.repository(simulation_id, kind).stream(wanted or None):
                yield entity.model_dump(mode="json")
                left = None if left is None else left - 1
                if left == 0:
                    return

    async def show(self, simulation_id: str, kind: str, entity_id: str) -> dict[str, Any]:
        """Return one entity.

        Raises:
            InvalidInputError: there is none of that id; near ones are named.
        """
        entity = await self._found(simulation_id, kind, entity_id)
        shown: dict[str, Any] = entity.model_dump(mode="json")
        return shown

    async def _found(self, simulation_id: str, kind: str, entity_id: str) -> Any:
        await self._reading.head(simulation_id)
        key = check_local_id(local_id(simulation_id, entity_id))
        with plain_errors():
            entity = await self.repository(simulation_id, kind).get(key)
        if entity is None:
            raise await self._missing(simulation_id, kind, key)
        return entity

    async def _missing(self, simulation_id: str, kind: str, key: str) -> ScraiError:
        from difflib import get_close_matches

        overlay = await self._reading.overlay(simulation_id)
        word = kind[:-1]
        near = get_close_matches(key, overlay.ids(kind), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else None
        return InvalidInputError(
            f"no {word} {key[:80]!r} in simulation {simulation_id}",
            hint=hint or f"scrai {word} list {simulation_id} shows those there are",
        )

    # -- changes -----------------------------------------------------------------------------

    async def inject(
        self, simulation_id: str, kind: str, fields: Mapping[str, Any], *, by: str | None = None
    ) -> tuple[dict[str, Any], Receipt]:
        """Put a new entity into a simulation; return it, and what became of the command.

        Args:
            fields: as in the model; an id is made up if there is none.

        Raises:
            InvalidInputError: it is not valid; every problem in one line. Its cause, a
                ValidationError, says where each is.
            ReferenceMissingError: it refers to what does not exist.
            CommandRefusedError: its id is taken.
        """
        await self._reading.head(simulation_id)
        given = {"id": new_entity_id(kind[:-1])} | dict(fields)
        given["id"] = local_id(simulation_id, str(given["id"]))
        given.pop("simulation_id", None)
        _validated(kind, given)
        receipt = await self._commands.send(
            simulation_id,
            CommandKind(f"inject_{kind[:-1]}"),
            entity_id=given["id"],
            payload=given,
            by=by,
        )
        return await self.show(simulation_id, kind, given["id"]), receipt

    async def update(
        self,
        simulation_id: str,
        kind: str,
        entity_id: str,
        changes: Mapping[str, Any] = _NOTHING,
        assignments: Sequence[str] = (),
        *,
        by: str | None = None,
    ) -> tuple[dict[str, Any], Receipt]:
        """Replace top-level fields, or what assignments such as `attributes.coins=3` name."""
        entity = await self._found(simulation_id, kind, entity_id)
        values = dict(changes) | changed_fields(entity, assignments)
        if not values:
            raise InvalidInputError("nothing to change", hint="such as --set active=false")
        receipt = await self._commands.send(
            simulation_id,
            CommandKind(f"update_{kind[:-1]}"),
            entity_id=entity.id,
            payload=values,
            by=by,
        )
        return await self.show(simulation_id, kind, entity.id), receipt

    async def remove_actor(
        self, simulation_id: str, actor_id: str, *, by: str | None = None
    ) -> tuple[dict[str, Any], Receipt]:
        """Take an actor out; return it as it was."""
        actor = await self._found(simulation_id, ACTORS, actor_id)
        receipt = await self._commands.send(
            simulation_id, CommandKind.REMOVE_ACTOR, entity_id=actor.id, by=by
        )
        return actor.model_dump(mode="json"), receipt

    async def cancel(
        self,
        simulation_id: str,
        kind: str,
        entity_id: str,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> tuple[dict[str, Any], Receipt]:
        """Cancel an event or action that is not finished."""
        entity = await self._found(simulation_id, kind, entity_id)
        receipt = await self._commands.send(
            simulation_id,
            CommandKind(f"cancel_{kind[:-1]}"),
            entity_id=entity.id,
            payload={"reason": reason} if reason else {},
            by=by,
        )
        return await self.show(simulation_id, kind, entity.id), receipt

    async def decide(
        self,
        simulation_id: str,
        kind: str,
        entity_id: str,
        decision: Decision,
        *,
        by: str | None = None,
        reason: str | None = None,
        changes: Mapping[str, Any] = _NOTHING,
        assignments: Sequence[str] = (),
    ) -> tuple[dict[str, Any], Receipt]:
        """Decide at an entity's gate: approve, modify, reject, terminate or escalate.

        Raises:
            ConflictError: the gate is not open any more.
        """
        entity = await self._found(simulation_id, kind, entity_id)
        values = dict(changes) | changed_fields(entity, assignments)
        if decision is Decision.MODIFY and not values:
            raise InvalidInputError("nothing to modify", hint="such as --set priority=low")
        receipt = await self._commands.decide(
            simulation_id, kind, entity.id, decision, by=by, reason=reason, changes=values
        )
        return await self.show(simulation_id, kind, entity.id), receipt


_AWAITING: Final[Mapping[str, Any]] = {
    "requires_approval": True,
    "status": "pending",
    "approved_by": None,
}


def changed_fields(entity: Any, assignments: Sequence[str]) -> dict[str, Any]:
    """Return the top-level fields that assignments change, whole."""
    if not assignments:
        return {}
    before = entity.model_dump(mode="json")
    after = assigned(before, assignments)
    return {name: value for name, value in after.items() if before.get(name, _ABSENT) != value}


_ABSENT: Final = object()


def _validated(kind: str, fields: Mapping[str, Any]) -> Any:
    model = MODELS[kind]
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InvalidInputError("; ".join(explain(error, kind[:-1], model))) from error

"""The door to the inbox: every wish from outside becomes a command, applied exactly once.

A wish is rehearsed first on what it is about, so that what cannot work is refused in one line
before anything is stored. Then the command is submitted. If no live worker holds the
simulation it is applied at once, as a step of its own; if one does, its next step takes it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from scrai import _wall
from scrai.data import SIMULATIONS, check_known, document_id, holds, look_past
from scrai.engine import PhaseEngine, Segment, gate_name
from scrai.errors import (
    AlreadyExistsError,
    CommandRefusedError,
    ConflictError,
    InvalidInputError,
    LeaseHeldError,
    SimulationEndedError,
    StepConflictError,
    UsageError,
)
from scrai.models import Command, CommandKind, Decision
from scrai.runtime._overlay import Overlay
from scrai.runtime._receipts import Receipt

QUIET: Final = 0.02
QUIET_REMOTE: Final = 0.25
"""Seconds without a commit after which nobody is taken to be stepping without a lease: a phase
takes less, on this machine or across a network."""

TRIES: Final = 40
TRIES_REMOTE: Final = 12
_NOTHING: Mapping[str, Any] = {}


class Commands:
    """Submits commands and sees them applied where that is ours to do."""

    def __init__(self, engine: PhaseEngine) -> None:
        self._engine = engine
        self._store = engine.store
        remote = engine.store.capabilities.remote
        self._quiet = QUIET_REMOTE if remote else QUIET
        self._tries = TRIES_REMOTE if remote else TRIES

    async def overlay(self, simulation_id: str) -> Overlay:
        """Return the simulation as it will be when its inbox is empty."""
        return Overlay(await self._engine.inspect(simulation_id))

    async def send(
        self,
        simulation_id: str,
        kind: CommandKind,
        *,
        entity_id: str | None = None,
        payload: Mapping[str, Any] = _NOTHING,
        by: str | None = None,
        expected_step: int | None = None,
    ) -> Receipt:
        """Rehearse a command, submit it, and apply it if nobody else will.

        Raises:
            InvalidInputError, ReferenceMissingError: it fits no state at all.
            CommandRefusedError: it does not fit the present state; nothing was stored.
            SimulationMissingError, SimulationEndedError, StoreError.
        """
        command = Command(
            id=f"{kind.value}-{_wall.nonce(8)}",
            kind=kind,
            entity_id=entity_id,
            payload=dict(payload),
            by=by,
            expected_step=expected_step,
            submitted_at=_wall.now(),
        )
        since = (await self._engine.journal.head(simulation_id)).step
        await self._rehearse(simulation_id, command)
        await self._engine.submit(simulation_id, command)
        return await self._settle(simulation_id, command, since)

    async def decide(
        self,
        simulation_id: str,
        collection: str,
        entity_id: str,
        decision: Decision,
        *,
        by: str | None = None,
        reason: str | None = None,
        changes: Mapping[str, Any] = _NOTHING,
    ) -> Receipt:
        """Decide at an entity's open gate.

        Raises:
            ConflictError: the gate is not open (any more); says who decided.
            CommandRefusedError: there is no such entity.
            InvalidInputError, ReferenceMissingError: the changes are not valid.
        """
        overlay = await self.overlay(simulation_id)
        _refuse_ended(overlay)
        entity = overlay.find(collection, entity_id)
        if entity is None:
            raise await self._no_gate(simulation_id, collection, entity_id)
        _check_open(overlay, entity, collection)
        gate = gate_name(entity)
        payload: dict[str, Any] = {"decision": decision.value, "gate": gate}
        payload |= {"reason": reason} if reason else {}
        payload |= {"changes": dict(changes)} if decision is Decision.MODIFY else {}
        command = Command(
            id=f"decide~{entity_id}~{gate}",
            kind=CommandKind.DECIDE,
            collection=collection,
            entity_id=entity_id,
            payload=payload,
            by=by,
            submitted_at=_wall.now(),
        )
        try:
            await self._rehearse(simulation_id, command)
        except CommandRefusedError as refusal:
            raise await self._overtaken(simulation_id, command) or refusal from None
        try:
            await self._engine.submit(simulation_id, command)
        except AlreadyExistsError as error:
            raise _decided(collection, entity_id, _first(error)) from None
        try:
            return await self._settle(simulation_id, command, overlay.work.head.step)
        except CommandRefusedError as refusal:
            raise ConflictError(refusal.message, hint=refusal.hint) from refusal

    async def _overtaken(self, simulation_id: str, command: Command) -> Exception | None:
        """Return the conflict if somebody has decided since we looked, None if nobody has."""
        kind, key = command.collection or "", command.entity_id or ""
        overlay = await self.overlay(simulation_id)
        entity = overlay.find(kind, key)
        if entity is None:
            return await self._no_gate(simulation_id, kind, key)
        try:
            _check_open(overlay, entity, kind)
        except ConflictError as conflict:
            return conflict
        if gate_name(entity) == command.payload["gate"]:
            return None
        return ConflictError(f"{kind[:-1]} {key} was escalated: it waits at another gate now")

    # -- before a command is stored ----------------------------------------------------------

    async def _rehearse(self, simulation_id: str, command: Command) -> None:
        """Refuse, before anything is stored, what the step would refuse."""
        try:
            desk = await look_past(self._store, simulation_id, command)
        except CommandRefusedError as refusal:
            mistake = refusal.__cause__
            if isinstance(mistake, UsageError | ValidationError):
                raise InvalidInputError(refusal.message, hint=refusal.hint) from mistake
            raise
        kind, key = command.collection, command.entity_id
        if kind is None or key is None:
            return
        entity = desk.find(kind, key)
        if entity is not None:
            await check_known(self._store, simulation_id, entity, desk.stored[kind].get(key))

    async def _no_gate(self, simulation_id: str, collection: str, entity_id: str) -> Exception:
        """Return the error for a decision about something that is not live."""
        found = await self._store.get(collection, document_id(simulation_id, entity_id))
        word = collection[:-1]
        if found is None:
            return CommandRefusedError(
                f"no {word} {entity_id!r} in simulation {simulation_id}",
                hint=f"scrai {word} list {simulation_id} shows those there are",
            )
        return ConflictError(
            f"{word} {entity_id} is {found.columns['status']}: its gate is not open any more"
        )

    # -- after it is stored ------------------------------------------------------------------

    async def _settle(self, simulation_id: str, command: Command, since: int) -> Receipt:
        """Apply the inbox, unless somebody else does.

        Args:
            since: the step that was the last when the command was rehearsed.

        Whoever steps without a lease is given way to: a command step in between would cost it
        a try. So we wait for a quiet moment, and mostly find the command gone by then.
        """
        for _ in range(self._tries):
            if not await self._is_quiet(simulation_id):
                if not await self._waits(simulation_id, command):
                    return await self._taken(simulation_id, command, since)
                continue
            try:
                result = await self._engine.apply_commands(simulation_id)
            except LeaseHeldError as held:
                return Receipt(command.id, applied=False, holder=held.message)
            except StepConflictError:
                continue
            except SimulationEndedError:
                return Receipt(command.id, applied=False)
            if result is None:
                return await self._taken(simulation_id, command, since)
            _raise_refusal(command, result.notes)
            return Receipt(command.id, applied=True, step=result.step)
        return Receipt(command.id, applied=False)

    async def _taken(self, simulation_id: str, command: Command, since: int) -> Receipt:
        """Say what became of a command that somebody else's step has taken.

        Raises:
            CommandRefusedError: that step refused it.
        """
        head = await self._engine.journal.head(simulation_id)
        steps = Segment(simulation_id, since + 1, head.step)
        async for entry in self._engine.journal.entries(steps):
            taken = (Command.model_validate(each) for each in entry.get("commands", ()))
            if command in taken:
                _raise_refusal(command, entry["notes"])
        return Receipt(command.id, applied=True)

    async def _is_quiet(self, simulation_id: str) -> bool:
        if not self._store.capabilities.multi_process:
            return True
        head = await self._store.get(SIMULATIONS, simulation_id)
        if head is None or (head.read_at - head.updated_at).total_seconds() >= self._quiet:
            return True
        # A random share more, so that waiting doors do not all come back at once.
        await asyncio.sleep(self._quiet * (1 + int(_wall.nonce(1), 16) / 255))
        return False

    async def _waits(self, simulation_id: str, command: Command) -> bool:
        path = f"{SIMULATIONS}/{simulation_id}/inbox"
        return await self._store.get(path, command.id) is not None


def _refuse_ended(overlay: Overlay) -> None:
    head, name = overlay.work.head, overlay.work.simulation_id
    if head.deleting or head.status == "completed":
        raise SimulationEndedError(
            f"simulation {name} is {'being deleted' if head.deleting else 'completed'}",
            hint=None if head.deleting else f"scrai simulation branch {name} starts another line",
        )


def _check_open(overlay: Overlay, entity: Any, collection: str) -> None:
    word = collection[:-1]
    if entity.status.value != "pending":
        raise ConflictError(
            f"{word} {entity.id} is {entity.status.value}: its gate is not open any more"
        )
    if entity.approved_by is not None:
        raise _decided(collection, entity.id, entity.approved_by)
    if not (entity.requires_approval or holds(overlay.state, entity)):
        raise ConflictError(
            f"{word} {entity.id} does not ask for approval",
            hint=f"scrai {word} cancel stops it",
        )


def _decided(collection: str, entity_id: str, by: str) -> ConflictError:
    return ConflictError(f"{collection[:-1]} {entity_id} was decided on already, by {by}")


def _first(error: AlreadyExistsError) -> str:
    winner = error.winner
    return str(winner.value().get("by") or "somebody") if winner is not None else "somebody"


def _raise_refusal(command: Command, notes: list[str]) -> None:
    """Raise if the step that took our command refused it: something else came first."""
    mark = f"refused {command.kind.value} {command.id}: "
    for note in notes:
        if note.startswith(mark):
            raise CommandRefusedError(note.removeprefix(mark))

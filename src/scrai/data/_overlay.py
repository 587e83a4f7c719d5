"""Reading ahead: entities as they will be when the waiting commands are applied.

The inbox is read before the documents it is about. So a command that a step applies meanwhile is
found in the one or in the other, and one found in both changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scrai.data._commands import adopt, carry_out
from scrai.data._documents import entities_of
from scrai.data._head import Head, read_head
from scrai.data._inbox import accepting, waiting
from scrai.data._mapping import (
    ACTIONS,
    ACTORS,
    EVENTS,
    KINDS,
    LIVE,
    SIMULATIONS,
    document_id,
)
from scrai.data._mediation import MEDIATION
from scrai.data._state import bare_state
from scrai.data._together import together
from scrai.errors import CommandRefusedError
from scrai.models import Command, CommandKind, SimulationState, SimulationStatus, dump_bytes
from scrai.store import DocumentStore, Query, Where

Changes = Mapping[str, Any]
"""Entities that waiting commands change, by local id; None for those they remove."""


class LookAhead:
    """A desk that holds only what the waiting commands are about.

    Attributes:
        state: the simulation's state; commands change it.
        stored: entities as stored, by collection and local id.
    """

    def __init__(self, state: SimulationState) -> None:
        self.state = state
        self.stored: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self._live: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
        self._users: dict[str, list[str]] = {}
        self._before: dict[tuple[str, str], bytes] = {}

    def put(self, kind: str, entity: Any, live: bool) -> None:
        """Take in an entity as stored."""
        self.stored[kind][entity.id] = entity
        if live:
            self._live[kind][entity.id] = entity
            self._before[kind, entity.id] = dump_bytes(entity)

    def put_users(self, actor_id: str, actions: list[str]) -> None:
        """Take in the ids of an actor's live actions as stored."""
        self._users[actor_id] = actions

    def find(self, kind: str, key: str) -> Any:
        """Return the live entity of a collection, or None."""
        return self._live[kind].get(key)

    def add(self, kind: str, entity: Any) -> None:
        """Take in a new entity."""
        taken = self._live[kind].get(entity.id) or self._retired(kind, entity.id)
        if taken:
            raise CommandRefusedError(f"{kind[:-1]} {entity.id!r} exists already")
        adopt(entity, self.state)
        self._live[kind][entity.id] = entity

    def _retired(self, kind: str, key: str) -> bool:
        return key in self.stored[kind] and (kind, key) not in self._before

    def replace(self, kind: str, old: Any, new: Any) -> None:
        """Put `new` where `old` stands."""
        self._live[kind][old.id] = new

    def remove(self, kind: str, entity: Any) -> None:
        """Take an entity out."""
        del self._live[kind][entity.id]

    def users_of(self, actor_id: str) -> list[str]:
        """Return the ids of an actor's live actions."""
        actions = self._live[ACTIONS]
        stored = [key for key in self._users.get(actor_id, []) if key not in actions]
        return stored + [
            key
            for key, action in actions.items()
            if action.actor_id == actor_id and not action.is_terminal
        ]

    def changes(self, kind: str) -> Changes:
        """Return the entities of a collection that are no longer as stored."""
        found: dict[str, Any] = {}
        for key, entity in self._live[kind].items():
            before = self._before.get((kind, key))
            if before is not None and dump_bytes(entity) == before:
                continue
            if before is not None and kind == ACTORS:
                entity.__dict__["updated_at"] = self.state.now
            found[key] = entity
        gone = (key for place, key in self._before if place == kind)
        return found | {key: None for key in gone if key not in self._live[kind]}

    def touched(self, kind: str) -> Changes:
        """Return all entities of a collection that commands are about, changed or not."""
        once_live = dict.fromkeys(key for place, key in self._before if place == kind)
        return self.stored[kind] | once_live | self._live[kind]


async def look_ahead(
    store: DocumentStore, simulation_id: str, about: str | None = None
) -> LookAhead | None:
    """Return a desk with the waiting commands carried out, or None if none wait.

    Args:
        store, simulation_id: where.
        about: look only at commands about the entity of that local id.
    """
    commands = await waiting(store, simulation_id, about)
    return await rehearse(store, simulation_id, commands) if commands else None


async def rehearse(
    store: DocumentStore,
    simulation_id: str,
    commands: Sequence[Command],
    state: SimulationState | None = None,
) -> LookAhead | None:
    """Return a desk with some commands carried out, or None if none ever will be.

    Args:
        store, simulation_id: where.
        commands: what to carry out; what would be refused is left out.
        state: the state that commands change; made from the head if None.
    """
    document = await store.get(SIMULATIONS, simulation_id)
    head = None if document is None else read_head(document)
    if head is None or not takes_commands(head):
        return None
    desk = await _desk(store, state or bare_state(simulation_id, head), commands)
    _carry_out_all(commands, desk, head.step)
    return desk


async def look_past(store: DocumentStore, simulation_id: str, command: Command) -> LookAhead:
    """Return a desk with the waiting commands carried out, and after them one more.

    Raises:
        CommandRefusedError: that one does not fit.
        SimulationMissingError, SimulationEndedError: the simulation takes no commands.
    """
    before = await waiting(store, simulation_id)
    head = await accepting(store, simulation_id)
    desk = await _desk(store, bare_state(simulation_id, head), [*before, command])
    _carry_out_all(before, desk, head.step)
    carry_out(command, desk, head.step)
    return desk


async def _desk(
    store: DocumentStore, state: SimulationState, commands: Sequence[Command]
) -> LookAhead:
    """Return a desk with what commands are about."""
    if any(command.collection in (ACTIONS, EVENTS) for command in commands):
        await _add_policies(store, state)
    desk = LookAhead(state)
    await _fill(store, desk, state.id, commands)
    return desk


def _carry_out_all(commands: Sequence[Command], desk: LookAhead, step: int) -> None:
    for command in commands:
        try:
            carry_out(command, desk, step)
        except CommandRefusedError:
            continue  # the step will say so in the journal


async def _add_policies(store: DocumentStore, state: SimulationState) -> None:
    """Let a state know the policies of mediation, which are not in the head."""
    found = await store.get(f"{SIMULATIONS}/{state.id}/parts", "metadata")
    policies = found and found.value().get(MEDIATION)
    if policies:
        state.metadata = state.metadata | {MEDIATION: policies}


def takes_commands(head: Head) -> bool:
    """Say whether steps still apply commands to a simulation."""
    return not head.deleting and head.status != SimulationStatus.COMPLETED.value


async def _fill(
    store: DocumentStore, desk: LookAhead, owner: str, commands: Sequence[Command]
) -> None:
    keys = {
        kind: sorted({c.entity_id for c in commands if c.collection == kind and c.entity_id})
        for kind in KINDS
    }
    kinds = [kind for kind in KINDS if keys[kind]]
    found = await together(
        store,
        *(store.get_many(kind, [document_id(owner, key) for key in keys[kind]]) for kind in kinds),
    )
    for kind, documents in zip(kinds, found, strict=True):
        present = [document for document in documents if document is not None]
        for document, entity in entities_of(kind, present):
            desk.put(kind, entity, document.columns.get("state") == LIVE)
    for command in commands:
        if command.kind is CommandKind.REMOVE_ACTOR and command.entity_id:
            users = await users_of(store, owner, command.entity_id)
            desk.put_users(command.entity_id, users)


async def users_of(store: DocumentStore, owner: str, actor_id: str) -> list[str]:
    """Return the local ids of an actor's live actions as stored."""
    where = (
        Where("simulation_id", "==", owner),
        Where("actor_id", "==", actor_id),
        Where("state", "==", LIVE),
    )
    found = await store.query(Query(ACTIONS, where, columns_only=True))
    return [str(document.columns["local_id"]) for document in found]

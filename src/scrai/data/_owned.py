"""Entities of a simulation: read with what is coming, written through its inbox.

The step is the only writer of simulated state. So a write here is a command, which the next step
applies or refuses; what can be known to be refused is refused at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from scrai import _wall
from scrai.data._commands import updated
from scrai.data._documents import entity_of
from scrai.data._inbox import accepting, inbox_write
from scrai.data._mapping import ACTORS, KINDS, document_id, split_id
from scrai.data._overlay import LookAhead, look_ahead, users_of
from scrai.errors import AlreadyExistsError, CommandRefusedError, ReferenceMissingError
from scrai.models import Command, CommandKind, check_references, references, to_stored
from scrai.store import DocumentStore, Query, Where

_FINISHED: Final = "finished events and actions can no longer be changed"
_TIMES: Final = ("created_at", "updated_at")
_NEAR: Final = 1000

_numbers = count()


def new_command(
    kind: CommandKind,
    entity_id: str | None = None,
    payload: Mapping[str, Any] | None = None,
) -> Command:
    """Return a new command.

    Its id begins with a running number, so that commands of one process apply in the order in
    which they were made even within one tick of the clock.
    """
    return Command(
        id=f"{next(_numbers):08d}-{kind.value}-{_wall.nonce(6)}",
        kind=kind,
        entity_id=entity_id,
        payload=dict(payload or {}),
        submitted_at=_wall.now(),
    )


async def send(store: DocumentStore, owner: str, *commands: Command) -> None:
    """Put commands into a simulation's inbox, all or none."""
    await store.commit([inbox_write(owner, command) for command in commands])


def kind_of_command(verb: str, collection: str) -> CommandKind:
    """Return e.g. INJECT_ACTOR for `inject` and `actors`."""
    return CommandKind(f"{verb}_{collection[:-1]}")


# ---------------------------------------------------------------- reading


async def read_owned(store: DocumentStore, kind: str, owner: str, key: str) -> Any:
    """Return an entity as it will be when the waiting commands are applied, or None."""
    desk = await look_ahead(store, owner, key)
    if desk is not None:
        changes = desk.changes(kind)
        if key in changes:
            return changes[key]
    document = await store.get(kind, document_id(owner, key))
    return None if document is None else entity_of(kind, document)


async def read_owned_many(
    store: DocumentStore, kind: str, owner: str, keys: list[str]
) -> list[Any]:
    """Return entities in the order asked, None where there is none."""
    desk = await look_ahead(store, owner)
    changes = desk.changes(kind) if desk else {}
    documents = await store.get_many(kind, [document_id(owner, key) for key in keys])
    stored = [None if each is None else entity_of(kind, each) for each in documents]
    return [changes.get(key, entity) for key, entity in zip(keys, stored, strict=True)]


# ---------------------------------------------------------------- writing


async def create_owned(store: DocumentStore, kind: str, owner: str, entity: Any) -> None:
    """Ask for a new entity.

    Raises:
        SimulationMissingError, SimulationEndedError: the simulation takes no commands.
        AlreadyExistsError: there is such an entity, or one is coming.
        ReferenceMissingError: it refers to something that does not exist.
    """
    await accepting(store, owner)
    if await read_owned(store, kind, owner, entity.id) is not None:
        raise AlreadyExistsError("it exists already")
    await check_known(store, owner, entity)
    value = to_stored(entity)
    value.pop("simulation_id", None)
    for name in _TIMES:  # nobody chose them: the step gives them simulated time
        if name not in entity.model_fields_set:
            value.pop(name, None)
    command = new_command(kind_of_command("inject", kind), entity.id, value)
    await send(store, owner, command)


async def update_owned(
    store: DocumentStore, kind: str, owner: str, key: str, updates: Mapping[str, Any]
) -> bool:
    """Ask for a change; return False if there is no such entity."""
    await accepting(store, owner)
    old = await read_owned(store, kind, owner, key)
    if old is None:
        return False
    _refuse_finished(old)
    new, names = updated(old, updates)
    if not names:
        return True
    await check_known(store, owner, new, old)
    values = new.model_dump(mode="json", include=names)
    await send(store, owner, new_command(kind_of_command("update", kind), key, values))
    return True


async def delete_owned(store: DocumentStore, kind: str, owner: str, key: str) -> bool:
    """Ask that an actor be removed, or an event or action cancelled; False if there is none."""
    await accepting(store, owner)
    entity = await read_owned(store, kind, owner, key)
    if entity is None:
        return False
    if kind != ACTORS:
        _refuse_finished(entity)
        await send(store, owner, new_command(kind_of_command("cancel", kind), key))
        return True
    desk = await look_ahead(store, owner)
    users = await users_of(store, owner, key)
    if desk is not None:
        desk.put_users(key, users)
        users = desk.users_of(key)
    if users:
        raise CommandRefusedError(
            f"it is still needed by {', '.join(users[:3])}",
            hint="cancel those actions, or set active=false",
        )
    await send(store, owner, new_command(CommandKind.REMOVE_ACTOR, key))
    return True


def _refuse_finished(entity: Any) -> None:
    if getattr(entity, "is_terminal", False):
        raise CommandRefusedError(f"it is {entity.status.value}", hint=_FINISHED)


async def check_known(store: DocumentStore, owner: str, entity: Any, old: Any = None) -> None:
    """Refuse references that lead nowhere, unless they did before; raises ReferenceMissingError."""
    before = set() if old is None else {(kind, key) for _, kind, key in references(old)}
    wanted = {(kind, key) for _, kind, key in references(entity)} - before
    if not wanted:
        return
    known = await _known(store, owner, wanted)
    if not wanted <= known:
        coming = [key for kind, key in known if kind == "actor"]
        near = {"actor": [*coming, *await _some_ids(store, owner, ACTORS)]}
        problems = check_references([entity], lambda kind, key: (kind, key) in known | before, near)
        raise ReferenceMissingError("; ".join(problems))


async def _known(
    store: DocumentStore, owner: str, wanted: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those of the wanted (kind, id) that exist or are coming."""
    known: set[tuple[str, str]] = set()
    for kind in KINDS:
        keys = sorted(key for word, key in wanted if f"{word}s" == kind)
        documents = await store.get_many(kind, [document_id(owner, key) for key in keys])
        known |= {(kind[:-1], split_id(each.id)[1]) for each in documents if each is not None}
    if not wanted <= known:
        desk = await look_ahead(store, owner)
        known |= _coming(desk) if desk else set()
    return known


def _coming(desk: LookAhead) -> set[tuple[str, str]]:
    return {
        (kind[:-1], key)
        for kind in KINDS
        for key, entity in desk.changes(kind).items()
        if entity is not None
    }


async def _some_ids(store: DocumentStore, owner: str, kind: str) -> list[str]:
    where = (Where("simulation_id", "==", owner),)
    found = await store.query(Query(kind, where, limit=_NEAR, columns_only=True))
    return [split_id(document.id)[1] for document in found]

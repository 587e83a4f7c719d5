"""The repository of actors, of events or of actions: what the three have in common."""

from __future__ import annotations

from asyncio import Lock
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, ClassVar, TypeVar
from weakref import WeakValueDictionary

from scrai.data._commands import updated
from scrai.data._conditions import (
    COLUMNS,
    Condition,
    check_mapping,
    conditions_of,
    divide,
    field_equals,
)
from scrai.data._documents import entity_of
from scrai.data._mapping import MODELS, SEPARATOR, document_id
from scrai.data._overlay import look_ahead
from scrai.data._owned import (
    create_owned,
    delete_owned,
    read_owned,
    read_owned_many,
    update_owned,
)
from scrai.data._reporting import reporting
from scrai.data._repository import Change, Repository, Updates, check_id, check_limit
from scrai.data._search import Search, count, find, run
from scrai.data._unowned import change_unowned, create_unowned, delete_unowned
from scrai.errors import InvalidInputError
from scrai.models import Action, Actor, Event
from scrai.store import DocumentStore, Order, Where

E = TypeVar("E", Actor, Event, Action)


class EntityRepository(Repository[E]):
    """Keeps actors, events or actions.

    Those of a simulation are read as they will be when the commands that wait in its inbox are
    applied. Creating, updating or deleting one puts a command into that inbox; the next step
    carries it out. Those of no simulation are read and written directly.

    Lists of a repository without a simulation hold what is stored in all simulations and outside
    of them; they do not look into inboxes.
    """

    kind: ClassVar[str]
    """The collection."""

    def __init__(self, store: DocumentStore, simulation_id: str | None = None) -> None:
        super().__init__(store, simulation_id)
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()

    def _turn(self, key: str) -> Lock:
        """Return the lock of an entity: changes made here wait instead of outrunning each other.

        Right it would be without; a hundred at once would try five thousand times.
        """
        lock = self._turns.get(key)
        if lock is None:
            lock = self._turns[key] = Lock()
        return lock

    # -- keys -----------------------------------------------------------------------------

    def _key(self, entity_id: Any, simulation_id: str | None) -> tuple[str | None, str]:
        """Return (simulation, local id) of a key as this repository takes it."""
        scope = self._scope(simulation_id)
        if scope is not None:
            return scope, _local(entity_id)
        owner, separator, local = str(entity_id).partition(SEPARATOR)
        if not separator:
            return None, check_id(entity_id)
        return check_id(owner, "simulation id"), check_id(local)

    def _actor(self, actor_id: str, simulation_id: str | None) -> tuple[str | None, str]:
        """Return (simulation, local id) of an actor that entities refer to.

        A plain id in a repository without a simulation means that id wherever it occurs.
        """
        if self.simulation_id is None and simulation_id is None and SEPARATOR in str(actor_id):
            return self._key(actor_id, None)
        return simulation_id, actor_id

    def _owner_of(self, entity: Any) -> str | None:
        """Return the simulation to which a new entity will belong."""
        model = MODELS[self.kind]
        if not isinstance(entity, model):
            raise InvalidInputError(
                f"{type(self).__name__} keeps {model.__name__}, not {type(entity).__name__}"
            )
        if self.simulation_id is None or entity.simulation_id in (None, self.simulation_id):
            return self.simulation_id or entity.simulation_id
        raise InvalidInputError(
            f"it belongs to simulation {entity.simulation_id}, the repository to"
            f" {self.simulation_id}"
        )

    # -- one entity -----------------------------------------------------------------------

    async def create(self, entity: E) -> str:
        """Store a new entity and return its key.

        It belongs to the simulation that it names, or to that of the repository; the simulation's
        next step then takes it in. Otherwise it belongs to none and is stored at once.
        """
        with reporting("create", self.entity_type, getattr(entity, "id", None)):
            owner = self._owner_of(entity)
            if owner is None:
                await create_unowned(self.store, self.kind, entity)
            else:
                await create_owned(self.store, self.kind, owner, entity)
            return entity.id if self.simulation_id else document_id(owner, entity.id)

    async def get(self, entity_id: str, *, simulation_id: str | None = None) -> E | None:
        """Return an entity, or None."""
        with reporting("get", self.entity_type, entity_id):
            found: E | None
            owner, local = self._key(entity_id, simulation_id)
            if owner is not None:
                found = await read_owned(self.store, self.kind, owner, local)
            else:
                document = await self.store.get(self.kind, local)
                found = None if document is None else entity_of(self.kind, document)
            return found

    async def exists(self, entity_id: str, *, simulation_id: str | None = None) -> bool:
        """Return whether there is an entity of that key."""
        with reporting("exists", self.entity_type, entity_id):
            owner, local = self._key(entity_id, simulation_id)
            if owner is not None:
                return await read_owned(self.store, self.kind, owner, local) is not None
            return await self.store.get(self.kind, local) is not None

    async def get_many(
        self, entity_ids: Sequence[str], *, simulation_id: str | None = None
    ) -> list[E | None]:
        """Return entities in the order asked, None where there is none."""
        with reporting("get_many", self.entity_type):
            keys = [self._key(each, simulation_id) for each in entity_ids]
            found: dict[tuple[str | None, str], E | None] = {}
            for owner in dict.fromkeys(owner for owner, _ in keys):
                locals_ = [local for each, local in dict.fromkeys(keys) if each == owner]
                entities = await self._get_all(owner, locals_)
                found |= {(owner, k): e for k, e in zip(locals_, entities, strict=True)}
            return [found[key] for key in keys]

    async def _get_all(self, owner: str | None, keys: list[str]) -> list[E | None]:
        if owner is not None:
            return await read_owned_many(self.store, self.kind, owner, keys)
        documents = await self.store.get_many(self.kind, keys)
        return [None if each is None else entity_of(self.kind, each) for each in documents]

    async def update(
        self, entity_id: str, updates: Updates, *, simulation_id: str | None = None
    ) -> bool:
        """Replace top-level fields of an entity; return whether there is one.

        The result is validated as a whole, and the status makes one legal move at most. Of a
        simulation's entity the next step makes the change.
        """
        with reporting("update", self.entity_type, entity_id):
            owner, local = self._key(entity_id, simulation_id)
            if owner is not None:
                return await update_owned(self.store, self.kind, owner, local, updates)
            changed = await self._change(local, lambda old: updated(old, updates)[0])
            return changed is not None

    async def change(self, entity_id: str, change: Change[E]) -> E | None:
        """Change an entity of no simulation under compare-and-set; return it, None if missing.

        Args:
            entity_id: its id.
            change: gets the entity as it stands and changes it, or returns another. When somebody
                else was faster it is called again with what they made.
        """
        with reporting("change", self.entity_type, entity_id):
            owner, local = self._key(entity_id, None)
            if owner is not None:
                raise InvalidInputError(
                    f"simulation {owner} changes it in its steps only",
                    hint="use update, or change it in a scenario's hook",
                )

            def apply(old: E) -> E:
                new = change(old)
                return old if new is None else new

            return await self._change(local, apply)

    async def _change(self, key: str, change: Callable[[E], E]) -> E | None:
        async with self._turn(key):
            found: E | None = await change_unowned(self.store, self.kind, key, change)
            return found

    async def delete(self, entity_id: str, *, simulation_id: str | None = None) -> bool:
        """Delete an entity; return whether there was one.

        Of a simulation, an actor is removed by the next step, unless live actions need it, and
        an event or action is cancelled: it stays on record.
        """
        with reporting("delete", self.entity_type, entity_id):
            owner, local = self._key(entity_id, simulation_id)
            if owner is not None:
                return await delete_owned(self.store, self.kind, owner, local)
            return await delete_unowned(self.store, self.kind, local)

    # -- many entities --------------------------------------------------------------------

    async def list_all(
        self, limit: int | None = None, *, simulation_id: str | None = None
    ) -> list[E]:
        """Return all entities, finished ones too, by id."""
        return await self._find("list_all", [], simulation_id, limit=limit)

    async def query(
        self,
        filters: Mapping[str, Any],
        limit: int | None = None,
        *,
        simulation_id: str | None = None,
    ) -> list[E]:
        """Return the entities whose fields equal the given values, by id; see `Repository.query`.

        Without a simulation, one of the fields must be an indexed one that narrows the search.
        """
        with reporting("query", self.entity_type):
            wanted = check_mapping(filters, "filters")
            search = await self._asked(wanted, simulation_id, check_limit(limit))
            return await find(self.store, search)

    async def stream(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> AsyncGenerator[E, None]:
        """Yield all entities, or those that `query` would return, page by page."""
        with reporting("stream", self.entity_type):
            search = await self._asked(filters, simulation_id, None)
            async with aclosing(run(self.store, search)) as entities:
                async for entity in entities:
                    yield entity

    async def count(
        self, filters: Mapping[str, Any] | None = None, *, simulation_id: str | None = None
    ) -> int:
        """Return how many entities there are, or how many `query` would return."""
        with reporting("count", self.entity_type):
            return await count(self.store, await self._asked(filters, simulation_id, None))

    async def _find(
        self,
        operation: str,
        conditions: list[Condition],
        simulation_id: str | None,
        *,
        limit: int | None = None,
        order: tuple[Order, ...] = (),
    ) -> list[E]:
        with reporting(operation, self.entity_type):
            scope = self._scope(simulation_id)
            search = await self._search(conditions, scope, check_limit(limit), order)
            return await find(self.store, search)

    async def _where(self, operation: str, simulation_id: str | None, **fields: Any) -> list[E]:
        conditions = [field_equals(self.kind, name, value) for name, value in fields.items()]
        return await self._find(operation, conditions, simulation_id)

    async def _asked(
        self, filters: Mapping[str, Any] | None, simulation_id: str | None, limit: int | None
    ) -> Search:
        """Return the search that filters mean; without any, all entities."""
        scope = self._scope(simulation_id)
        conditions = conditions_of(self.kind, {} if filters is None else filters)
        named = (filters or {}).get("simulation_id")
        if scope is None and isinstance(named, str):
            scope = self._checked(named)
        search = await self._search(conditions, scope, limit)
        if scope is None and filters is not None and search.question.is_broad:
            self._refuse_scan(filters)
        return search

    def _refuse_scan(self, filters: Mapping[str, Any]) -> None:
        fields = ", ".join(map(str, filters)) or "nothing"
        indexed = sorted({*COLUMNS[self.kind], *_TERMS.get(self.kind, ())} - {"active"})
        raise InvalidInputError(
            f"to ask for {fields} would read all of {self.kind}",
            hint=f"give simulation_id=, or add an indexed field: {', '.join(indexed)}",
        )

    async def _search(
        self,
        conditions: list[Condition],
        scope: str | None,
        limit: int | None,
        order: tuple[Order, ...] = (),
    ) -> Search:
        question = divide(conditions)
        search = Search(self.kind, scope, question, {}, order, limit)
        if scope is not None and not question.never and limit != 0:
            desk = await look_ahead(self.store, scope)
            search.changes = desk.changes(self.kind) if desk else {}
        return search


_TERMS = {"actors": ("affiliations", "location.<field>"), "events": ("affected_actors",)}


def _local(entity_id: Any) -> str:
    if isinstance(entity_id, str) and SEPARATOR in entity_id:
        raise InvalidInputError(
            f"{entity_id[:80]!r} is no local id",
            hint="with a simulation given, an id is the part after the '~'",
        )
    return check_id(entity_id)


def column_is(column: str, value: Any, check: Any) -> Condition:
    """Return the condition that a column has a value, for columns that are no fields."""
    return Condition(check, Where(column, "==", value))

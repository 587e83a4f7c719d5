"""The draft: what handlers and hooks work on, and the committed rows it is compared with.

Every phase rebuilds the entities it touches from their committed bytes. So a worker that goes on
and one that resumes after a crash see the very same objects, and dropping a draft costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from scrai.data import ACTIONS, ACTORS, EVENTS, MODELS
from scrai.errors import InvalidInputError
from scrai.models import Action, Actor, Event, SimulationState, canonical_bytes, load_bytes
from scrai.store import Column, Payload

E = TypeVar("E", Actor, Event, Action)

ACTIVE: Final = "active"
INACTIVE: Final = "inactive"


@dataclass(slots=True)
class Row:
    """One live entity as committed.

    Attributes:
        payload: its canonical bytes.
        digest: SHA-256 of its hashed fields.
        revision: the store's revision of its document.
        status: of events and actions, their status; of actors, `active` or `inactive`.
        raw: how the model serialises right after loading, in canonical bytes; equal bytes mean
            untouched.
        awaiting: whether it waits for an approval.
        fresh: the object that validated these bytes, for the next draft; nobody else has it.
        columns: those of its document, if we wrote it.
        decoded: what the payload decodes to, if that is at hand; nobody else has it.
    """

    payload: Payload
    digest: bytes
    revision: str | None
    status: str = ACTIVE
    raw: bytes | None = None
    awaiting: bool = False
    fresh: Any = None
    columns: dict[str, Column] | None = None
    decoded: dict[str, Any] | None = None

    def take(self) -> dict[str, Any]:
        """Return what the payload decodes to, for the caller to change."""
        found, self.decoded = self.decoded, None
        return found if found is not None else self.payload.value()


class Table(Generic[E]):
    """The live entities of one kind: rows, and objects rebuilt from them when first asked for.

    Whoever asks for one by its id gets that one built; the others are not touched until somebody
    asks for the list.
    """

    def __init__(self, kind: str, simulation_id: str, rows: dict[str, Row]) -> None:
        self.kind = kind
        self.rows = rows
        self._simulation_id = simulation_id
        self._model: Any = MODELS[kind]
        self._items: list[E] | None = None
        self._added: list[E] = []
        self._index: dict[str, E] = {}

    @property
    def loaded(self) -> bool:
        """Whether anything has asked for the list."""
        return self._items is not None

    @property
    def touched(self) -> bool:
        """Whether anything has asked for an object, or added one."""
        return self._items is not None or bool(self._index)

    @property
    def items(self) -> list[E]:
        """The live list, in id order, new ones last. Appending and removing count."""
        if self._items is None:
            built = self._index
            self._items = [built.get(key) or self._build(key) for key in sorted(self.rows)]
            self._items += self._added
            self._index = {item.id: item for item in self._items}
        return self._items

    def working(self) -> list[E]:
        """Return the objects that may differ from their rows, in the order of `items`."""
        if self._items is None:
            rows, built = self.rows, self._index
            keys = sorted(built.keys() & rows.keys() if self._added else built)
            found = [built[key] for key in keys]
            plain = all(item.id == key for key, item in zip(keys, found, strict=True))
            if plain and not any(item.id in rows for item in self._added):
                return found + self._added
        return self.items  # if somebody changed an id, look at everything

    def _build(self, key: str) -> E:
        row = self.rows[key]
        item: E = row.fresh
        if item is None:
            item = load_bytes(self._model, row.payload.data)
            # Set beneath validation: the value is ours, and this runs for every entity and phase.
            item.__dict__["simulation_id"] = self._simulation_id
        row.fresh = None
        if row.raw is None:
            raw = canonical_bytes(item, without="simulation_id")
            row.raw = row.payload.data if raw == row.payload.data else raw
        return item

    def find(self, key: str) -> E | None:
        """Return the entity of that local id, or None."""
        found = self._index.get(key)
        if found is None:
            items = self._items
            if items is None:
                if key in self.rows:
                    found = self._index[key] = self._build(key)
            elif len(items) != len(self._index):
                self._index = {item.id: item for item in items}
                found = self._index.get(key)
        return found

    def status(self, key: str) -> str | None:
        """Return the status that the row of that local id has, None if an object may differ."""
        if self._items is not None or key in self._index or key not in self.rows:
            return None
        return self.rows[key].status

    def has(self, key: str) -> bool:
        """Return whether there is an entity of that local id; builds none."""
        return (self._items is None and key in self.rows) or self.find(key) is not None

    def add(self, item: E) -> None:
        """Add a new entity; raises InvalidInputError if its id is taken."""
        if self.has(item.id):
            raise InvalidInputError(f"{self.kind[:-1]} {item.id!r} exists already")
        (self._added if self._items is None else self._items).append(item)
        self._index[item.id] = item

    def replace(self, old: E, new: E) -> None:
        """Put `new` where `old` stands."""
        items = self.items
        items[items.index(old)] = new
        self._index[new.id] = new

    def remove(self, item: E) -> None:
        """Take an entity out."""
        self.items.remove(item)
        self._index.pop(item.id, None)


@dataclass(slots=True)
class Draft:
    """A simulation's state while a phase works on it."""

    state: SimulationState
    actors: Table[Actor]
    events: Table[Event]
    actions: Table[Action]
    notes: list[str] = field(default_factory=list)

    def table(self, kind: str) -> Table[Any]:
        """Return the table of a collection name."""
        found: dict[str, Table[Any]] = {
            ACTIONS: self.actions,
            ACTORS: self.actors,
            EVENTS: self.events,
        }
        return found[kind]

    def tables(self) -> tuple[Table[Any], ...]:
        """Return the tables in the order in which hashes fold them."""
        return (self.actions, self.actors, self.events)

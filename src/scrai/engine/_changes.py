"""What a phase changed: validated, diffed, and turned into writes.

Only touched entities are dumped, checked and written. Work is proportional to what the phase
looked at and changed, never to how long the simulation has been running.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from scrai.data import (
    ACTIONS,
    ACTORS,
    EVENTS,
    LIVE,
    MODELS,
    PARTS,
    RETIRED,
    adopt,
    columns_of,
    document_id,
)
from scrai.engine._draft import Draft, Row, Table
from scrai.engine._packed import check_packed
from scrai.engine._patch import diff, patch_to
from scrai.engine._workset import Part, Workset, digest_of, hashed_bytes, is_as_stored, status_of
from scrai.errors import IllegalTransitionError, InvalidInputError, ReferenceMissingError
from scrai.models import (
    Actor,
    check_references,
    comes_back,
    format_time,
    load_bytes,
    reachable,
    references,
    sealed,
    visible,
)
from scrai.store import Column, Payload, Write, checked, create, delete, encode, update

PHASE_LOG = "phase_log"
OWNER = "simulation_id"


@dataclass(slots=True)
class Changes:
    """The change set of one step.

    Attributes:
        writes: of entities and parts, not yet of head and journal.
        patches: what changed, by `collection/id` or `parts/name`.
        rows: the new rows of changed live entities, by collection and id; None where gone.
        parts: the new parts.
        retired: (collection, id, hashed bytes) of entities that became terminal.
        created: ids of new entities by collection.
        slots: which write belongs to which row or part, to fill in revisions afterwards.
        elsewhere: (collection, id) of references that are not live: retired, or missing.
        inline: the patches in canonical bytes, if they go into the journal entry.
    """

    writes: list[Write] = field(default_factory=list)
    patches: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, dict[str, Row | None]] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    retired: list[tuple[str, str, bytes]] = field(default_factory=list)
    created: dict[str, list[str]] = field(default_factory=dict)
    slots: list[Row | Part | None] = field(default_factory=list)
    elsewhere: list[tuple[str, str]] = field(default_factory=list)
    inline: bytes = b""

    def write(self, write: Write, slot: Row | Part | None) -> None:
        """Add a write and the row or part whose revision it makes."""
        self.writes.append(write)
        self.slots.append(slot)


def collect(draft: Draft, work: Workset, step: int) -> Changes:
    """Compare a draft with the committed state.

    Raises:
        ModelError, InvalidInputError, InvalidDocumentError: the draft is not a valid state.
    """
    changes = Changes()
    fresh: list[Any] = []
    for table in draft.tables():
        if table.touched:
            fresh += _Collector(table, draft, work, step, changes).run()
    _check_references(fresh, draft, changes)
    _collect_parts(draft, work, changes)
    changes.retired.sort()
    return changes


class _Collector:
    """Compares the tables of one kind."""

    def __init__(
        self, table: Table[Any], draft: Draft, work: Workset, step: int, changes: Changes
    ) -> None:
        self.kind = table.kind
        self.table = table
        self.draft = draft
        self.work = work
        self.step = step
        self.changes = changes
        self.now = draft.state.now
        self.rows: dict[str, Row | None] = changes.rows.setdefault(table.kind, {})
        self.fresh: list[Any] = []

    def run(self) -> list[Any]:
        """Collect every change; return the entities whose references must be checked."""
        base = self.table.rows
        seen: set[str] = set()
        for item in self.table.working():
            if item.id in seen:
                raise InvalidInputError(f"two {self.kind} have the id {item.id!r}")
            seen.add(item.id)
            row = base.get(item.id)
            if row is None:
                self._created(item)
            else:
                values = visible(item, without=OWNER)
                data = sealed(item, values)
                if data != row.raw:
                    self._changed(item, row, values, data)
        if self.table.loaded:
            self._check_removed(seen)
        return self.fresh

    def _check_removed(self, seen: set[str]) -> None:
        base = self.table.rows
        if len(seen) != len(base) + len(self.changes.created.get(self.kind, ())):
            for key in sorted(base.keys() - seen):
                self._removed(key, base[key])

    def _created(self, item: Any) -> None:
        if item.simulation_id is None:
            adopt(item, self.draft.state)
        self.changes.created.setdefault(self.kind, []).append(item.id)
        values = visible(item, without=OWNER)
        payload = checked(sealed(item, values))
        value, loaded = payload.value(), self._loaded(payload)
        self.changes.patches[f"{self.kind}/{item.id}"] = {"new": value}
        self.fresh.append(item)
        new = self._store(loaded, payload, value, None, {})
        if new is not None and comes_back(item, loaded):
            new.raw = payload.data

    def _changed(self, item: Any, row: Row, values: dict[str, Any], data: bytes) -> None:
        if self.kind == ACTORS and item.updated_at != self.now:
            data = self._restamped(item, values, data)
        payload = checked(data)
        loaded = self._loaded(payload)
        value = row.take()
        patch = patch_to(value, values, data)
        if patch is None:
            value = payload.value()
            patch = diff(row.payload.value(), payload.value())
        if not patch:
            return
        if self.kind != ACTORS:
            self._check_path(loaded, row)
            if _touches(_REFERRING, patch):
                self.fresh.append(item)
        self.changes.patches[f"{self.kind}/{item.id}"] = patch
        new = self._store(loaded, payload, value, row, patch)
        if new is not None:
            new.decoded = value
            if comes_back(item, loaded):
                new.raw = payload.data

    def _restamped(self, item: Any, values: dict[str, Any], data: bytes) -> bytes:
        """Stamp an actor; return its bytes, which are made anew only if they must be."""
        old = _stamp(values["updated_at"])
        item.__dict__["updated_at"] = self.now
        values["updated_at"] = format_time(self.now)
        if data.count(old) == 1:  # nothing in its open values is called the same
            return data.replace(old, _stamp(values["updated_at"]))
        return sealed(item, values)

    def _check_path(self, item: Any, row: Row) -> None:
        if not reachable(type(item), row.status, item.status):
            raise IllegalTransitionError(
                f"{self.kind[:-1]} {item.id}: {row.status} cannot become {item.status.value}"
            )

    def _loaded(self, payload: Payload) -> Any:
        """Prove that an entity can be loaded again; return it as it will be."""
        loaded = load_bytes(MODELS[self.kind], payload.data)
        loaded.__dict__[OWNER] = self.work.simulation_id
        return loaded

    def _columns(
        self, item: Any, state: str, row: Row | None, patch: dict[str, Any]
    ) -> dict[str, Column]:
        known = row.columns if row is not None and self.kind == ACTORS else None
        if known is not None and not _touches(_INDEXED, patch):
            return known | {"step": self.step}
        return columns_of(item, state=state, step=self.step)

    def _store(
        self,
        item: Any,
        payload: Payload,
        value: dict[str, Any],
        row: Row | None,
        patch: dict[str, Any],
    ) -> Row | None:
        """Note the write of an entity; return its new row, None if it is finished."""
        terminal = not isinstance(item, Actor) and item.is_terminal
        key = document_id(self.work.simulation_id, item.id)
        columns = self._columns(item, RETIRED if terminal else LIVE, row, patch)
        new: Row | None = None
        if terminal:
            self.changes.retired.append(
                (self.kind, item.id, hashed_bytes(self.kind, payload, value))
            )
        else:
            status, awaiting = status_of(item)
            digest = digest_of(self.kind, payload, value)
            new = Row(payload, digest, None, status, None, awaiting, item, columns)
        self.rows[item.id] = new
        if row is None:
            self.changes.write(create(self.kind, key, payload, columns), new)
        else:
            # The head fences the step; a revision here would only refuse what it allows.
            self.changes.write(update(self.kind, key, payload, columns), new)
        return new

    def _removed(self, key: str, row: Row) -> None:
        if self.kind != ACTORS and row.status != "pending":
            raise InvalidInputError(
                f"{self.kind[:-1]} {key} is {row.status} and cannot be removed",
                hint="cancel it instead",
            )
        self.rows[key] = None
        self.changes.patches[f"{self.kind}/{key}"] = {"gone": True}
        self.changes.write(delete(self.kind, document_id(self.work.simulation_id, key)), None)


def _stamp(moment: str) -> bytes:
    return f'"updated_at":"{moment}"'.encode()


_REFERRING = frozenset(
    {
        "actor_id",
        "affected_actors",
        "effects",
        "generated_events",
        "prerequisites",
        "target_actor_ids",
        "trigger_action_id",
        "trigger_event_id",
    }
)


_INDEXED = frozenset({"active", "affiliations", "location", "name", "type"})
"""What the columns of an actor are made of."""


def _touches(fields: frozenset[str], patch: dict[str, Any]) -> bool:
    for pointers in patch.values():
        for pointer in pointers:
            if pointer.split("/", 2)[1] in fields:
                return True
    return False


def _check_references(fresh: list[Any], draft: Draft, changes: Changes) -> None:
    """Refuse references to actors that do not exist; leave retired ones for the store to tell."""
    if not any(True for item in fresh for _ in references(item)):
        return
    tables: dict[str, Table[Any]] = {
        "actor": draft.actors,
        "event": draft.events,
        "action": draft.actions,
    }

    def exists(kind: str, key: str) -> bool:
        if tables[kind].has(key):
            return True
        if kind == "actor":
            return False
        changes.elsewhere.append((f"{kind}s", key))
        return True

    if check_references(fresh, exists):
        known = {"actor": [item.id for item in draft.actors.items]}
        problems = check_references(fresh, exists, known)
        raise ReferenceMissingError("; ".join(problems[:5]))


def _collect_parts(draft: Draft, work: Workset, changes: Changes) -> None:
    state = draft.state
    for name in PARTS:
        value = getattr(state, name)
        if name == "metadata" and PHASE_LOG in value:
            value = {key: item for key, item in value.items() if key != PHASE_LOG}
        old = work.parts[name]
        if is_as_stored(value, old):
            continue
        payload = encode(value, name)
        if payload.data == old.payload.data:
            continue
        if name == "metadata":
            check_packed(value)
        changes.patches[f"parts/{name}"] = diff(old.payload.value(), payload.value())
        part = Part(payload, old.revision, sha256(payload.data).digest())
        changes.parts[name] = part
        changes.write(update(f"{work.path}/parts", name, payload), part)


def fold(digest: str, retired: list[tuple[str, str, bytes]]) -> str:
    """Fold newly retired entities into the digest of all retired ones."""
    for _, _, data in retired:
        digest = sha256(digest.encode() + data).hexdigest()
    return digest


def kinds_created(changes: Changes) -> tuple[list[str], list[str]]:
    """Return the ids of created (events, actions)."""
    return changes.created.get(EVENTS, []), changes.created.get(ACTIONS, [])

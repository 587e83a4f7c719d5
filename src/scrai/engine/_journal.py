"""Reading the journal: entries, lines of history, and the state at any step.

A line is the sequence of steps that led to a step: a restore jumps back, a branch continues its
parent. The state at a step is the nearest physical snapshot on its line plus the patches since.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from scrai.data import (
    KINDS,
    PARTS,
    SIMULATIONS,
    Head,
    hash_state,
    missing,
    read_head,
)
from scrai.engine._migrate import migrated
from scrai.engine._patch import apply, diff
from scrai.engine._snapshots import fetch
from scrai.engine._workset import digest_of
from scrai.errors import HistoryError, StoreCorruptError
from scrai.models import StepKind
from scrai.store import (
    BlobRef,
    Document,
    DocumentStore,
    Order,
    Query,
    Where,
    encode,
    get_blob,
)

PAGE: Final = 200
TERMINAL: Final = {
    "events": frozenset({"resolved", "cancelled"}),
    "actions": frozenset({"completed", "failed", "cancelled"}),
    "actors": frozenset[str](),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of consecutive steps of one simulation, both ends included."""

    simulation_id: str
    first: int
    last: int


@dataclass(slots=True)
class StateAt:
    """The full state after a step.

    Attributes:
        simulation_id, step: where.
        entry: the journal entry of that step.
        entities: live entities as stored objects, by collection and id.
        parts: world_state, environment, configuration, metadata.
    """

    simulation_id: str
    step: int
    entry: dict[str, Any]
    entities: dict[str, dict[str, dict[str, Any]]]
    parts: dict[str, dict[str, Any]]

    def flat(self) -> dict[str, dict[str, Any]]:
        """Return every object by `collection/id` or `parts/name`."""
        found = {f"parts/{name}": value for name, value in self.parts.items()}
        for kind, table in self.entities.items():
            found |= {f"{kind}/{key}": value for key, value in table.items()}
        return found

    def hash(self, head: Head) -> str:
        """Return the hash of this state; `head` supplies epoch and cycle length."""
        position = self.entry["position"]
        here = Head(
            name="",
            scenario=None,
            seed=0,
            epoch=head.epoch,
            cycle_seconds=head.cycle_seconds,
            phase=position["phase"],
            cycles=position["cycles"],
            retired_digest=position["retired_digest"],
        )
        digests = {
            kind: [_digest(kind, value) for _, value in sorted(table.items())]
            for kind, table in self.entities.items()
        }
        parts = {name: sha256(encode(value).data).digest() for name, value in self.parts.items()}
        return hash_state(here, digests, parts["world_state"], parts["environment"])


def _digest(kind: str, value: dict[str, Any]) -> bytes:
    return digest_of(kind, encode(value), value)


@dataclass(slots=True)
class Journal:
    """The journals of a store's simulations."""

    store: DocumentStore

    async def head(self, simulation_id: str) -> Head:
        """Return the present head of a simulation."""
        document = await self.store.get(SIMULATIONS, simulation_id)
        if document is None:
            raise missing(simulation_id)
        return read_head(document)

    async def entry(self, simulation_id: str, step: int) -> dict[str, Any]:
        """Return one entry; raises HistoryError if there is none."""
        document = await self.store.get(_steps(simulation_id), f"{step:010d}")
        if document is None:
            raise HistoryError(f"simulation {simulation_id} has no step {step}")
        return document.value()

    async def entries(self, segment: Segment) -> AsyncIterator[dict[str, Any]]:
        """Yield the entries of a segment in order, page by page."""
        first = segment.first
        while first <= segment.last:
            documents = await self.store.query(
                Query(
                    _steps(segment.simulation_id),
                    (Where("step", ">=", first), Where("step", "<=", segment.last)),
                    (Order("step"),),
                    PAGE,
                )
            )
            for document in documents:
                yield document.value()
            if len(documents) < PAGE:
                return
            first = int(documents[-1].id) + 1

    async def patches(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """Return an entry's patches, fetched if they were too large to lie in it."""
        found: dict[str, Any] = entry.get("patches", {})
        if set(found) == {"blob"}:
            data = await get_blob(self.store, BlobRef.read(found["blob"]))
            found = orjson.loads(data)
        return found

    async def line(self, simulation_id: str, step: int) -> list[Segment]:
        """Return the segments that led to a step, oldest first."""
        segments: list[Segment] = []
        here, last = simulation_id, step
        while True:
            document = await self.store.get(SIMULATIONS, here)
            if document is None:  # a parent that was deleted with --detach
                break
            head = read_head(document)
            parent, first = head.parent, first_step(head)
            restore = await self._last_restore(here, last)
            if restore is not None and restore["step"] > first:
                segments.append(Segment(here, restore["step"], last))
                last = restore["target"]["step"]
                continue
            if last >= first:
                segments.append(Segment(here, first, last))
            if parent is None:
                break
            here, last = parent["simulation_id"], min(last, parent["step"])
        return segments[::-1]

    async def _last_restore(self, simulation_id: str, step: int) -> dict[str, Any] | None:
        found = await self.store.query(
            Query(
                _steps(simulation_id),
                (Where("kind", "==", StepKind.RESTORE.value), Where("step", "<=", step)),
                (Order("step", descending=True),),
                1,
            )
        )
        return found[0].value() if found else None

    async def history(self, simulation_id: str) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        """Yield (simulation id, entry) along the line that led to the present step."""
        head = await self.head(simulation_id)
        last = -1
        for segment in await self.line(simulation_id, head.step):
            async for entry in self.entries(segment):
                # A fork has the number of the parent's step that it continues.
                if entry["step"] != last:
                    yield segment.simulation_id, entry
                last = entry["step"]

    async def find(self, simulation_id: str, cycle: int, phase: str) -> int:
        """Return the last step on the line that committed `phase` of `cycle`."""
        head = await self.head(simulation_id)
        for segment in reversed(await self.line(simulation_id, head.step)):
            documents = await self.store.query(
                Query(
                    _steps(segment.simulation_id),
                    (Where("cycle", "==", cycle),),
                    (Order("step"),),
                )
            )
            for document in reversed(documents):
                if _is_at(document, segment, phase):
                    return int(document.id)
        raise HistoryError(
            f"simulation {simulation_id} has not committed {phase} of cycle {cycle}",
            hint=f"scrai simulation history {simulation_id} shows what it has",
        )

    async def state_at(self, simulation_id: str, step: int) -> StateAt:
        """Return the full state after a step on any line of a simulation."""
        segments = await self.line(simulation_id, step)
        owner = next((s.simulation_id for s in segments if s.first <= step <= s.last), None)
        if owner is None:
            raise HistoryError(f"simulation {simulation_id} has no step {step}")
        base, rest = await self._base(segments)
        tables = {kind: base.get(kind, {}) for kind in (*KINDS, "parts")}
        last: dict[str, Any] = {}
        for segment in rest:
            async for entry in self.entries(segment):
                last = entry
                if entry["kind"] not in NO_PATCHES:
                    apply_patches(tables, await self.patches(entry))
        last = last or await self.entry(segments[-1].simulation_id, step)
        if last.get("step") != step:
            raise HistoryError(f"simulation {simulation_id} has no step {step}")
        drop_terminal(tables)
        parts = {name: tables["parts"].get(name, {}) for name in PARTS}
        version = last["versions"]["schema"]
        entities = {
            kind: {key: migrated(kind, value, version) for key, value in tables[kind].items()}
            for kind in KINDS
        }
        return StateAt(segments[-1].simulation_id, step, last, entities, parts)

    async def _base(
        self, segments: list[Segment]
    ) -> tuple[dict[str, dict[str, Any]], list[Segment]]:
        """Return the nearest snapshot and the segments that follow it."""
        rest: list[Segment] = []
        for segment in reversed(segments):
            documents = await self.store.query(
                Query(
                    f"{SIMULATIONS}/{segment.simulation_id}/snapshots",
                    (Where("step", "<=", segment.last),),
                    (Order("step", descending=True),),
                    1,
                )
            )
            step = int(documents[0].id) if documents else -1
            if step >= segment.first:
                after = Segment(segment.simulation_id, step + 1, segment.last)
                state = await fetch(self.store, documents[0])
                return state, [after, *rest]
            rest.insert(0, segment)
        return {}, rest


def first_step(head: Head) -> int:
    """Return the number of a simulation's first journal entry: 0, or where it branched."""
    return int(head.fork["step"]) if head.fork else 0


NO_PATCHES: Final = frozenset({StepKind.FORK.value, StepKind.MIGRATE.value, StepKind.RESTORE.value})


def apply_patches(tables: dict[str, dict[str, Any]], patches: Mapping[str, Any]) -> None:
    """Apply a step's patches to full tables in place; terminal entities stay until dropped."""
    for key, patch in patches.items():
        kind, _, name = key.partition("/")
        table = tables[kind]
        if "new" in patch:
            table[name] = copy.deepcopy(patch["new"])
        elif patch.get("gone"):
            table.pop(name, None)
        elif name in table:
            apply(table[name], patch)
        else:
            raise StoreCorruptError(f"the journal changes {key}, which it never created")


def difference(
    old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the patches between two flat states, as the journal writes them."""
    changes: dict[str, Any] = {key: {"gone": True} for key in sorted(old.keys() - new.keys())}
    for key, value in sorted(new.items()):
        patch = diff(old[key], value) if key in old else {"new": value}
        if patch:
            changes[key] = patch
    return changes


def drop_terminal(tables: dict[str, dict[str, Any]]) -> None:
    """Take entities in a terminal status out of full tables."""
    for kind, ends in TERMINAL.items():
        table = tables[kind]
        for key in [key for key, value in table.items() if value.get("status") in ends]:
            del table[key]


def _is_at(document: Document, segment: Segment, phase: str) -> bool:
    number = int(document.id)
    return (
        segment.first <= number <= segment.last
        and document.columns.get("phase") == phase
        and document.columns.get("kind") == StepKind.PHASE.value
    )


def _steps(simulation_id: str) -> str:
    return f"{SIMULATIONS}/{simulation_id}/steps"

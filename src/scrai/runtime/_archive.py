"""A whole simulation as one portable file, and back: between stores of any kind.

The file is JSON lines: a line that says what it is, the documents of the simulation, and a last
line that proves it is complete. An import claims the id first with a head that is marked as being
deleted, so that nobody can step or see as whole what is still half there; the real head comes last.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from scrai import __version__
from scrai.data import KINDS, SEPARATOR, SIMULATIONS, VERSIONS, Head, check_local_id, not_whole
from scrai.engine import PhaseEngine, claimed
from scrai.errors import (
    AlreadyExistsError,
    InvalidInputError,
    StepConflictError,
    StoreSchemaError,
    StoreUnavailableError,
)
from scrai.runtime._reading import Reading
from scrai.store import (
    DocumentStore,
    Query,
    Where,
    export_documents,
    export_matching,
    import_documents,
)

VERSION: Final = 1
LONGEST_LINE: Final = 8 * 1024 * 1024
"""More than a document of 1 MiB can become as JSON."""
_MARK: Final = "scrai_export"


async def export_simulation(
    store: DocumentStore, reading: Reading, simulation_id: str
) -> AsyncIterator[bytes]:
    """Yield the lines of a simulation's file.

    Raises:
        StepConflictError: the simulation moved on meanwhile; the file is of no use.
        SimulationEndedError: it is being deleted, or imported; there is no file.
    """
    before = await reading.head(simulation_id)
    if before.deleting:
        raise not_whole(simulation_id)
    first = {_MARK: VERSION, "simulation_id": simulation_id, "scrai": __version__}
    yield _dumped(first | {"step": before.step, "hash": before.hash})
    count = 0
    async for line in export_documents(store, SIMULATIONS, [simulation_id]):
        count += 1
        yield line
    for kind in KINDS:
        async for line in export_matching(store, _owned(kind, simulation_id)):
            count += 1
            yield line
    after = await reading.head(simulation_id)
    if (after.step, after.hash) != (before.step, before.hash):
        raise StepConflictError(
            f"simulation {simulation_id} moved from step {before.step} to {after.step} meanwhile",
            hint=f"scrai simulation pause {simulation_id}, then export it again",
        )
    yield _dumped({"end": True, "documents": count})


def _owned(kind: str, simulation_id: str) -> Query:
    return Query(kind, (Where("simulation_id", "==", simulation_id),))


def _bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines; of a file, read none that could not be a document."""
    read = getattr(lines, "readline", None)
    if read is None:
        yield from lines
        return
    number = 1
    while line := read(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise InvalidInputError(f"line {number} is too long for an exported document")
        yield line
        number += 1


def _dumped(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) + b"\n"


async def import_simulation(store: DocumentStore, lines: Iterable[bytes]) -> str:
    """Bring an exported simulation into a store; return its id.

    Raises:
        InvalidInputError: it is no export, or not a complete one; nothing of it stays.
        AlreadyExistsError: there is a simulation of that id, or somebody is making one.
        ConflictError: somebody deleted it meanwhile.
        StoreSchemaError: a newer version of ScrAI exported it.
    """
    reader = iter(_bounded(lines))
    simulation_id = _opening(next(reader, b""))
    head = _head_in(next(reader, b""), simulation_id)
    rest = _Documents(reader, simulation_id)
    try:
        async with claimed(store, simulation_id, replace(head, parent=None)) as claim:
            await import_documents(store, rest, replace=True, commit=claim.commit)
            rest.check_complete()
            await _check_whole(store, simulation_id)
            parent = await _parent(store, head, simulation_id)
            await claim.finish(replace(head, parent=parent))
    except AlreadyExistsError as error:
        hint = error.hint or "delete it first, or import into another database (--db)"
        raise AlreadyExistsError(error.message, winner=error.winner, hint=hint) from None
    return simulation_id


def _opening(line: bytes) -> str:
    """Return the simulation's id in the first line; raises what is wrong with it."""
    found = _parsed(line, 1)
    version = found.get(_MARK)
    if not isinstance(version, int) or not isinstance(found.get("simulation_id"), str):
        raise InvalidInputError(
            "not an exported simulation", hint="scrai simulation export ID --out FILE makes one"
        )
    if version > VERSION:
        raise StoreSchemaError(
            f"the file is of version {version}, exported by ScrAI {found.get('scrai')}",
            hint="install that version or a newer one",
        )
    return check_local_id(found["simulation_id"], "simulation id")


def _head_in(line: bytes, simulation_id: str) -> Head:
    found = _parsed(line, 2)
    if found.get("collection") != SIMULATIONS or found.get("id") != simulation_id:
        raise InvalidInputError("line 2 is not the head of the exported simulation")
    payload = found.get("payload")
    if not isinstance(payload, dict):
        raise InvalidInputError("line 2 is not an exported document")
    return Head.read(payload, "line 2")


def _parsed(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise InvalidInputError(
            f"line {number} is not an exported document",
            hint="scrai simulation export ID --out FILE makes such a file",
        )
    return found


class _Documents:
    """The lines after the head, each checked to belong to the simulation and to nothing else."""

    def __init__(self, lines: Iterator[bytes], simulation_id: str) -> None:
        self._lines = lines
        self._id = simulation_id
        self._count = 1
        self._announced: int | None = None

    def __iter__(self) -> Iterator[bytes]:
        for line in self._lines:
            found = _parsed(line, self._count + 2)
            if found.get("end") is True:
                self._announced = found.get("documents")
                return
            self._check_owned(found)
            self._count += 1
            yield line

    def _check_owned(self, found: dict[str, Any]) -> None:
        collection, key = str(found.get("collection")), str(found.get("id"))
        below = collection.startswith(f"{SIMULATIONS}/{self._id}/")
        owned = collection in KINDS and key.startswith(f"{self._id}{SEPARATOR}")
        if not (below or owned):
            raise InvalidInputError(
                f"line {self._count + 2}: {collection}/{key[:80]} is not part of {self._id}"
            )

    def check_complete(self) -> None:
        """Raise InvalidInputError if the file was cut off."""
        if self._announced != self._count:
            raise InvalidInputError(
                "the export is not complete", hint="export the simulation again"
            )


async def _check_whole(store: DocumentStore, simulation_id: str) -> None:
    """Raise InvalidInputError if what was imported is not the state that its journal tells of."""
    engine = PhaseEngine(store)
    try:
        await engine.get(simulation_id)
        work = await engine.inspect(simulation_id)
        last = await engine.journal.entry(simulation_id, work.head.step)
        same = last["hash"] == work.head.hash == work.computed_hash()
        written = last["versions"]
        comparable = all(written[name] == VERSIONS[name] for name in ("hash", "schema"))
    except StoreUnavailableError:
        raise
    except Exception as problem:
        raise InvalidInputError(
            f"the export cannot be read: {problem}", hint="export the simulation again"
        ) from problem
    if comparable and not same:
        raise InvalidInputError(
            "the export does not hold the state that its hash tells of",
            hint="it was changed or damaged; export the simulation again",
        )


async def _parent(store: DocumentStore, head: Head, simulation_id: str) -> dict[str, Any] | None:
    """Return a branch's pointer to its parent, if that very parent is here, too."""
    if head.parent is None:
        return None
    name = f"{head.parent['step']:010d}"
    ours, theirs = [
        await store.get(f"{SIMULATIONS}/{owner}/steps", name)
        for owner in (simulation_id, head.parent["simulation_id"])
    ]
    if ours is None or theirs is None or ours.value()["hash"] != theirs.value()["hash"]:
        return None
    return head.parent

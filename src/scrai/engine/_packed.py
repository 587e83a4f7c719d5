"""Packed values: arrays and tables too large for documents, as blobs that a commit refers to.

A scenario with a big population keeps it as bytes under a name (`context.pack`), and what it
observed as tables (`context.record`). The bytes are uploaded first, named by their content; the
commit of the phase makes them visible: a packed value through `metadata["packed"]`, a table
through the journal entry of its step. So they branch, restore and replay with everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from scrai.errors import InvalidInputError, StoreCorruptError
from scrai.store import BlobRef, DocumentStore, chunks_of, get_blob, put_blob

PACKED: Final = "packed"
RECORDS: Final = "records"


@dataclass(slots=True)
class Vault:
    """The packed values of one simulation as one phase sees them.

    Attributes:
        kept: values by digest that need not be read again; shared by the phases of a worker.
        staged: new values by digest, to be uploaded.
        tables: new tables by name: (rows, bytes).
    """

    store: DocumentStore | None = None
    path: str = ""
    kept: dict[str, bytes] = field(default_factory=dict)
    staged: dict[str, bytes] = field(default_factory=dict)
    tables: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    async def get(self, metadata: Mapping[str, Any], name: str) -> bytes | None:
        """Return the value of a name, None if there is none."""
        line = metadata.get(PACKED, {}).get(name)
        if line is None:
            return None
        digest = str(line["digest"])
        found = self.staged.get(digest, self.kept.get(digest))
        if found is None:
            if self.store is None:
                raise StoreCorruptError(f"packed value {name!r} is not at hand")
            found = await get_blob(self.store, _ref(self.path, line))
            self.kept[digest] = found
        return found

    def put(self, metadata: dict[str, Any], name: str, data: bytes) -> None:
        """Give a name a new value."""
        line = _line(data)
        self.staged[line["digest"]] = data
        metadata[PACKED] = metadata.get(PACKED, {}) | {name: line}

    def record(self, table: str, data: bytes, rows: int) -> None:
        """Attach a table to this phase; raises InvalidInputError if it has one of that name."""
        if table in self.tables:
            raise InvalidInputError(f"table {table!r} was recorded in this phase already")
        self.tables[table] = (rows, data)

    async def upload(self, entry: dict[str, Any], probe: Callable[[str], None]) -> None:
        """Upload what is new, and say in the journal entry where it is."""
        if self.store is None or not (self.staged or self.tables):
            return
        for data in (*self.staged.values(), *(data for _, data in self.tables.values())):
            await put_blob(self.store, f"{self.path}/blobs", data)
            probe("in_upload")
        if self.staged:
            entry[PACKED] = sorted(self.staged)
        if self.tables:
            entry[RECORDS] = {
                name: _line(data) | {"rows": rows} for name, (rows, data) in self.tables.items()
            }

    def keep(self, metadata: Mapping[str, Any]) -> None:
        """After the commit: keep the present values at hand, and nothing else."""
        present = {str(line["digest"]) for line in metadata.get(PACKED, {}).values()}
        both = self.kept | self.staged
        self.kept.clear()
        self.kept.update({digest: both[digest] for digest in present if digest in both})


def check_packed(metadata: Mapping[str, Any]) -> None:
    """Refuse metadata whose references to packed values are none: `context.pack` makes them."""
    lines = metadata.get(PACKED, {})
    try:
        for line in lines.values():
            _ref("", line)
    except (AttributeError, StoreCorruptError, TypeError):
        raise InvalidInputError(
            f"metadata.{PACKED} is not what context.pack makes of it",
            hint="it is the engine's own; choose another key",
        ) from None


def digests_in(entry: Mapping[str, Any]) -> set[str]:
    """Return the digests of the blobs that a journal entry's packed values and tables are in."""
    tables = entry.get(RECORDS, {}).values()
    return {*entry.get(PACKED, ()), *(line["digest"] for line in tables)}


async def copy_packed(
    source: DocumentStore,
    source_path: str,
    metadata: Mapping[str, Any],
    target: DocumentStore,
    target_path: str,
) -> None:
    """Copy the packed values that a state refers to from one simulation to another."""
    for line in metadata.get(PACKED, {}).values():
        data = await get_blob(source, _ref(source_path, line))
        await put_blob(target, f"{target_path}/blobs", data)


async def read_table(
    store: DocumentStore, path: str, entry: Mapping[str, Any], table: str
) -> bytes | None:
    """Return the table that a journal entry of the simulation at `path` has, if it has it."""
    line = entry.get(RECORDS, {}).get(table)
    return None if line is None else await get_blob(store, _ref(path, line))


def _line(data: bytes) -> dict[str, Any]:
    return {"chunks": chunks_of(data), "digest": sha256(data).hexdigest(), "size": len(data)}


def _ref(path: str, line: Mapping[str, Any]) -> BlobRef:
    return BlobRef.read({**line, "collection": f"{path}/blobs"})

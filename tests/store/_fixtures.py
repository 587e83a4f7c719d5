"""Stored databases of every schema version, as files of this folder.

`python tests/store/_fixtures.py` writes the one of the present version. Do that once, when the
version is raised; a stored file is never written again.
"""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

from scrai.store import SqliteStore
from scrai.store._sqlite_schema import VERSION
from scrai.store.conformance import declare_collections, write_fixture

FOLDER = Path(__file__).parent / "fixtures"


def unpack_fixtures(folder: Path) -> list[Path]:
    """Unpack every stored database into a folder."""
    found = []
    for packed in sorted(FOLDER.glob("sqlite-*.gz")):
        path = folder / packed.stem
        path.write_bytes(gzip.decompress(packed.read_bytes()))
        found.append(path)
    return found


async def _write(path: Path) -> None:
    declare_collections()
    store = SqliteStore(path)
    await store.open()
    await write_fixture(store)
    await store.close()


def main() -> None:
    """Write the database of the present schema version."""
    target = FOLDER / f"sqlite-{VERSION}.gz"
    if target.exists():
        raise SystemExit(f"{target} is there already")
    path = FOLDER / "new"
    asyncio.run(_write(path))
    target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()


if __name__ == "__main__":
    main()

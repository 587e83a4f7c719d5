"""From settings to a store that is open."""

from __future__ import annotations

from typing import Literal

from scrai.runtime._settings import Settings
from scrai.store import DocumentStore, MemoryStore


def make_store(settings: Settings) -> DocumentStore:
    """Return the store that the settings describe; it is not open yet, nothing is touched."""
    if settings.backend == "memory":
        return MemoryStore()
    if settings.backend == "firestore":
        from scrai.store import FirestoreClient

        return FirestoreClient(
            project_id=settings.project_id,
            credentials=settings.credentials,
            database=settings.database,
            emulator_host=settings.emulator_host,
        )
    from scrai.store import SqliteStore

    level: Literal["FULL", "NORMAL"] = "FULL" if settings.synchronous == "full" else "NORMAL"
    return SqliteStore(settings.db, synchronous=level)


def place_of(settings: Settings) -> str:
    """Return where the data are, for people."""
    if settings.backend == "sqlite":
        return f"sqlite file {settings.db}"
    if settings.backend == "firestore":
        where = f"emulator {settings.emulator_host}" if settings.emulator_host else "Google Cloud"
        return f"Firestore project {settings.project_id or '(from credentials)'}, {where}"
    return "the memory of this process"

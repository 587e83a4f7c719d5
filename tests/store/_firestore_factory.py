"""Firestore stores for the conformance suite, on the emulator."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AsyncExitStack
from typing import Any

from google.cloud.firestore_v1 import types

from _proxy import Proxy, proxy
from scrai import _wall
from scrai.errors import StoreCredentialsError, StoreUnavailableError
from scrai.store import Bounds, DocumentStore, FirestoreStore
from scrai.store._firestore_codec import put_document
from scrai.store.conformance import Feature, Hazard, Opener
from scrai.store.emulator import free_port

_QUICK = Bounds(attempt=0.5, commit=1.0, total=3.0, probe=2.0, retrying=2.0)
_TROUBLE = frozenset({Feature.OUTAGE, Feature.LOST_REPLY})


def open_store(project: str, host: str) -> FirestoreStore:
    """Return a store that is not open yet; other processes call this."""
    return FirestoreStore(project, emulator_host=host)


class FirestoreFactory:
    """One factory for one case. A fresh store is a project that nobody has used."""

    name = "firestore"
    features = frozenset(
        {
            Feature.HAZARDS,
            Feature.LOST_REPLY,
            Feature.OUTAGE,
            Feature.PROCESSES,
            Feature.REOPEN,
            Feature.SECOND,
            Feature.SPOIL,
        }
    )
    bound = _QUICK.total + 1

    def __init__(self, host: str, needs: Collection[Feature] = ()) -> None:
        self._host = host
        self._troubled = bool(_TROUBLE & set(needs))
        self._projects: dict[DocumentStore, str] = {}
        self._lines: dict[DocumentStore, Proxy] = {}
        self._stack = AsyncExitStack()

    async def fresh(self) -> DocumentStore:
        """Return a store in a new project; behind a proxy if the case is about trouble."""
        return await self._open(f"demo-{_wall.nonce(8)}")

    async def _open(self, project: str) -> FirestoreStore:
        line = None
        if self._troubled:
            line = await self._stack.enter_async_context(proxy(self._host))
        host = line.host if line else self._host
        bounds = _QUICK if line else Bounds()
        store = FirestoreStore(project, emulator_host=host, bounds=bounds)
        await store.open()
        self._stack.push_async_callback(store.close)
        self._projects[store] = project
        if line:
            self._lines[store] = line
        return store

    async def cleanup(self) -> None:
        """Close everything. Projects of an emulator that ends are not worth emptying."""
        await self._stack.aclose()

    async def second(self, store: DocumentStore) -> DocumentStore:
        """Return another client of the same project."""
        return await self._open(self._projects[store])

    async def reopen(self, store: DocumentStore) -> DocumentStore:
        """Close a client and return a new one of the same project."""
        await store.close()
        return await self._open(self._projects[store])

    def opener(self, store: DocumentStore) -> Opener:
        """Say how another process opens the same project."""
        arguments = {"project": self._projects[store], "host": self._host}
        return Opener(f"{__name__}:{open_store.__name__}", arguments)

    async def spoil(self, store: DocumentStore, collection: str, id: str) -> None:  # noqa: A002
        """Overwrite a payload with what is no JSON."""
        assert isinstance(store, FirestoreStore)
        found = await store.get(collection, id)
        assert found is not None
        session = store._ready()
        request: Any = types.CommitRequest.pb()(database=session._database)
        target = request.writes.add().update
        target.name = f"{session._documents}/{collection}/{id}"
        put_document(target, found.columns, b'{"torn', found.data)
        await session.rpc.commit(request, "spoil")

    async def outage(self, store: DocumentStore) -> None:
        """Refuse connections."""
        await self._lines[store].down()

    async def recover(self, store: DocumentStore) -> None:
        """Accept connections again."""
        await self._lines[store].up()

    async def lose_reply(self, store: DocumentStore) -> None:
        """Cut the connection on which the next answer comes."""
        self._lines[store].losing = True

    def move_clock(self, store: DocumentStore, seconds: float) -> None:
        """Not possible: the clock is the server's."""
        raise NotImplementedError

    def hazards(self) -> list[Hazard]:
        """Return addresses where nobody is, and keys that are none."""
        return [
            Hazard(
                "nobody listens",
                StoreUnavailableError,
                lambda: open_store("demo", f"127.0.0.1:{free_port()}"),
                bytes,
            ),
            Hazard(
                "no such key file",
                StoreCredentialsError,
                lambda: FirestoreStore("demo", "no/such/key.json"),
                bytes,
            ),
        ]

    async def earlier(self) -> list[DocumentStore]:
        """No files of earlier versions."""
        raise NotImplementedError

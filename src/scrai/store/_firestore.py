"""The Firestore backend: Google's document database, or its emulator."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from scrai.errors import StoreClosedError, StoreError
from scrai.store._firestore_bounds import Bounds, StoreStats
from scrai.store._types import Capabilities, CommitResult, Document, Query, Write

if TYPE_CHECKING:
    # google-cloud-firestore takes .3 s of CPU to import: only an open client pays for it.
    from scrai.store._firestore_session import Session

ENDPOINT = "firestore.googleapis.com:443"


class FirestoreStore:
    """A document store on Firestore in Native mode.

    A store belongs to the event loop that opened it.

    Attributes:
        stats: what was asked of the server so far.
    """

    name = "firestore"
    capabilities = Capabilities(durable=True, multi_process=True, remote=True)

    def __init__(
        self,
        project_id: str | None = None,
        credentials: Any = None,
        database: str = "(default)",
        *,
        emulator_host: str | None = None,
        endpoint: str = ENDPOINT,
        bounds: Bounds | None = None,
    ) -> None:
        """Describe the connection; nothing is imported or sent before `open`.

        Args:
            project_id: the Google Cloud project; else `GOOGLE_CLOUD_PROJECT`, else the one that
                the credentials name.
            credentials: the path of a service account's key file, or a google-auth credentials
                object; else the application default credentials.
            database: the database's id.
            emulator_host: `host:port` of an emulator; else `FIRESTORE_EMULATOR_HOST`.
            endpoint: another server than Google's global one.
            bounds: time bounds and the number of calls in flight.
        """
        self.stats = StoreStats()
        self._project_id = project_id
        self._credentials = credentials
        self._database = database
        self._emulator_host = emulator_host
        self._endpoint = endpoint
        self._bounds = bounds or Bounds()
        self._session: Session | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Connect and ask one short question, so that a wrong address fails here and at once.

        Raises:
            StoreUnavailableError: nobody answers.
            StoreCredentialsError: no credentials, or refused ones.
            StoreError: no such database, or the store is open in another event loop.
        """
        async with self._opening:
            if self._session is None:
                self._session = await self._start()
        self._ready()

    async def _start(self) -> Session:
        # gRPC reads this when it is loaded; else it writes notes of its own to stderr.
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from scrai.store._firestore_connect import Settings
        from scrai.store._firestore_session import Session

        settings = Settings(
            project_id=self._project_id,
            credentials=self._credentials,
            database=self._database,
            endpoint=self._endpoint,
            emulator_host=self._emulator_host,
        )
        return await Session.start(settings, self._bounds, self.stats)

    async def close(self) -> None:
        """End what is in flight and close the connection; idempotent."""
        session, self._session = self._session, None
        if session is not None and session.loop is asyncio.get_running_loop():
            await session.rpc.close()

    def _ready(self) -> Session:
        session = self._session
        if session is None:
            raise StoreClosedError(
                "the Firestore client is not open", hint="await initialize() before its first use"
            )
        if session.loop is not asyncio.get_running_loop():
            raise StoreError(
                "the Firestore client belongs to the event loop that opened it",
                hint="make one client per event loop, and close it in that loop",
            )
        return session

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def get(self, collection: str, id: str) -> Document | None:  # noqa: A002
        """Return one document, or None."""
        return (await self._ready().get_many(collection, [id]))[0]

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked, None where missing, in one round trip."""
        return await self._ready().get_many(collection, ids)

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        return await self._ready().query(query)

    async def count(self, query: Query) -> int:
        """Return how many match (order, limit and cursor do not count)."""
        return await self._ready().count(query)

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none.

        Raises:
            ConflictError: a document is not at the revision expected of it, or exists already
                (AlreadyExistsError); carries the winner.
            DocumentMissingError: a document to update does not exist.
            StoreUnavailableError, StoreTimeoutError: no answer; unless the message says that
                nothing was sent, the commit may have been applied.
        """
        return await self._ready().commit(writes)

    async def subcollections(self, collection: str, id: str) -> list[str]:  # noqa: A002
        """Return the paths of the collections that hold documents below a document, sorted."""
        return await self._ready().subcollections(collection, id)


class FirestoreClient(FirestoreStore):
    """The Firestore store under the name of the repositories' contract.

    ```python
    client = FirestoreClient(project_id="my-project")
    await client.initialize()
    actors = ActorRepository(client)
    ```
    """

    async def initialize(self) -> None:
        """Connect; the contract's word for `open`."""
        await self.open()

"""What an open Firestore client does. Importing this imports google-cloud-firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from google.cloud.firestore_v1 import types

from scrai.errors import ConflictError, DocumentMissingError, StoreError, StoreUnavailableError
from scrai.store._firestore_bounds import Bounds, StoreStats
from scrai.store._firestore_codec import read_document
from scrai.store._firestore_commit import commit_request, conditional, explain, revisions
from scrai.store._firestore_connect import Settings, connect
from scrai.store._firestore_query import below_query, count_query, counted, run_query
from scrai.store._firestore_rpc import Rpc
from scrai.store._firestore_settle import Settling
from scrai.store._ids import check_id
from scrai.store._plan import check_count, check_query
from scrai.store._prepare import Prepared, prepare
from scrai.store._registry import spec_of
from scrai.store._types import CommitResult, Document, Query, Write

_BatchGet: Any = types.BatchGetDocumentsRequest.pb()
_PROBED = "simulations/-"
_found, _document = attrgetter("found"), attrgetter("document")


class Session:
    """One connection in one event loop.

    Attributes:
        loop: the event loop it belongs to.
        rpc: the calls.
    """

    def __init__(
        self, rpc: Rpc, database: str, stats: StoreStats, *, emulated: bool = False
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.rpc = rpc
        self._settling = Settling() if emulated else None
        self._database = database
        self._documents = f"{database}/documents"
        self._root = len(self._documents) + 1
        self._stats = stats

    @classmethod
    async def start(cls, settings: Settings, bounds: Bounds, stats: StoreStats) -> Session:
        """Connect and ask one short question."""
        to = await connect(settings)
        rpc = Rpc(to.channel, to.metadata, bounds, stats)
        session = cls(rpc, to.database, stats, emulated=to.emulated)
        try:
            await session.rpc.probe(session._get_request([_PROBED]))
        except BaseException:
            await session.rpc.close()
            raise
        return session

    async def get_many(self, collection: str, ids: Sequence[str]) -> list[Document | None]:
        """Return documents in the order asked."""
        spec_of(collection)
        for each in ids:
            check_id(each)
        if not ids:
            return []
        paths = [f"{collection}/{each}" for each in ids]
        some = "" if len(paths) == 1 else f" and {len(paths) - 1} more"
        replies = await self._get(paths, f"get {paths[0]}{some}")
        return [self._document(replies.get(path)) for path in paths]

    async def _get(self, paths: Iterable[str], doing: str) -> dict[str, Any]:
        request = self._get_request(dict.fromkeys(paths))
        return self._by_path(await self._ask(self.rpc.batch_get, request, doing, _found))

    def _by_path(self, replies: Iterable[Any]) -> dict[str, Any]:
        """Return the replies about documents that exist, by path."""
        return {
            reply.found.name[self._root :]: reply for reply in replies if reply.HasField("found")
        }

    def _document(self, reply: Any) -> Document | None:
        """Return the document in a reply; a new one each time, because its columns are a dict."""
        return None if reply is None else read_document(reply.found, reply.read_time, self._root)

    async def _ask(
        self,
        method: Callable[[Any, str], Awaitable[list[Any]]],
        request: Any,
        doing: str,
        document_of: Callable[[Any], Any],
    ) -> list[Any]:
        settling = self._settling
        if settling is None:
            return await method(request, doing)
        return await settling.read(lambda asked: method(asked, doing), request, document_of)

    def _get_request(self, paths: Iterable[str]) -> Any:
        names = [f"{self._documents}/{path}" for path in paths]
        return _BatchGet(database=self._database, documents=names)

    async def query(self, query: Query) -> list[Document]:
        """Return the matching documents in order."""
        plan = check_query(query)
        if plan.nothing:
            return []
        request, doing = run_query(plan, self._documents), f"query {plan.collection}"
        replies = await self._ask(self.rpc.run_query, request, doing, _document)
        return [
            read_document(
                reply.document, reply.read_time, self._root, columns_only=plan.columns_only
            )
            for reply in replies
        ]

    async def count(self, query: Query) -> int:
        """Return how many match."""
        plan = check_count(query)
        if plan.nothing:
            return 0
        request = count_query(plan, self._documents)
        return counted(await self.rpc.aggregate(request, f"count {plan.collection}"))

    async def subcollections(self, collection: str, name: str) -> list[str]:
        """Return the paths of all collections below a document, sorted.

        Every document below costs a read: the server lists only a document's own collections,
        and one call for each document would cost more.
        """
        spec_of(collection)
        check_id(name)
        path = f"{collection}/{name}"
        replies = await self.rpc.run_query(
            below_query(path, self._documents), f"list what is below {path}"
        )
        names = [reply.document.name[self._root :] for reply in replies]
        return sorted({each.rpartition("/")[0] for each in names})

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Apply all writes or none."""
        ready = prepare(writes)
        if not ready:
            return CommitResult(())
        request = commit_request(self._database, ready)
        doing = f"commit of {ready[0].path}" + (f" and {len(ready) - 1} more" * (len(ready) > 1))
        try:
            reply = await self.rpc.commit(request, doing)
        except (ConflictError, DocumentMissingError) as refusal:
            raise await self._explained(refusal, conditional(ready)) from refusal
        if self._settling is not None:
            self._settling.acknowledge(reply.commit_time)
        self._stats.documents_written += len(ready)
        return CommitResult(revisions(reply, ready))

    async def _explained(self, refusal: StoreError, writes: Sequence[Prepared]) -> StoreError:
        """Find out which write was refused, and by what."""
        if not writes:
            return refusal
        doing = f"read after a refused commit of {writes[0].path}"
        try:
            request = self._get_request([write.path for write in writes])
            replies = self._by_path(await self.rpc.batch_get(request, doing))
        except StoreUnavailableError:
            return refusal
        stored = {path: self._document(reply) for path, reply in replies.items()}
        return explain(refusal, writes, stored)

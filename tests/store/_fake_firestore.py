"""A gRPC server that answers as told, for statuses that the emulator never gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from google.cloud.firestore_v1 import types

Status = tuple[grpc.StatusCode, str]
_STREAMS = {"BatchGetDocuments", "RunQuery", "RunAggregationQuery"}
_REPLIES: dict[str, Any] = {
    "Commit": types.CommitResponse,
    "BatchGetDocuments": types.BatchGetDocumentsResponse,
    "RunQuery": types.RunQueryResponse,
    "RunAggregationQuery": types.RunAggregationQueryResponse,
}


class FakeFirestore(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers each call with the next planned status of its method, else with nothing found.

    Attributes:
        planned: method name -> statuses still to give.
        calls: the methods called, in order.
        metadata: what came with the last call.
        drip: how many replies a stream has, and the seconds before each.
    """

    def __init__(self) -> None:
        self.planned: dict[str, list[Status]] = {}
        self.calls: list[str] = []
        self.metadata: dict[str, str] = {}
        self.drip = (1, 0.0)
        self.host = ""

    def plan(self, method: str, *statuses: Status) -> None:
        """Answer the next calls of a method with these statuses."""
        self.planned.setdefault(method, []).extend(statuses)

    def service(self, details: Any) -> Any:
        """Return the handler of a method."""
        method = details.method.rpartition("/")[2]
        make: Callable[..., Any] = (
            grpc.unary_stream_rpc_method_handler
            if method in _STREAMS
            else grpc.unary_unary_rpc_method_handler
        )
        return make(self._stream(method) if method in _STREAMS else self._unary(method))

    async def _refuse(self, method: str, context: Any) -> None:
        self.calls.append(method)
        self.metadata = dict(context.invocation_metadata())
        statuses = self.planned.get(method)
        if statuses:
            await context.abort(*statuses.pop(0))

    def _unary(self, method: str) -> Any:
        async def answer(request: bytes, context: Any) -> bytes:
            await self._refuse(method, context)
            reply = _REPLIES[method].pb()()
            if method == "Commit":
                asked = types.CommitRequest.pb().FromString(request)
                for _ in asked.writes:
                    reply.write_results.add().update_time.seconds = 1
            return bytes(reply.SerializeToString())

        return answer

    def _stream(self, method: str) -> Any:
        async def answer(request: bytes, context: Any) -> AsyncIterator[bytes]:
            await self._refuse(method, context)
            count, pause = self.drip
            for _ in range(count):
                await asyncio.sleep(pause)
                yield _REPLIES[method].pb()().SerializeToString()

        return answer


@asynccontextmanager
async def fake_firestore(identity: Any = None) -> AsyncIterator[FakeFirestore]:
    """Run such a server; with `identity` (gRPC server credentials) over TLS on `localhost`."""
    fake = FakeFirestore()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((fake,))
    if identity is None:
        fake.host = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    else:
        fake.host = f"localhost:{server.add_secure_port('localhost:0', identity)}"
    await server.start()
    try:
        yield fake
    finally:
        await server.stop(grace=None)

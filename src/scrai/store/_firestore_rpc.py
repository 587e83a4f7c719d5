"""Calls to a Firestore server: bounded in time and number, counted, with our errors only.

Google's `AsyncClient` is not used: it sends no precondition with a `set`, gives no read time,
cannot be closed, and costs three times the CPU of these four calls. They are made with gRPC's
public interface and the message classes of google-cloud-firestore.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.cloud.firestore_v1 import types

from scrai._wall import nonce
from scrai.errors import StoreClosedError, StoreTimeoutError, StoreUnavailableError
from scrai.store._firestore_bounds import Bounds, StoreStats
from scrai.store._firestore_errors import (
    RETRIABLE,
    UNKNOWN_OUTCOME_HINT,
    UNREACHABLE_HINT,
    translate,
)

T = TypeVar("T")
Metadata = tuple[tuple[str, str], ...]
_SERVICE = "/google.firestore.v1.Firestore/"
_SLOWER = 1.5
_MOMENT = 0.1
_NOT_APPLIED = frozenset({grpc.StatusCode.ABORTED})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0


class Rpc:
    """The four calls that the backend needs, on one channel, in one event loop."""

    def __init__(
        self, channel: grpc.aio.Channel, metadata: Metadata, bounds: Bounds, stats: StoreStats
    ) -> None:
        self._channel = channel
        self._metadata = metadata
        self._bounds = bounds
        self._stats = stats
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(bounds.in_flight)
        self._progress = self._loop.time()
        self._reading = 0
        self._closed = False
        unary, stream = channel.unary_unary, channel.unary_stream
        self._commit = _method(unary, "Commit", types.CommitRequest, types.CommitResponse)
        self._batch_get = _method(
            stream,
            "BatchGetDocuments",
            types.BatchGetDocumentsRequest,
            types.BatchGetDocumentsResponse,
        )
        self._run_query = _method(stream, "RunQuery", types.RunQueryRequest, types.RunQueryResponse)
        self._aggregate = _method(
            stream,
            "RunAggregationQuery",
            types.RunAggregationQueryRequest,
            types.RunAggregationQueryResponse,
        )

    async def batch_get(self, request: Any, doing: str) -> list[Any]:
        """Return the responses, in no particular order, one per document asked for."""
        found = await self._read(self._batch_get, request, doing)
        self._stats.documents_read += len(found)
        return found

    async def run_query(self, request: Any, doing: str) -> list[Any]:
        """Return the responses that carry a document, in order."""
        replies = await self._read(self._run_query, request, doing)
        self._stats.documents_read += max(1, len(replies))  # an empty answer costs one read
        return [reply for reply in replies if reply.HasField("document")]

    async def aggregate(self, request: Any, doing: str) -> list[Any]:
        """Return the responses of an aggregation."""
        self._stats.documents_read += 1
        return await self._read(self._aggregate, request, doing)

    async def probe(self, request: Any) -> None:
        """Ask one short question once, to find out whether anybody answers."""
        async with self._turn("open") as bound:
            await self._stream(self._batch_get, request, bound, self._bounds.probe)

    async def commit(self, request: Any, doing: str) -> Any:
        """Send a commit once; again only after the server said that it was not applied."""
        async with self._turn(doing, UNKNOWN_OUTCOME_HINT):
            await self._connected(doing)
            self._stats.commits += 1
            return await self._again(lambda: self._send(request), _NOT_APPLIED)

    async def close(self) -> None:
        """Close the channel and end what is in flight."""
        self._closed = True
        await self._channel.close()

    # ------------------------------------------------------------ one call

    async def _read(self, method: Any, request: Any, doing: str) -> list[Any]:
        if self._reading == 0:
            self._stats.read_waves += 1
        self._reading += 1
        try:
            async with self._turn(doing) as bound:
                within = self._bounds.attempt
                return await self._again(
                    lambda: self._stream(method, request, bound, within), RETRIABLE
                )
        finally:
            self._reading -= 1

    async def _send(self, request: Any) -> Any:
        self._stats.round_trips += 1
        reply = await self._commit(request, timeout=self._bounds.commit, metadata=self._metadata)
        self._advance()
        return reply

    async def _stream(
        self, method: Any, request: Any, bound: asyncio.Timeout, within: float
    ) -> list[Any]:
        """Collect a stream. Not its whole length is bounded but the wait for the next reply."""
        self._stats.round_trips += 1
        replies: list[Any] = []
        call = method(request, metadata=self._metadata)
        noted = self._loop.time()
        try:
            async with asyncio.timeout_at(noted + within) as idle:
                async for reply in call:
                    replies.append(reply)
                    if self._advance() > noted + _MOMENT:
                        noted = self._progress
                        idle.reschedule(noted + within)
                        bound.reschedule(noted + self._bounds.total)
        except TimeoutError:  # the call is cancelled together with the waiting for it
            raise _SilenceError from None
        return replies

    def _advance(self) -> float:
        """Note that the server answered, and return when."""
        self._progress = self._loop.time()
        return self._progress

    async def _again(
        self, attempt: Callable[[], Awaitable[T]], codes: frozenset[grpc.StatusCode]
    ) -> T:
        """Try until it works, the error is not one of `codes`, or the time is up."""
        until = self._loop.time() + self._bounds.retrying
        pause = _FIRST_PAUSE
        while True:
            try:
                return await attempt()
            except (grpc.aio.AioRpcError, _SilenceError) as error:
                code = _code(error)
                rest = pause * (0.5 + int(nonce(1), 16) / 255)
                if code not in codes or self._loop.time() + rest >= until:
                    raise
            await asyncio.sleep(rest)
            pause = min(pause * _SLOWER, _LONGEST_PAUSE)
            self._stats.retries += 1

    # ------------------------------------------------------------ bounds

    @asynccontextmanager
    async def _turn(
        self, doing: str, hint: str = UNREACHABLE_HINT
    ) -> AsyncIterator[asyncio.Timeout]:
        """Hold one of the slots; turn every failure inside into one of our errors."""
        if self._closed:
            raise StoreClosedError(f"firestore: {doing}: the client is closed")
        deadline = await self._slot(doing)
        try:
            async with asyncio.timeout_at(deadline) as bound:
                yield bound
        except grpc.aio.AioRpcError as error:
            raise translate(error, doing, hint) from error
        except (TimeoutError, _SilenceError):
            raise StoreTimeoutError(f"firestore: {doing}: no answer in time", hint=hint) from None
        except asyncio.CancelledError:
            if self._closed and not _cancelled_by_caller():
                raise StoreClosedError(f"firestore: {doing}: closed meanwhile") from None
            raise
        finally:
            self._slots.release()

    async def _slot(self, doing: str) -> float:
        """Wait for a slot while others get on; return when the operation must have ended."""
        started = self._loop.time()
        while True:
            deadline = max(started, self._progress) + self._bounds.total
            try:
                async with asyncio.timeout_at(deadline):
                    await self._slots.acquire()
            except TimeoutError:
                if self._progress + self._bounds.total > self._loop.time():
                    continue
                raise StoreUnavailableError(
                    f"firestore: {doing}: nobody gets an answer", hint=UNREACHABLE_HINT
                ) from None
            return max(deadline, self._progress + self._bounds.total)

    async def _connected(self, doing: str) -> None:
        """Wait for a connection, so that a commit to a server that is away is never sent."""
        ready = grpc.ChannelConnectivity.READY
        if self._channel.get_state(try_to_connect=True) is ready:
            return
        try:
            async with asyncio.timeout(self._bounds.attempt):
                await self._channel.channel_ready()
        except TimeoutError:
            raise StoreUnavailableError(
                f"firestore: {doing}: no connection; nothing was sent", hint=UNREACHABLE_HINT
            ) from None


class _SilenceError(Exception):
    """A stream did not go on in time."""


def _code(error: Exception) -> grpc.StatusCode:
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code()
    return grpc.StatusCode.DEADLINE_EXCEEDED


def _cancelled_by_caller() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _method(make: Callable[..., Any], name: str, request: Any, response: Any) -> Any:
    """Return the callable of one method, on bare protobuf messages (a third of the CPU)."""
    return make(
        _SERVICE + name,
        request_serializer=request.pb().SerializeToString,
        response_deserializer=response.pb().FromString,
    )

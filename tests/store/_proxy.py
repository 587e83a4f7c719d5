"""A TCP proxy on loopback that misbehaves on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Proxy:
    """Passes bytes on between clients and a server.

    Attributes:
        port: where it listens; the same after `down` and `up`.
        mute: swallow what the server says: requests arrive, replies do not.
        silent: swallow both directions, as a server that hangs.
        losing: swallow the next answer and cut its connection.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.mute = False
        self.silent = False
        self.losing = False

    @property
    def host(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Refuse connections and cut those that are there."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """Cut all connections."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with suppress(asyncio.CancelledError, OSError):
            await self._pass(reader, writer)
        writer.transport.abort()
        self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._copy(reader, back, replies=False))
                both.create_task(self._copy(there, writer, replies=True))
        except* OSError:
            pass
        finally:
            back.transport.abort()

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        frames = Frames()
        while block := await source.read(65536):
            answered = replies and frames.carry_data(block)
            if answered and self.losing:
                self.losing = False
                break
            if self.silent or (self.mute and replies):
                continue
            sink.write(block)
            await sink.drain()
        raise ConnectionResetError  # ends the other direction too


class Frames:
    """Follows a server's HTTP/2 frames to tell answers from housekeeping."""

    def __init__(self) -> None:
        self._rest = b""

    def carry_data(self, block: bytes) -> bool:
        """Whether a data frame that is not empty starts in this block."""
        self._rest += block
        found = False
        while len(self._rest) >= 9:
            length, kind = int.from_bytes(self._rest[:3], "big"), self._rest[3]
            found = found or (kind == 0 and length > 0)
            if len(self._rest) < 9 + length:
                break
            self._rest = self._rest[9 + length :]
        return found


@asynccontextmanager
async def proxy(target: str) -> AsyncIterator[Proxy]:
    """Run a proxy to `target`."""
    made = Proxy(target)
    await made.up()
    try:
        yield made
    finally:
        await made.down()

"""A real HTTP server on this machine, bare enough to misbehave in any way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Handler = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request, and the wire on which to answer it."""

    def __init__(self, head: list[str], body: bytes, writer: asyncio.StreamWriter) -> None:
        self.method, self.path, _ = head[0].split(" ")
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:])}
        self.body = body
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status: int = 200, **headers: str) -> None:
        lines = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
        await self.send(f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode())

    async def json(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        await self.head(status, content_type="application/json", content_length=str(len(data)))
        await self.send(data)

    async def events(self, *events: Any, end: bool = True) -> None:
        await self.head(content_type="text/event-stream", connection="close")
        for event in events:
            data = event if isinstance(event, bytes) else f"data: {json.dumps(event)}\n\n".encode()
            await self.send(data)
        if end:
            await self.send(b"data: [DONE]\n\n")


class Server:
    """Counts what it is asked, and which connections are open."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.requests: list[Exchange] = []
        self.open = 0
        self.url = ""

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
                size = next(
                    (line for line in head if line.lower().startswith("content-length")), ""
                )
                body = await reader.readexactly(int(size.partition(":")[2] or 0))
                exchange = Exchange(head, body, writer)
                self.requests.append(exchange)
                await self.handler(exchange)
                if exchange.path.endswith("close"):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Server]:
    server = Server(handler)
    listening = await asyncio.start_server(server._connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with listening:
        yield server
        listening.close()
        await settled(lambda: server.open == 0)


async def settled(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds; many turns of the loop, bounded by a long time-out."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - connections end without telling anybody
            await asyncio.sleep(0.002)

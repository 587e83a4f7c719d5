"""HTTP. This is the one module that imports httpx, and it is imported when first needed."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

import httpx

from scrai import __version__
from scrai.llm._attempt import AttemptError, may_have_worked, one_line
from scrai.llm._http_types import Answer
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._providers import is_loopback
from scrai.llm._secret import MASK, Secret
from scrai.llm._types import FailureKind

_CONNECT_SECONDS = 10.0
_SHORTEST_SECRET = 8
_NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Errors that come before a server has anything of a request. All others may come after."""


class _Progress:
    """How far a request has come, as the transport tells it.

    Attributes:
        connecting: surely nothing of it was sent yet. A transport that tells nothing leaves open
            whether it was.
    """

    __slots__ = ("connecting",)

    def __init__(self) -> None:
        self.connecting = False

    async def note(self, event: str, _: Any) -> None:
        """Take in what httpcore traces."""
        if event == "connection.connect_tcp.started":
            self.connecting = True
        elif event.endswith("send_request_headers.started"):
            self.connecting = False


class Link:
    """The connections to one provider. Its key goes to its own address and nowhere else.

    Redirects are not followed, compressed answers are not asked for, and what a server echoes of
    the key is masked before anybody reads it.
    """

    def __init__(self, config: ProviderConfig, base_url: str, transport: Any = None) -> None:
        self._config = config
        self._base_url = base_url
        self._headers = _headers(config)
        self._secrets = _secrets(config)
        self._bound = config.max_reply_bytes
        plain = base_url.startswith("http://")
        self._client = httpx.AsyncClient(
            headers=self._headers,
            timeout=httpx.Timeout(
                config.timeout, connect=min(_CONNECT_SECONDS, config.timeout), pool=None
            ),
            limits=httpx.Limits(
                max_connections=config.concurrency, max_keepalive_connections=config.concurrency
            ),
            # Loading the certificates takes 20 ms; a context without any trusts nobody.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else True,
            trust_env=not is_loopback(base_url),
            transport=transport,
            follow_redirects=False,
        )

    async def ask(
        self, method: str, path: str, body: bytes | None = None, *, within: float
    ) -> Answer:
        """Return the whole answer to a request.

        Raises:
            AttemptError: unavailable, timeout or too_large.
        """
        way = _Progress()
        async with self._guarded(within, way), self._opened(method, path, body, way) as response:
            data = bytearray()
            async for chunk in response.aiter_bytes():
                data += chunk
                if len(data) > self._bound:
                    raise AttemptError(
                        FailureKind.TOO_LARGE,
                        f"the reply is over {self._bound} bytes and was not read on",
                        status=response.status_code,
                        lost=may_have_worked(response.status_code),
                    )
            return Answer(response.status_code, response.headers, self.masked(bytes(data)))

    @asynccontextmanager
    async def lines(
        self, path: str, body: bytes
    ) -> AsyncIterator[tuple[Answer, AsyncIterator[bytes]]]:
        """Open a streamed answer: its head, and its lines as they come.

        The time-out is between two chunks here: an overall one would run while the reader, who
        may take its time, works on what it has.
        """
        way = _Progress()
        with self._translated(self._config.timeout, way):
            async with self._opened("POST", path, body, way) as response:
                yield Answer(response.status_code, response.headers, b""), self._split(response)

    async def _split(self, response: httpx.Response) -> AsyncIterator[bytes]:
        rest, total = bytearray(), 0
        async for chunk in response.aiter_bytes():
            total += len(chunk)
            if total > self._bound:
                raise AttemptError(FailureKind.TOO_LARGE, f"the reply is over {self._bound} bytes")
            rest += chunk
            *lines, tail = rest.split(b"\n")
            for line in lines:
                yield self.masked(bytes(line))
            rest = bytearray(tail)
        if rest:
            yield self.masked(bytes(rest))

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, body: bytes | None, way: _Progress
    ) -> AsyncIterator[httpx.Response]:
        request = self._client.build_request(
            method, f"{self._base_url}{path}", content=body, extensions={"trace": way.note}
        )
        response = await self._client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise AttemptError(
                    FailureKind.UNAVAILABLE,
                    "the reply is compressed, which was not asked for",
                    status=response.status_code,
                    lost=may_have_worked(response.status_code),
                )
            yield response
        finally:
            await response.aclose()

    @asynccontextmanager
    async def _guarded(self, within: float, way: _Progress) -> AsyncIterator[None]:
        seconds = min(self._config.timeout, within)
        with self._translated(seconds, way):
            async with asyncio.timeout(seconds):
                yield

    @contextmanager
    def _translated(self, seconds: float, way: _Progress) -> Iterator[None]:
        try:
            yield
        except (TimeoutError, httpx.TransportError) as error:
            lost = not (way.connecting or isinstance(error, _NOT_SENT))
            late = isinstance(error, TimeoutError | httpx.TimeoutException)
            kind = FailureKind.TIMEOUT if late else FailureKind.UNAVAILABLE
            text = f"no whole answer within {seconds:g} s" if late else self._told(error)
            raise AttemptError(kind, text, retryable=True, lost=lost) from None

    def _told(self, error: Exception) -> str:
        text = self.masked(one_line(str(error)).encode("utf-8", "replace")).decode()
        return f"{type(error).__name__}: {text}" if text else type(error).__name__

    def masked(self, data: bytes) -> bytes:
        """Return bytes without our secrets, should the server have echoed them."""
        for secret in self._secrets:
            if secret in data:
                data = data.replace(secret, MASK.encode())
        return data

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _headers(config: ProviderConfig) -> dict[str, str]:
    headers = {
        "User-Agent": f"scrai/{__version__}",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
    }
    if config.api_key:
        key = _plain(config.api_key)
        bearer = config.api_key_header.lower() == "authorization"
        headers[config.api_key_header] = f"Bearer {key}" if bearer else key
    given = {name.lower() for name in config.extra_headers}
    kept = {name: value for name, value in headers.items() if name.lower() not in given}
    return kept | config.extra_headers


def _secrets(config: ProviderConfig) -> list[bytes]:
    found = [value for value in config.extra_headers.values() if len(value) >= _SHORTEST_SECRET]
    found += [_plain(config.api_key)] if config.api_key else []
    # The longest first: one may be part of another.
    return sorted((value.encode() for value in found), key=len, reverse=True)


def _plain(key: str) -> str:
    return key.reveal() if isinstance(key, Secret) else key

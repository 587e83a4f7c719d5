"""Providers without a network, and a clock that nobody waits for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from scrai.llm import LLMMessage, LLMRequest, LLMService, LLMServiceConfig, ProviderConfig

START = datetime(2030, 1, 1, tzinfo=UTC)


class VirtualClock:
    """Sleeping moves it on at once; jitter is laid down."""

    def __init__(self, share: float = 0.0) -> None:
        self.time = 100.0
        self.slept: list[float] = []
        self._share = share

    def seconds(self) -> float:
        return self.time

    def now(self) -> datetime:
        return START + timedelta(seconds=self.time - 100.0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        self.time += seconds

    def share(self) -> float:
        return self._share


def said(content: Any, *, finish: str | None = "stop", usage: Any = (10, 5), **message: Any) -> Any:
    """Return the JSON of a chat completion."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    value = {"choices": [{"message": {"content": text, **message}, "finish_reason": finish}]}
    if usage is not None:
        value["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return value


Step = Any
"""An httpx.Response, the JSON of a success, a status, an exception, or a function of a request."""


class Provider:
    """A scripted HTTP server behind MockTransport: answers in turn, the last one for ever."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.requests: list[httpx.Request] = []

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.content) for request in self.requests if request.content]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.steps[0] if len(self.steps) == 1 else self.steps.pop(0)
        return answer(step, request)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def answer(step: Step, request: httpx.Request) -> httpx.Response:
    if callable(step):
        step = step(request)
    if isinstance(step, BaseException):
        raise step
    if isinstance(step, httpx.Response):
        return step
    if isinstance(step, int):
        return httpx.Response(step)
    return httpx.Response(200, json=step)


def by_host(**hosts: Callable[[httpx.Request], httpx.Response]) -> httpx.MockTransport:
    """Return a transport that sends each request to the fake of its host's first label."""
    return httpx.MockTransport(lambda request: hosts[request.url.host.partition(".")[0]](request))


def provider(name: str = "openai-compatible", **settings: Any) -> ProviderConfig:
    settings = {"base_url": "http://one.example/v1", "model": "m", **settings}
    return ProviderConfig(name, **settings)


def service(
    fake: Provider | httpx.MockTransport, *configs: ProviderConfig, **settings: Any
) -> LLMService:
    primary, *rest = configs or (provider(),)
    clock = settings.pop("clock", None) or VirtualClock()
    env = settings.pop("env", {})
    clients = settings.pop("clients", None)
    transport = fake.transport if isinstance(fake, Provider) else fake
    config = LLMServiceConfig(primary, rest, **settings)
    return LLMService(config, env=env, transport=transport, clock=clock, clients=clients)


def request(text: str = "hello", **settings: Any) -> LLMRequest:
    return LLMRequest((LLMMessage("user", text),), **settings)


HELLO = [{"role": "user", "content": "hello"}]

"""Any provider that speaks OpenAI's chat completions."""

from __future__ import annotations

import asyncio
import copy
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

import orjson

from scrai.errors import ConfigurationError
from scrai.llm._attempt import TOO_MANY, AttemptError
from scrai.llm._base import LLMClient
from scrai.llm._breaker import Breaker
from scrai.llm._clock import Clock, WallClock
from scrai.llm._deadline import Deadline
from scrai.llm._embeddings import embedding_body, read_embeddings
from scrai.llm._environment import filled
from scrai.llm._failures import UNREACHED, error_of
from scrai.llm._http_types import Answer
from scrai.llm._limits import Limiter, Place
from scrai.llm._payload import Payloads, refuses_format
from scrai.llm._prices import worst_usage
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._providers import COMPATIBLE, PROVIDERS, Provider, is_loopback, provider_name
from scrai.llm._reading import Reading, read_completion, read_json, too_large
from scrai.llm._sse import pieces
from scrai.llm._types import (
    CallKey,
    FailureKind,
    LLMAttempt,
    LLMFailure,
    LLMOutcome,
    LLMRequest,
    LLMUsage,
)

T = TypeVar("T")

_CHAT: Final = "/chat/completions"
_EMBEDDINGS: Final = "/embeddings"
_MODELS: Final = "/models"
_MOST_WAYS: Final = 5


class OpenAICompatibleClient(LLMClient):
    """OpenRouter, OpenAI, LM Studio, LM Proxy, Ollama, and whatever else speaks their language.

    Args:
        config: which provider, and how it is spoken to. What it leaves open comes from the
            provider's own variables and defaults.
        env: where these are looked up, by default this process's environment.
        clock: the time, for tests.
        transport: an httpx transport that is spoken to instead of the network, for tests.
        breaker: what its calls stop at when it opens; who asks them feeds it.

    Raises:
        ConfigurationError: there is no address for it.
    """

    def __init__(
        self,
        config: ProviderConfig,
        *,
        env: Mapping[str, str] | None = None,
        clock: Clock | None = None,
        transport: Any = None,
        breaker: Breaker | None = None,
    ) -> None:
        self.config = filled(config, os.environ if env is None else env)
        known = provider_name(config.name)
        self._known: Provider = PROVIDERS[known or COMPATIBLE]
        self.label = self.config.label
        self.model = self.config.model or ""
        if self.config.base_url is None:
            raise ConfigurationError(
                f"provider {self.label} has no base URL",
                hint="set SCRAI_LLM_BASE_URL, or write http://HOST:PORT/v1#MODEL",
            )
        self._url = self.config.base_url
        clock = clock or WallClock()
        breaker = breaker or Breaker(clock)
        self._shared = _Shared(self.config, self._url, clock, transport, breaker)

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Ask one turn, with retries; see LLMClient."""
        return await self._turn(request, deadline, self._ask)

    async def embed(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: Deadline | None = None
    ) -> LLMOutcome:
        """Ask for vectors, with retries; see LLMClient."""
        return await self._turn(request, deadline, self._embedded)

    async def _turn(
        self,
        request: LLMRequest,
        deadline: Deadline | None,
        ask: Callable[[LLMRequest, _Call], Awaitable[Reading]],
    ) -> LLMOutcome:
        call = _Call(self._shared, self.label, self.model, deadline)
        try:
            self._check_key()
            call.model = self.model or await self._first_model(call, embeds=request.embeds)
            reading = await ask(request, call)
        except AttemptError as error:
            failure = LLMFailure(error.kind, f"{self.label}: {error.message}")
            return call.outcome(Reading(None, failure, call.spent, None))
        return call.outcome(reading)

    async def _ask(self, request: LLMRequest, call: _Call) -> Reading:
        payloads = self._shared.payloads
        mode = payloads.mode(request, call.model)
        for way in range(_MOST_WAYS):
            body = payloads.body(request, call.model, mode)
            try:
                return await self._completed(request, body, call)
            except AttemptError as error:
                if error.kind is FailureKind.TOO_LARGE:
                    return too_large(error)
                lower = payloads.learn(error, request, call.model, mode)
                if lower is None or way == _MOST_WAYS - 1:
                    raise
                mode = lower
        raise AssertionError("unreachable")

    async def _completed(self, request: LLMRequest, body: bytes, call: _Call) -> Reading:
        def read(answer: Answer) -> Reading:
            try:
                return read_completion(answer, request, self._shared.clock.now())
            except AttemptError as error:
                error.retryable = error.retryable and not refuses_format(error)
                raise

        return await self._posted(_CHAT, body, request, call, read)

    async def _embedded(self, request: LLMRequest, call: _Call) -> Reading:
        def read(answer: Answer) -> Reading:
            whose = f"{self.label}/{call.model}"
            return read_embeddings(answer, request, whose, self._shared.clock.now())

        body = orjson.dumps(embedding_body(request, call.model))
        try:
            return await self._posted(_EMBEDDINGS, body, request, call, read)
        except AttemptError as error:
            if error.kind is FailureKind.TOO_LARGE:
                return too_large(error)
            raise

    async def _posted(
        self,
        path: str,
        body: bytes,
        request: LLMRequest,
        call: _Call,
        read: Callable[[Answer], Reading],
    ) -> Reading:
        async def attempt(place: Place) -> tuple[int, Reading]:
            answer = await self._shared.ask("POST", path, body, call.left())
            reading = read(answer)
            self._shared.limiter.used(
                place, reading.usage.input_tokens + reading.usage.output_tokens
            )
            return answer.status, reading

        return await call.tried(attempt, worst_usage(request))

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Yield the reply piece by piece; see LLMClient."""
        call = _Call(self._shared, self.label, self.model, None)
        begun = False
        for again in range(self.config.max_retries + 1):
            try:
                self._check_key()
                call.model = self.model or await self._first_model(call)
                async for piece in self._streamed(request, call):
                    begun = True
                    yield piece
            except AttemptError as error:
                if begun or not error.retryable or again == self.config.max_retries:
                    failure = LLMFailure(error.kind, f"{self.label}: {error.message}")
                    raise error_of(failure) from None
                await self._shared.pause(again, error)
            else:
                return

    async def _streamed(self, request: LLMRequest, call: _Call) -> AsyncIterator[str]:
        payloads, clock = self._shared.payloads, self._shared.clock
        mode = payloads.mode(request, call.model)
        body = payloads.body(request, call.model, mode, stream=True)
        usage = worst_usage(request)
        async with (
            self._shared.limiter.place(usage.input_tokens + usage.output_tokens) as place,
            self._shared.link().lines(_CHAT, body) as (head, lines),
        ):
            if "event-stream" in head.headers.get("content-type", ""):
                async for piece in pieces(lines, head, clock.now()):
                    yield piece
                return
            whole = b"\n".join([line async for line in lines])
            try:
                said = read_completion(
                    Answer(head.status, head.headers, whole), request, clock.now()
                )
            except AttemptError as error:
                self._shared.slow_down(place, error)
                raise
            if said.content:
                yield said.content

    async def list_models(self) -> list[str]:
        """Ask for the names of the models there are; see LLMClient."""
        call = _Call(self._shared, self.label, self.model, None)
        try:
            self._check_key()
            return await self._listed(call)
        except AttemptError as error:
            raise error_of(LLMFailure(error.kind, f"{self.label}: {error.message}")) from None

    async def validate(self) -> bool:
        """Ask whether the provider is there, takes our key, and (ollama) has our model."""
        call = _Call(self._shared, self.label, self.model, None)
        try:
            self._check_key()
            if self._known.probe != _MODELS:
                await self._got(self._known.probe, call)
            elif self._known.name == "ollama":
                _check_there(self.model, await self._listed(call))
            else:
                await self._listed(call)
        except AttemptError as error:
            raise error_of(LLMFailure(error.kind, f"{self.label}: {error.message}")) from None
        return True

    def with_model(self, model: str) -> OpenAICompatibleClient:
        """Return a client of the same provider, sharing its connections, for another model."""
        other = copy.copy(self)
        other.model = model
        return other

    async def close(self) -> None:
        """Close the connections; those of `with_model` are the same."""
        await self._shared.close()

    def _check_key(self) -> None:
        if self._known.needs_key and not self.config.api_key and not is_loopback(self._url):
            raise AttemptError(
                FailureKind.REJECTED, f"{self._known.prefix}_API_KEY is not set, nothing was sent"
            )

    async def _got(self, path: str, call: _Call) -> Any:
        async def attempt(_: Place) -> tuple[int, Any]:
            answer = await self._shared.ask("GET", path, None, call.left())
            return answer.status, read_json(answer, self._shared.clock.now())

        return await call.tried(attempt, None)

    async def _listed(self, call: _Call) -> list[str]:
        data = (await self._got(_MODELS, call)).get("data")
        if not isinstance(data, list):
            raise AttemptError(FailureKind.UNAVAILABLE, "the answer is no list of models")
        names = (item.get("id") for item in data if isinstance(item, dict))
        return sorted({name for name in names if isinstance(name, str) and name})

    async def _first_model(self, call: _Call, *, embeds: bool = False) -> str:
        shared = self._shared
        async with shared.lock:
            if embeds not in shared.first_model:
                names = await self._listed(call)
                fitting = [name for name in names if ("embed" in name.lower()) is embeds]
                if not fitting:
                    what = "model that embeds" if embeds else "model"
                    raise AttemptError(FailureKind.REJECTED, f"it has no {what}; name one")
                shared.first_model[embeds] = fitting[0]
            return shared.first_model[embeds]


class _Shared:
    """What all clients of one provider share."""

    def __init__(
        self,
        config: ProviderConfig,
        url: str,
        clock: Clock,
        transport: Any,
        breaker: Breaker,
    ) -> None:
        self.breaker = breaker
        self.config = config
        self.clock = clock
        self.payloads = Payloads()
        self.limiter = Limiter(
            config.concurrency, config.requests_per_minute, config.tokens_per_minute, clock
        )
        self.lock = asyncio.Lock()
        self.first_model: dict[bool, str] = {}
        self._url = url
        self._transport = transport
        self._link: Any = None

    def link(self) -> Any:
        """Return the connections; httpx is imported when they are first needed."""
        if self._link is None:
            from scrai.llm._http import Link

            self._link = Link(self.config, self._url, self._transport)
        return self._link

    async def ask(self, method: str, path: str, body: bytes | None, within: float) -> Answer:
        """Return an answer, whatever its status."""
        answer: Answer = await self.link().ask(method, path, body, within=within)
        return answer

    def slow_down(self, place: Place, error: AttemptError) -> None:
        """Heed a provider that says that these were too many."""
        if error.status == TOO_MANY:
            self.limiter.too_many(place, error.retry_after)

    async def pause(self, again: int, error: AttemptError) -> None:
        """Wait before a stream is opened again."""
        from scrai.llm._retry import wait_before

        await self.clock.sleep(wait_before(again + 1, error, self.clock))

    async def close(self) -> None:
        """Close the connections."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()


class _Call:
    """One turn at one provider: its deadline, and the attempts that were made."""

    def __init__(self, shared: _Shared, label: str, model: str, deadline: Deadline | None) -> None:
        self.model = model
        self.spent = LLMUsage()
        self._shared = shared
        self._label = label
        self._started = shared.clock.seconds()
        self._deadline = deadline or Deadline(shared.clock)
        self._ticket = shared.breaker.opened
        self._attempts: list[LLMAttempt] = []

    def left(self) -> float:
        """Return the seconds that are left, a moment at least."""
        return self._deadline.moment()

    async def tried(
        self, attempt: Callable[[Place], Awaitable[tuple[int, T]]], worst: LLMUsage | None
    ) -> T:
        """Return what an attempt gives, with retries, each in its place of the limits.

        Args:
            attempt: what is tried.
            worst: the most that a model may count for it; None if no model is asked.
        """
        from scrai.llm._retry import with_retries

        tokens = worst.input_tokens + worst.output_tokens if worst is not None else 0

        async def placed() -> T:
            queued = self._shared.clock.seconds()
            async with self._shared.limiter.place(tokens, self._deadline.left) as place:
                self._deadline.extend(self._shared.clock.seconds() - queued)
                if self._ticket != self._shared.breaker.opened:
                    text = "left alone after failures of other calls"
                    raise AttemptError(FailureKind.UNAVAILABLE, text)
                if worst is not None:
                    await self._pay()
                return await self._logged(attempt, place, worst)

        return await with_retries(
            placed,
            retries=self._shared.config.max_retries,
            deadline=self._deadline,
            clock=self._shared.clock,
        )

    async def _pay(self) -> None:
        try:
            await self._deadline.tab.pay(self._label, self.model)
        except AttemptError as error:
            if self._attempts:
                error.message = f"{self._attempts[-1].error}; {error.message}"
            raise

    async def _logged(
        self,
        attempt: Callable[[Place], Awaitable[tuple[int, T]]],
        place: Place,
        worst: LLMUsage | None,
    ) -> T:
        begun = self._shared.clock.seconds()
        try:
            status, value = await attempt(place)
        except AttemptError as error:
            self._shared.slow_down(place, error)
            self._log(error.status, error.message, begun, worst if error.lost else None)
            if error.kind in UNREACHED and error.status != TOO_MANY:
                self._shared.breaker.attempt_failed(self._ticket)
            raise
        self._shared.breaker.succeeded()
        self._shared.limiter.succeeded()
        self._log(status, None, begun)
        return value

    def _log(
        self, status: int | None, error: str | None, begun: float, lost: LLMUsage | None = None
    ) -> None:
        spent = round((self._shared.clock.seconds() - begun) * 1000, 3)
        made = LLMAttempt(self._label, self.model, status, error, spent)
        if lost is not None:
            made = replace(made, usage=replace(lost, estimated=True), lost=True)
        self._attempts.append(made)
        self._deadline.tab.note([made])

    def outcome(self, reading: Reading) -> LLMOutcome:
        """Return how the turn ended."""
        return LLMOutcome(
            reading.content,
            reading.failure,
            self._label,
            self.model,
            reading.usage,
            reading.finish_reason,
            tuple(self._attempts),
            round((self._shared.clock.seconds() - self._started) * 1000, 3),
        )


def _check_there(model: str, names: list[str]) -> None:
    if model and model not in names and f"{model}:latest" not in names:
        raise AttemptError(FailureKind.REJECTED, f"it has no model {model!r:.80}")

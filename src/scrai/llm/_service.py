"""The one service through which every call to a model goes."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from scrai.errors import InvalidInputError, LLMError
from scrai.llm._attempt import TOO_MANY, AttemptError
from scrai.llm._base import LLMClient
from scrai.llm._clients import Clients, Route
from scrai.llm._clock import Clock, WallClock
from scrai.llm._config import LLMServiceConfig
from scrai.llm._deadline import Deadline
from scrai.llm._failures import UNREACHED, error_of, moves_on, together, usable_text
from scrai.llm._options import Options
from scrai.llm._prices import PriceBook, worst_usage
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._structured import Structured, converse
from scrai.llm._tab import Allow, Tab
from scrai.llm._types import (
    CallKey,
    FailureKind,
    LLMAttempt,
    LLMFailure,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMResponse,
    LLMUsage,
)
from scrai.llm._vectors import EMBEDDINGS, Vectors, embedding_request

_LONGEST_NAP: Final = 1.0
_MOST_TYPES: Final = 256


class LLMService:
    """Asks a chain of providers until one answers.

    Args:
        config: the chain; by default what the environment sets up.
        env: where keys and addresses are looked up, by default this process's environment.
        clients: clients of your own by the name that the configuration uses; a `ScriptedClient`
            with replies laid down is given as `{"scripted": ...}`.
        transport: an httpx transport that is spoken to instead of the network, for tests.
        clock: the time, for tests.

    Raises:
        ConfigurationError: a provider is unknown, or a setting cannot be used.
    """

    def __init__(
        self,
        config: LLMServiceConfig | None = None,
        *,
        env: Mapping[str, str] | None = None,
        clients: Mapping[str, LLMClient] | None = None,
        transport: Any = None,
        clock: Clock | None = None,
    ) -> None:
        env = os.environ if env is None else env
        self.config = config if config is not None else LLMServiceConfig.from_env(env)
        self.prices = PriceBook(self.config.prices)
        self._clock = clock or WallClock()
        self._types: dict[tuple[int, int], tuple[Any, Structured[Any]]] = {}
        self._clients = Clients(self.config, env, dict(clients or {}), self._clock, transport)

    async def __aenter__(self) -> LLMService:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def complete(
        self,
        messages: Iterable[LLMMessage | Mapping[str, str]],
        *,
        provider: str | None = None,
        **kwargs: Any,
    ) -> LLMResponse:
        """Return the reply of the first provider that answers.

        Args:
            messages: the conversation so far.
            provider: ask only this one: a name or label of the chain, or a text such as
                `ollama/NAME`.
            kwargs: model, max_tokens, temperature, top_p, seed, stop, role; response_type (a
                pydantic model, any type that pydantic knows, or a TypeAdapter: the reply is then
                an instance of it, in `parsed`) and max_repairs.

        Raises:
            LLMError: nobody gave a usable reply; the kind and every attempt are in it.
            InvalidInputError: an argument is unknown or out of range.
        """
        options = Options.of(kwargs)
        spoken = [LLMMessage.of(message) for message in messages]

        async def turn(request: LLMRequest, _: int = 0) -> LLMOutcome:
            return await self.send(request, provider=provider, model=options.model)

        if options.response_type is None:
            outcome = await turn(LLMRequest(tuple(spoken), **options.sampling))
            if outcome.failure is not None and not usable_text(outcome):
                raise error_of(outcome.failure, outcome)
            return _response((outcome,), None)
        structured = self._structured(options)
        request = structured.request(spoken, **options.sampling)
        reply = await converse(structured, request, turn)
        if reply.failure is not None:
            raise error_of(reply.failure, reply.outcomes[-1])
        return _response(reply.outcomes, reply.value)

    def _structured(self, options: Options) -> Structured[Any]:
        # Making a schema costs milliseconds: once for each type, not for each call.
        key = (id(options.response_type), options.max_repairs)
        found = self._types.get(key)
        if found is None:
            made: Structured[Any] = Structured(options.response_type, options.max_repairs)
            if len(self._types) >= _MOST_TYPES:
                self._types.clear()
            # The type is kept too, so that no other can get its id.
            found = self._types[key] = (options.response_type, made)
        return found[1]

    async def send(
        self,
        request: LLMRequest,
        *,
        provider: str | None = None,
        key: CallKey | None = None,
        model: str | None = None,
        allow: Allow | None = None,
    ) -> LLMOutcome:
        """Ask one turn of the chain and return how it ended; what is remote never raises.

        Args:
            request: what is asked.
            provider: ask only this one, as for `complete`.
            key: where in a simulation it is asked, for the providers that go by it.
            model: instead of the first provider's.
            allow: is asked before an attempt that follows one whose cost nobody knows: may the
                turn cost so much in all (nano-USD)? If not, it ends with the failure `budget`.
        """
        started = self._clock.seconds()
        worst = worst_usage(request)
        tab = Tab(lambda label, name: self._price_of(label, name, worst), allow)
        deadline = Deadline(self._clock, self.config.deadline, tab)
        routes = self._clients.routes(request.role, provider, model)
        attempts: list[LLMAttempt] = []
        outcomes = await _ask(routes, request, key, deadline, attempts)
        while not outcomes:
            # Every breaker is open: what is left is the first that lets a probe through.
            wait = min(route.breaker.wait() for route in routes)
            if wait >= deadline.left():
                outcomes = [_left_alone(route) for route in routes]
                break
            await self._clock.sleep(min(wait, _LONGEST_NAP))
            outcomes = await _ask(routes, request, key, deadline, attempts)
        return together(outcomes, attempts, (self._clock.seconds() - started) * 1000)

    async def embed(self, texts: Sequence[str], *, provider: str | None = None) -> Vectors:
        """Return what texts mean to the first provider of the role `embeddings` that answers.

        Args:
            texts: one to 64 of them.
            provider: ask only this one, as for `complete`.

        Raises:
            LLMError: nobody gave usable vectors.
            InvalidInputError: there are too many texts, or none.
        """
        outcome = await self.send(embedding_request(texts, EMBEDDINGS), provider=provider)
        if outcome.failure is not None:
            raise error_of(outcome.failure, outcome)
        try:
            return Vectors.from_text(outcome.content or "", len(texts))
        except InvalidInputError as error:
            failure = LLMFailure(FailureKind.MALFORMED, f"{outcome.provider}: {error.message}")
            raise error_of(failure, outcome) from None

    async def stream(
        self,
        messages: Iterable[LLMMessage | Mapping[str, str]],
        *,
        provider: str | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[str]:
        """Yield a reply piece by piece; the chain moves on only while nothing was yielded.

        Args:
            messages, provider, kwargs: as for `complete`, without response_type.

        Raises:
            LLMError: nobody answered, or the answer broke off; what was yielded stands.
        """
        options = Options.of(kwargs, streamed=True)
        spoken = tuple(LLMMessage.of(message) for message in messages)
        request = LLMRequest(spoken, **options.sampling)
        problem: LLMError | None = None
        for route in self._clients.routes(request.role, provider, options.model):
            begun = False
            try:
                async for piece in route.client.stream(request):
                    begun = True
                    yield piece
            except LLMError as error:
                if begun:
                    raise
                problem = error
            else:
                return
        if problem is not None:
            raise problem

    async def list_models(self, provider: str | None = None) -> list[str]:
        """Ask a provider, by default the primary one, for the models it has.

        Raises:
            LLMError: it could not be reached, or refused.
        """
        return await self._clients.routes("default", provider, None)[0].client.list_models()

    async def diagnose(self) -> dict[str, str | None]:
        """Ask every configured provider whether it is there: label -> what is wrong, or None."""
        found: dict[str, str | None] = {}
        for route in self._clients.everything():
            try:
                good = await route.client.validate()
                found[route.client.label] = None if good else "it says no"
            except LLMError as error:
                found[route.client.label] = error.message
        return found

    async def validate(self) -> bool:
        """Ask every configured provider; say whether all are there and take our keys."""
        return all(problem is None for problem in (await self.diagnose()).values())

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        """Return the most that one turn may cost, in nano-USD; None if a price is not known.

        Tokens of input are bounded by bytes, those of output by max_tokens. A turn pays at most
        one provider of its chain, for what was counted ends it; unless an attempt may have been
        worked on in vain: see `allow` of `send`.
        """
        usage = worst_usage(request)
        routes = self._clients.routes(request.role, provider, None)
        costs = [self._price(r.config, r.client.label, r.client.model, usage) for r in routes]
        known = [cost for cost in costs if cost is not None]
        return max(known) if len(known) == len(costs) else None

    def unpriced(self, role: str = "default", *, embeds: bool = False) -> list[str]:
        """Return the models of a role's chain whose price is not known, as `provider/model`."""
        routes = self._clients.routes(role, None, None)
        one = LLMUsage(1, 0 if embeds else 1)
        return [
            f"{route.client.label}/{route.client.model}"
            for route in routes
            if self._price(route.config, route.client.label, route.client.model, one) is None
        ]

    def cost(self, outcome: LLMOutcome) -> int | None:
        """Return what an outcome's counted tokens cost, in nano-USD; None if not known.

        Attempts that are lost were not counted by anybody, and are not in it.
        """
        counted = [(outcome.provider, outcome.model, outcome.usage)]
        counted += [
            (each.provider, each.model, each.usage)
            for each in outcome.attempts
            if each.usage is not None and not each.lost
        ]
        total = 0
        for label, model, usage in counted:
            if usage.input_tokens or usage.output_tokens:
                cost = self._price_of(label, model, usage)
                if cost is None:
                    return None
                total += cost
        return total

    def _price_of(self, label: str, model: str, usage: LLMUsage) -> int | None:
        return self._price(self._clients.of_label(label), label, model, usage)

    def _price(
        self, config: ProviderConfig | None, label: str, model: str, usage: LLMUsage
    ) -> int | None:
        name, url = (config.name, config.base_url) if config is not None else (label, None)
        return self.prices.cost(name, model, usage, base_url=url, label=label)

    async def close(self) -> None:
        """Release connections; the service is not used again."""
        await self._clients.close()


async def _ask(
    routes: list[Route],
    request: LLMRequest,
    key: CallKey | None,
    deadline: Deadline,
    attempts: list[LLMAttempt],
) -> list[LLMOutcome]:
    """Ask one after the other whose breaker admits it, up to the first that ends the turn.

    A call that was cut short, because the breaker opened over other calls' failures, leaves its
    attempts but no outcome.
    """
    outcomes: list[LLMOutcome] = []
    for route in routes:
        if outcomes and deadline.left() <= 0:
            break
        ticket = route.breaker.admit()
        if ticket is None:
            continue
        client = route.client
        try:
            await deadline.tab.pay(client.label, client.model)
        except AttemptError as error:
            outcomes.append(_unpaid(route, outcomes, error))
            break
        ask = client.embed if request.embeds else client.complete
        outcome = await ask(request, key=key, deadline=deadline)
        attempts += outcome.attempts
        deadline.tab.note(outcome.attempts)
        if not _reported(route, ticket, outcome):
            continue
        outcomes.append(outcome)
        if not moves_on(outcome):
            break
    return outcomes


def _reported(route: Route, ticket: int, outcome: LLMOutcome) -> bool:
    """Tell the breaker how a call went; return False if it was cut short."""
    breaker = route.breaker
    if outcome.failure is not None and outcome.failure.kind is FailureKind.BUDGET:
        if outcome.attempts:
            breaker.failed(ticket)  # they failed; only money keeps it from being tried again
        return True
    if outcome.failure is None or outcome.failure.kind not in UNREACHED:
        breaker.succeeded()
        return True
    if ticket != breaker.opened and len(outcome.attempts) <= route.config.max_retries:
        return False
    if any(attempt.status != TOO_MANY for attempt in outcome.attempts):
        breaker.failed(ticket)
    return True


def _unpaid(route: Route, before: list[LLMOutcome], error: AttemptError) -> LLMOutcome:
    told = [each.failure.message for each in before if each.failure is not None]
    label, model = route.client.label, route.client.model
    text = "; ".join([*told, f"{label}: {error.message}"])
    return LLMOutcome.failed(error.kind, text, provider=label, model=model)


def _left_alone(route: Route) -> LLMOutcome:
    label, model = route.client.label, route.client.model
    text = f"{label}: left alone after failures, for {route.breaker.wait():.0f} s more"
    return LLMOutcome.failed(FailureKind.UNAVAILABLE, text, provider=label, model=model)


def _response(outcomes: tuple[LLMOutcome, ...], parsed: Any) -> LLMResponse:
    last = outcomes[-1]
    return LLMResponse(
        content=last.content or "",
        model=last.model,
        provider=last.provider,
        usage=sum((outcome.usage for outcome in outcomes), LLMUsage()),
        finish_reason=last.finish_reason,
        latency_ms=sum(outcome.latency_ms for outcome in outcomes),
        parsed=parsed,
        attempts=tuple(attempt for outcome in outcomes for attempt in outcome.attempts),
    )

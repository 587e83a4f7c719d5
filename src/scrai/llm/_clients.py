"""From configurations to clients; those of one provider share its connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, replace
from typing import Any

from scrai.errors import ConfigurationError
from scrai.llm._base import LLMClient
from scrai.llm._breaker import Breaker
from scrai.llm._clock import Clock
from scrai.llm._config import LLMServiceConfig
from scrai.llm._environment import filled, provider_of_spec
from scrai.llm._provider_config import ProviderConfig
from scrai.llm._providers import REPLAY, SCRIPTED, WORDLLAMA, known_provider
from scrai.llm._scripted import ScriptedClient


class Route:
    """A provider with a model, as the service asks it."""

    __slots__ = ("breaker", "client", "config")

    def __init__(self, config: ProviderConfig, client: LLMClient, breaker: Breaker) -> None:
        self.config = config
        self.client = client
        self.breaker = breaker


class Clients:
    """Makes each client once.

    Args:
        config: the chain and the roles.
        env: where roles' and calls' providers find their keys and addresses.
        given: clients of the caller's, by name; they go before the built-in ones.
        clock: the time.
        transport: an httpx transport that is spoken to instead of the network.
    """

    def __init__(
        self,
        config: LLMServiceConfig,
        env: Mapping[str, str],
        given: Mapping[str, LLMClient],
        clock: Clock,
        transport: Any,
    ) -> None:
        self._env = env
        self._given = given
        self._clock = clock
        self._transport = transport
        self._made: dict[tuple[Any, ...], tuple[LLMClient, Breaker]] = {}
        self._roles = config.roles
        self._fallbacks = [self._route(filled(item, env)) for item in config.fallbacks]
        self.chain = [self._route(filled(config.primary, env)), *self._fallbacks]
        self._of_role = {role: self._role_chain(role, spec) for role, spec in self._roles.items()}
        self._of_spec: dict[str, list[Route]] = {}

    def routes(self, role: str, provider: str | None, model: str | None) -> list[Route]:
        """Return who is asked, in order.

        Args:
            role: of the request; `actor:ID` falls back to `actor`, and that to the chain.
            provider: a label or name of the chain, or a short text such as `ollama/NAME`: only
                that one is asked.
            model: instead of the first one's.
        """
        if provider is not None:
            found = self._named(provider)
        else:
            kind = role.partition(":")[0]
            found = self._of_role.get(role) or self._of_role.get(kind) or self.chain
        if model is None:
            return found
        first = found[0]
        return [self._route(replace(first.config, model=model)), *found[1:]]

    def everything(self) -> list[Route]:
        """Return each configured provider once: the chain, then those of roles."""
        found = [*self.chain, *(route for chain in self._of_role.values() for route in chain)]
        unique = {id(self._made[_identity(route.config)]): route for route in found}
        return list(unique.values())

    def of_label(self, label: str) -> ProviderConfig | None:
        """Return a configuration by the name that outcomes carry, None if it is not known."""
        every = [*self.chain, *(r for c in self._of_role.values() for r in c)]
        every += [route for chain in self._of_spec.values() for route in chain]
        return next((r.config for r in every if r.client.label == label), None)

    async def close(self) -> None:
        """Close every client."""
        made, self._made = self._made, {}
        for client, _ in made.values():
            await client.close()

    def _role_chain(self, role: str, spec: str) -> list[Route]:
        first = self._route(provider_of_spec(spec, self._env, f"the role {role!r:.60}"))
        return [first, *(r for r in self._fallbacks if r.config != first.config)]

    def _named(self, provider: str) -> list[Route]:
        for route in self.everything():
            if provider in (route.client.label, route.config.name):
                return [route]
        if provider not in self._of_spec:
            config = provider_of_spec(provider, self._env, "provider")
            self._of_spec[provider] = [self._route(config)]
        return self._of_spec[provider]

    def _route(self, config: ProviderConfig) -> Route:
        key = _identity(config)
        if key not in self._made:
            breaker = Breaker(self._clock)
            self._made[key] = (self._client(config, breaker), breaker)
        client, breaker = self._made[key]
        if config.model is not None and config.model != client.model and config.name != REPLAY:
            client = client.with_model(config.model)
        return Route(config, client, breaker)

    def _client(self, config: ProviderConfig, breaker: Breaker) -> LLMClient:
        if (given := self._given.get(config.name)) is not None:
            return given
        name = known_provider(config.name, "the language model").name
        if name == SCRIPTED:
            return ScriptedClient()
        if name == REPLAY:
            from scrai.llm._cassette import ReplayClient

            if not config.model:
                raise ConfigurationError("replay needs a file", hint="replay:FILE.jsonl")
            return ReplayClient(config.model)
        if name == WORDLLAMA:
            from scrai.llm._wordllama import WordLlamaClient

            return WordLlamaClient()
        from scrai.llm._openai import OpenAICompatibleClient

        return OpenAICompatibleClient(
            config, clock=self._clock, transport=self._transport, breaker=breaker
        )


def _identity(config: ProviderConfig) -> tuple[Any, ...]:
    """Return what tells one provider from another: all but the model, unless that is a file."""
    same = config if config.name == REPLAY else replace(config, model=None)
    return tuple(repr(part) if isinstance(part, dict) else part for part in astuple(same))

"""The language models of a runtime: a service for every way in which simulations name theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from scrai.errors import ConfigurationError, UsageError
from scrai.runtime._recorded_minds import REPLAY, as_recorded

if TYPE_CHECKING:
    from scrai.engine.minds import MindsConfig
    from scrai.llm import Budget, Calls, CallSite, LLMService
    from scrai.models import SimulationState
    from scrai.runtime._llm_settings import LlmSettings
    from scrai.store import DocumentStore


class Models:
    """Makes the calls of phases; keeps one service for each configuration, until `aclose`."""

    def __init__(self, settings: LlmSettings) -> None:
        self.settings = settings
        self._services: dict[str, LLMService] = {}

    def calls(
        self,
        store: DocumentStore,
        state: SimulationState,
        site: CallSite,
        check: Callable[[], None],
    ) -> Calls:
        """Return the recorded, metered calls of one phase.

        Raises:
            ConfigurationError: the simulation names no model, or one that is not configured.
        """
        from scrai.engine.minds import minds_of
        from scrai.llm import Calls, ReplyCache

        config = minds_of(state.metadata)
        if config is None:
            raise ConfigurationError(
                f"simulation {state.id} has no model", hint="create it with --llm MODEL"
            )
        cache = None
        if config.cache:
            models = ",".join([config.llm, *(f"{k}={v}" for k, v in sorted(config.roles.items()))])
            cache = ReplyCache(
                store,
                models=models,
                simulation_id=state.id,
                seed=state.seed,
                experiment=config.experiment,
            )
        service, budget = self.service(config), budget_of(config)
        return Calls(
            store,
            state.id,
            site,
            service,
            budget,
            check=check,
            in_flight=service.config.primary.concurrency,
            cache=cache,
        )

    def service(self, config: MindsConfig) -> LLMService:
        """Return the service that a configuration asks for."""
        key = config.model_dump_json(include={"llm", "models", "embeddings"})
        found = self._services.get(key)
        if found is None:
            from scrai.llm import LLMService

            # A recording holds the calls of all roles: with one, nobody else is asked.
            roles = {} if config.llm.startswith(REPLAY) else config.roles
            made = LLMService(self.settings.service_config(config.llm, roles))
            found = self._services[key] = made
        return found

    def named(self, spec: str) -> LLMService:
        """Return the service that a short text means; see `LLMServiceConfig.from_spec`."""
        from scrai.engine.minds import MindsConfig

        return self.service(MindsConfig(llm=spec))

    def check(self, metadata: Mapping[str, Any]) -> None:
        """Raise what a simulation with these metadata would find wrong with its models."""
        from scrai.engine.minds import minds_of

        config = minds_of(metadata)
        if config is not None:
            from scrai.llm import check_ready

            service = self.service(config)
            check_ready(service.config)
            _check_prices(config, service, budget_of(config))

    async def aclose(self) -> None:
        """Close all services."""
        while self._services:
            _, service = self._services.popitem()
            await service.close()


def _check_prices(config: MindsConfig, service: LLMService, budget: Budget) -> None:
    """Refuse a limit where nobody knows what a call costs, before anything is begun."""
    from scrai.llm import EMBEDDINGS

    speakers = [role for role in config.models if role.startswith("actor:")]
    if not budget.limits(None) and budget.actor is None:
        return
    unknown = [
        model for role in (*config.subsystems, *speakers) for model in service.unpriced(role)
    ]
    if config.embeddings is not None:
        unknown += service.unpriced(EMBEDDINGS, embeds=True)
    for model in unknown:
        price = f'{{"{model}": {{"input": USD, "output": USD}}}}'
        raise ConfigurationError(
            f"no price is known for {model}, but a budget is set",
            hint=f"SCRAI_LLM_PRICES='{price}' sets one, for a million tokens",
        )


def budget_of(config: MindsConfig) -> Budget:
    """Return the limits that a simulation's minds have."""
    from scrai.llm import Budget, nano

    def limit(usd: float | None) -> int | None:
        return None if usd is None else nano(usd)

    return Budget(
        simulation=limit(config.credit_limit),
        cycle=limit(config.cycle_limit),
        actor=limit(config.actor_limit),
        batch=config.batch,
        batch_limit=limit(config.batch_limit),
    )


def with_minds(given: Mapping[str, Any], present: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the metadata of minds: what was given over what there is, over what is recorded.

    Raises:
        UsageError: no model is named, or it is no mapping.
        ConfigurationError: a cassette is to answer that was recorded with other settings.
    """
    from scrai.engine.minds import MINDS

    if not isinstance(given, Mapping):
        raise UsageError("minds is not an object", hint="such as {llm: scripted}")
    whole = dict(present or {}) | dict(given)
    if "llm" not in whole:
        raise UsageError("no model is named", hint="--llm scripted needs no key and no network")
    return {MINDS: as_recorded(whole)}

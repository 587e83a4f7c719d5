"""What a simulation's minds are: which model speaks for what, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from scrai.data._mapping import MINDS
from scrai.errors import InvalidInputError
from scrai.models import explain

Subsystem: TypeAlias = Literal["events", "actions", "resolution", "world"]
SUBSYSTEMS: Final[tuple[Subsystem, ...]] = ("events", "actions", "resolution", "world")
ACTOR_ROLE: Final = "actor:"
EMBEDDINGS: Final = "embeddings"
SHAPING: Final = (
    "ascii",
    "brief",
    "max_events",
    "max_repairs",
    "max_tokens",
    "on_bad_reply",
    "subsystems",
    "temperature",
)
"""Settings on which depends what a model is asked, or what becomes of its answer."""
_SUCH_AS: Final = "such as {llm: scripted}; scrai.engine.minds.MindsConfig has all fields"
Usd: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class MindsConfig(BaseModel):
    """Which models drive a simulation. It is kept with the simulation, without any key.

    Attributes:
        llm: the model: `scripted`, `provider/model`, `replay:FILE`, a server's address, or `env`
            for what the environment sets up; several with commas between them are a chain.
        models: other models for single roles: `events`, `actions`, `resolution`, `world`, or
            `actor:ID` for one actor.
        embeddings: what finds memories by meaning: `wordllama` on this machine, or a provider
            and its model as for `llm`; without it they are found by words.
        subsystems: what the model does; the rest goes by rule.
        on_bad_reply: what an unusable reply means, after its repairs: `skip` leaves that one
            actor or action without a mind in this phase and says so; `fail` fails the phase. A
            model that cannot be reached always fails the phase.
        max_repairs: how often a reply may be sent back as faulty.
        max_tokens: the most that one reply may have; one about many actions gets 128 for each,
            if that is more.
        temperature: of sampling; default the server's.
        max_events: how many events a cycle may bring.
        brief: ask for short texts and short lists, so that a small model comes to an end before
            it is cut off.
        ascii: ask for plain ASCII texts (for very small models).
        credit_limit, cycle_limit, actor_limit: US dollars that the whole simulation, one cycle
            and one actor may cost.
        batch, batch_limit: a budget by name that many simulations share.
        cache: serve replies that other runs on this store recorded; off unless asked for.
        experiment: with the cache, whose replicas never get the same sample twice; runs without
            one share samples with runs of the same seed only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    llm: Annotated[str, Field(min_length=1)]
    models: dict[str, str] = Field(default_factory=dict)
    embeddings: Annotated[str, Field(min_length=1)] | None = None
    subsystems: tuple[Subsystem, ...] = SUBSYSTEMS
    on_bad_reply: Literal["skip", "fail"] = "skip"
    max_repairs: Annotated[int, Field(ge=0, le=5)] = 2
    max_tokens: Annotated[int, Field(ge=16, le=32768)] = 512
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_events: Annotated[int, Field(ge=1, le=10)] = 2
    brief: bool = False
    ascii: bool = False
    credit_limit: Usd | None = None
    cycle_limit: Usd | None = None
    actor_limit: Usd | None = None
    batch: str | None = None
    batch_limit: Usd | None = None
    cache: bool = False
    experiment: str | None = None

    def shape(self) -> dict[str, Any]:
        """Return what the same run must be told again, as JSON values: no model and no address."""
        found = self.model_dump(mode="json", include=set(SHAPING))
        roles = sorted(role for role in self.models if role.startswith(ACTOR_ROLE))
        by_meaning = self.embeddings is not None
        return found | {
            "subsystems": sorted(self.subsystems),
            "speakers": roles,
            EMBEDDINGS: by_meaning,
        }

    @property
    def roles(self) -> dict[str, str]:
        """Who speaks in which role, where that is not `llm`."""
        if self.embeddings is None:
            return self.models
        return self.models | {EMBEDDINGS: self.embeddings}

    @field_validator("models")
    @classmethod
    def _check_roles(cls, models: dict[str, str]) -> dict[str, str]:
        for role in models:
            if role not in SUBSYSTEMS and not (role.startswith(ACTOR_ROLE) and role != ACTOR_ROLE):
                raise ValueError(f"{role!r} is no role: {', '.join(SUBSYSTEMS)} or actor:ID")
        return models


def minds_of(metadata: Mapping[str, Any]) -> MindsConfig | None:
    """Return the minds that a simulation's metadata hold, None if it goes by rule.

    Raises:
        InvalidInputError: one line that names every problem.
    """
    found = metadata.get(MINDS)
    if found is None:
        return None
    if not isinstance(found, Mapping):
        raise InvalidInputError(f"metadata.{MINDS} is not an object", hint=_SUCH_AS)
    try:
        return MindsConfig.model_validate(found)
    except ValidationError as error:
        lines = explain(error, f"metadata.{MINDS}", MindsConfig)
        raise InvalidInputError("; ".join(lines), hint=_SUCH_AS) from None

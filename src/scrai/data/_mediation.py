"""Policies of mediation: what waits for whom, until when, and what becomes of it then.

They are part of a simulation's metadata, `mediation`: changed by a `configure` command only, so
that a replay finds the same policies at the same step.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrai.errors import InvalidInputError
from scrai.models import ActionType, Event, EventType, explain

MEDIATION: Final = "mediation"
HOLD: Final = "hold"
PASS: Final = "pass"  # noqa: S105 - the word of the policy
MOST_RULES: Final = 100
ANY: Final = "*"
LLM: Final = "llm"
PLAYER: Final = "player"
SYSTEM: Final = "system"

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Names: TypeAlias = Annotated[list[Name], Field(max_length=50)]
Types: Final[Mapping[str, type[EventType] | type[ActionType]]] = {
    "events": EventType,
    "actions": ActionType,
}


class Rule(BaseModel):
    """What holds for the events or actions that it matches.

    Attributes:
        kind: whether it is about events or actions.
        type: of which type, `*` for all.
        source: who made them: `llm` (a model), `npc` (an action of a character, by rule or model),
            `player` (a person), `system` (the scenario's own), `*` for all. It is what the entity
            says of itself.
        require: True: they wait for a decision. False: they do not, whoever marked them.
        auto: `approve` lets those that would wait pass, approved by `policy`.
        who: the only ones who may decide; nobody named means anybody.
        escalate_to: the only ones who may decide once it is escalated; default those of `who`.
        deadline_cycles: how many cycles of simulated time they wait; they hold up nothing.
        then: what happens to them when that time is over.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["events", "actions"]
    type: str = ANY
    source: Literal["*", "llm", "npc", "player", "system"] = "*"
    require: bool | None = None
    auto: Literal["approve"] | None = None
    who: Names = Field(default_factory=list)
    escalate_to: Names = Field(default_factory=list)
    deadline_cycles: Annotated[int, Field(ge=1, le=1_000_000, strict=True)] | None = None
    then: Literal["approve", "reject", "cancel", "terminate", "escalate"] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        known = [str(each) for each in Types[self.kind]]
        if self.type not in (ANY, *known):
            near = get_close_matches(self.type, known, n=1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise ValueError(f"type {self.type[:40]!r} is not one of *, {', '.join(known)}{meant}")
        if (self.deadline_cycles is None) is not (self.then is None):
            raise ValueError("deadline_cycles and then belong together")
        self._check_sense()
        return self

    def _check_sense(self) -> None:
        """Refuse what would be without effect."""
        waits = bool(self.who or self.escalate_to or self.deadline_cycles)
        if self.require is False and (waits or self.auto):
            raise ValueError("require: false lets them pass: nothing else has an effect")
        if self.auto and waits:
            raise ValueError("auto: approve lets them pass: nobody decides, no deadline runs")
        if self.require is None and self.auto is None and not waits:
            raise ValueError("says nothing: name require, auto, who, escalate_to or a deadline")

    def matches(self, entity: Any) -> bool:
        """Say whether it is about this event or action."""
        return (
            self.type in (ANY, entity.type.value)
            and (self.kind == "events") is isinstance(entity, Event)
            and (self.source == ANY or self.source in sources_of(entity))
        )


def sources_of(entity: Any) -> frozenset[str]:
    """Return the sources of rules that an event or action answers to."""
    said = str(entity.source)
    if isinstance(entity, Event):
        return frozenset({said if said in {LLM, "npc", PLAYER} else SYSTEM})
    made_by_model = entity.llm_parsed and said != PLAYER
    return frozenset({said, LLM} if made_by_model else {said})


class Mediation(BaseModel):
    """The policies of one simulation.

    Attributes:
        events, actions: whether what waits holds up its phase (`hold`), or the phase goes on
            without it (`pass`). What waits under a deadline never holds up its phase.
        rules: the first one that matches an event or action decides, whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: Literal["hold", "pass"] = "hold"
    actions: Literal["hold", "pass"] = "hold"
    rules: Annotated[list[Rule], Field(max_length=MOST_RULES)] = Field(default_factory=list)

    def rule_for(self, entity: Any) -> Rule | None:
        """Return the rule that holds for an event or action, None if none is about it."""
        for rule in self.rules:
            if rule.matches(entity):
                return rule
        return None


NONE: Final = Mediation()


def mediation_of(metadata: Mapping[str, Any]) -> Mediation:
    """Return the policies that a simulation's metadata hold.

    Raises:
        InvalidInputError: one line that names every problem.
    """
    found = metadata.get(MEDIATION)
    return NONE if found is None else _parsed(orjson.dumps(found))


@lru_cache(maxsize=64)
def _parsed(data: bytes) -> Mediation:
    try:
        return Mediation.model_validate(orjson.loads(data))
    except ValidationError as error:
        lines = explain(error, MEDIATION, Mediation)
        raise InvalidInputError(
            "; ".join(lines), hint="events and actions, each hold or pass, and rules: a list"
        ) from None


def with_mediation(given: Any, present: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of policies: what was given over what there is.

    Args:
        given: `events`, `actions` and `rules`; each replaces what there was, whole.
        present: the simulation's metadata.

    Raises:
        InvalidInputError: one line that names every problem.
    """
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            "mediation is not an object", hint="such as {events: pass, rules: [...]}"
        )
    whole = {MEDIATION: dict(present.get(MEDIATION, {})) | dict(given)}
    mediation_of(whole)
    return whole

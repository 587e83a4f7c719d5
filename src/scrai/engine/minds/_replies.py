"""What models are asked to answer: small, bounded shapes. None of it is trusted.

Lists are short because a small model fills them up, and is cut off then.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from scrai.models import ActionType, EventScope, EventType

LARGEST = 1_000_000
Line: TypeAlias = Annotated[str, Field(max_length=200)]
Id: TypeAlias = Annotated[str, Field(max_length=100)]
Whole: TypeAlias = Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
Fraction: TypeAlias = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Amount: TypeAlias = Whole | Fraction


class Answer(BaseModel):
    """Base of all replies: what was not asked for is dropped."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EffectReply(Answer):
    """One change, as a model puts it."""

    op: Literal["add", "set", "move"]
    target: Id
    path: Annotated[str, Field(max_length=80)] = ""
    value: bool | Amount | Annotated[str, Field(max_length=80)]


Effects: TypeAlias = Annotated[list[EffectReply], Field(max_length=4)]


class EventReply(Answer):
    """One event that a model brings about."""

    title: Annotated[str, Field(min_length=1, max_length=80)]
    description: Line = ""
    type: EventType = EventType.SOCIAL
    scope: EventScope = EventScope.LOCAL
    affected_actors: Annotated[list[Id], Field(max_length=6)] = []
    effects: Effects = []


class EventsReply(Answer):
    """The events of a cycle."""

    events: Annotated[list[EventReply], Field(max_length=10)]


@cache
def events_reply(most: int) -> type[EventsReply]:
    """Return the shape of a reply that is asked for so many events: small models fill lists up."""
    bound = Field(max_length=10, json_schema_extra={"maxItems": most})
    events: Any = (Annotated[list[EventReply], bound], ...)
    return create_model("EventsReply", __base__=EventsReply, events=events)


class OptionReply(Answer):
    """One thing that an actor might do."""

    intent: Annotated[str, Field(min_length=1, max_length=200)]
    type: ActionType = ActionType.CUSTOM
    targets: Annotated[list[Id], Field(max_length=4)] = []
    place: Id | None = None
    effects: Effects = []


class ChoiceReply(Answer):
    """Options, and the index of the one chosen."""

    options: Annotated[list[OptionReply], Field(min_length=1, max_length=3)]
    selected: Annotated[int, Field(ge=0, le=2)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.selected >= len(self.options):
            raise ValueError(f"selected is {self.selected}, but there are {len(self.options)}")
        return self


@cache
def choice_reply(most: int) -> type[ChoiceReply]:
    """Return the shape of a reply that is asked for so many options at most."""
    options: Any = Field(min_length=1, max_length=3, json_schema_extra={"maxItems": most})
    selected: Any = Field(ge=0, le=2, json_schema_extra={"maximum": most - 1})
    return create_model(
        "ChoiceReply",
        __base__=ChoiceReply,
        __doc__=ChoiceReply.__doc__,
        options=(Annotated[list[OptionReply], options], ...),
        selected=(Annotated[int, selected], ...),
    )


class OutcomeReply(Answer):
    """What becomes of one action."""

    success: bool
    reason: Annotated[str, Field(max_length=120)] = ""
    effects: Annotated[list[EffectReply], Field(max_length=3)] = []


class WorldReply(Answer):
    """What a cycle amounts to."""

    summary: Annotated[str, Field(max_length=400)]
    effects: Effects = []

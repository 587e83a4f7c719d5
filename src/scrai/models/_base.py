"""What every model is made of: the base class, times, ids and open JSON maps."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator

from scrai import _wall

SCHEMA_VERSION = 1
"""The version of the stored form of all models. A change to a field or a default raises it."""

MAX_ID_BYTES = 700
"""Two ids and a `~` make a document key, which no backend takes beyond 1,500 bytes."""

_RESERVED = re.compile(r"__.*__", re.DOTALL)

JsonObject: TypeAlias = dict[str, Any]
"""An open map of plain JSON values; `dump_bytes` refuses others."""


class Model(BaseModel):
    """Base of all models: no unknown fields, assignments are validated, floats are finite."""

    model_config = ConfigDict(
        extra="forbid",
        validate_assignment=True,
        allow_inf_nan=False,
        defer_build=True,  # half the time of the import; the first use pays
    )

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """Return a copy. Unlike pydantic's own, the updates are validated."""
        copy = super().model_copy(deep=deep)
        if not update:
            return copy
        return type(self).model_validate({**copy.__dict__, **update})


def parse_time(value: Any) -> datetime:
    """Return a datetime or ISO 8601 text as aware UTC; naive means UTC."""
    if isinstance(value, str):
        return _parse_text(value)
    if isinstance(value, datetime):
        return _to_utc(value)
    # Numbers too: "2025" would silently become a second of 1970.
    raise ValueError("must be a datetime or ISO 8601 text such as 2000-01-01T08:00:00Z")


# Simulated times repeat: all that happens in a cycle has one. Both ways are therefore cached.
@lru_cache(maxsize=4096)
def _parse_text(text: str) -> datetime:
    try:
        return _to_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise ValueError(f"must be ISO 8601 text such as 2000-01-01T08:00:00Z: {error}") from None


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside the years 1 to 9999 in UTC") from None


@lru_cache(maxsize=4096)
def format_time(value: datetime) -> str:
    """Return the one stored form, YYYY-MM-DDTHH:MM:SS.ffffffZ, which sorts as time does."""
    return _to_utc(value).isoformat(timespec="microseconds")[:-6] + "Z"


UtcDatetime: TypeAlias = Annotated[
    datetime,
    PlainValidator(parse_time, json_schema_input_type=datetime),
    PlainSerializer(format_time, return_type=str, when_used="json"),
]
"""Aware UTC, always; stored with six digits of fraction and a Z."""


NOW = "now"
"""The default of times that nobody gave. As it is no datetime, no time is dropped as default."""


def _parse_or_now(value: Any) -> datetime:
    return _wall.now() if value == NOW else parse_time(value)


WallDatetime: TypeAlias = Annotated[
    datetime,
    PlainValidator(_parse_or_now, json_schema_input_type=datetime),
    PlainSerializer(format_time, return_type=str, when_used="json"),
]
"""A `UtcDatetime` that takes `now` for the wall clock's time."""


def from_clock() -> Any:
    """Return the default of a `WallDatetime` field: the wall time when the model is made."""
    return Field(default=NOW, validate_default=True)


def id_problem(value: str, *, tilde: bool = False, limit: int = MAX_ID_BYTES) -> str | None:
    """Say what is wrong with an id, or return None."""
    if not value:
        return "must not be empty"
    if value in {".", ".."}:
        return "must not be '.' or '..'"
    if "/" in value or "\0" in value or ("~" in value and not tilde):
        return "must not contain '/' or NUL" if tilde else "must not contain '/', '~' or NUL"
    if value.startswith("__") and _RESERVED.fullmatch(value):
        return "must not have the form __x__, which stores keep for themselves"
    if value.isascii():
        size = len(value)
    else:
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            return "is not valid Unicode: it has half a surrogate pair"
    return f"must not be longer than {limit:,} bytes" if size > limit else None


@lru_cache(maxsize=8192)  # ids are loaded in every phase
def _local_id(value: str) -> str:
    if problem := id_problem(value):
        raise ValueError(problem)
    return value


def _document_id(value: str) -> str:
    if problem := id_problem(value, tilde=True, limit=1500):
        raise ValueError(problem)
    return value


LocalId: TypeAlias = Annotated[str, AfterValidator(_local_id)]
"""An id within its simulation, or of a simulation."""

DocumentId: TypeAlias = Annotated[str, AfterValidator(_document_id)]
"""A document key; `~` joins its parts."""


def stamp(entity: Model, at: datetime) -> None:
    """Set `created_at` and `updated_at` where the maker of the entity left them to the clock."""
    values, given, moment = entity.__dict__, entity.__pydantic_fields_set__, parse_time(at)
    for name in ("created_at", "updated_at"):
        if name in values and name not in given:
            values[name] = moment
            given.add(name)

"""Stored form to models, across schema versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import orjson
from pydantic import ValidationError

from scrai.errors import ModelError, StoreCorruptError, StoreSchemaError
from scrai.models._base import SCHEMA_VERSION, JsonObject, Model
from scrai.models._dump import kind_of
from scrai.models._explain import explain

M = TypeVar("M", bound=Model)

Migration: TypeAlias = Callable[[JsonObject], JsonObject]

MIGRATIONS: dict[tuple[str, int], Migration] = {}
"""What brings the stored form of a model from a version to the next, by (class name, version).

A model that a version does not change needs no entry. A migration may change what it is given.
"""

_SHOWN_PROBLEMS = 3


def load_bytes(cls: type[M], data: bytes) -> M:
    """Return the model that `dump_bytes` wrote, under the same schema version."""
    try:
        return cls.__pydantic_validator__.validate_json(data)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise _invalid(cls, error, _id_in(data)) from error


def from_stored(cls: type[M], data: JsonObject, schema_version: int) -> M:
    """Return the model of a stored form of any version up to ours.

    Raises:
        StoreSchemaError: the data are of a newer version.
        ModelError: the data do not make a valid model.
    """
    check_schema(schema_version, f"{kind_of(cls)} {data.get('id', '?')}")
    if schema_version < SCHEMA_VERSION:
        data = _migrated(cls, dict(data), schema_version)
    try:
        return cls.model_validate(data)
    except ValidationError as error:
        raise _invalid(cls, error, data.get("id")) from error


def check_schema(version: Any, what: str) -> None:
    """Refuse a schema version that is newer than ours, or none at all."""
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StoreCorruptError(f"{what} has no valid schema version: {version!r:.60}")
    if version > SCHEMA_VERSION:
        raise StoreSchemaError(
            f"{what} was written under schema version {version}; "
            f"this ScrAI reads up to version {SCHEMA_VERSION}",
            hint="upgrade ScrAI to the version that wrote it, or a later one",
        )


def _migrated(cls: type[Model], data: JsonObject, version: int) -> JsonObject:
    for step in range(version, SCHEMA_VERSION):
        if migration := MIGRATIONS.get((cls.__name__, step)):
            data = migration(data)
    return data


def _invalid(cls: type[Model], error: ValidationError, id_: Any) -> ModelError:
    lines = explain(error, f"{kind_of(cls)} {id_}" if id_ is not None else kind_of(cls))
    more = len(lines) - _SHOWN_PROBLEMS
    text = "; ".join(lines[:_SHOWN_PROBLEMS])
    return ModelError(f"{text}; and {more} more" if more > 0 else text)


def _id_in(data: bytes) -> Any:
    try:
        found = orjson.loads(data)
    except ValueError:
        return None
    return found.get("id") if isinstance(found, dict) else None

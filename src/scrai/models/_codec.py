"""Models to stored form and back, across schema versions."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from scrai.errors import ModelError, StoreCorruptError, StoreSchemaError
from scrai.models._base import SCHEMA_VERSION, JsonObject, Model
from scrai.models._explain import explain

M = TypeVar("M", bound=Model)

Migration: TypeAlias = Callable[[JsonObject], JsonObject]

MIGRATIONS: dict[tuple[str, int], Migration] = {}
"""What brings the stored form of a model from a version to the next, by (class name, version).

A model that a version does not change needs no entry. A migration may change what it is given.
"""

_SHOWN_PROBLEMS = 3


def dump_bytes(model: Model) -> bytes:
    """Return the model as JSON in field order, defaults left out; fast.

    Not canonical: the order of the keys of open maps is that of their making. What in-place
    edits broke is still written, so that the difference shows; `load_bytes` then refuses it.
    """
    try:
        return type(model).__pydantic_serializer__.to_json(
            model, exclude_defaults=True, warnings=False
        )
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise _not_json(model, error) from error


def load_bytes(cls: type[M], data: bytes) -> M:
    """Return the model that `dump_bytes` wrote, under the same schema version."""
    try:
        return cls.__pydantic_validator__.validate_json(data)  # type: ignore[no-any-return]
    except ValidationError as error:
        raise _invalid(cls, error, _id_in(data)) from error


def to_stored(model: Model) -> JsonObject:
    """Return the stored form, at `SCHEMA_VERSION`: plain JSON values, defaults left out."""
    try:
        return model.model_dump(mode="json", exclude_defaults=True, warnings=False)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        raise _not_json(model, error) from error


def from_stored(cls: type[M], data: JsonObject, schema_version: int) -> M:
    """Return the model of a stored form of any version up to ours.

    Raises:
        StoreSchemaError: the data are of a newer version.
        ModelError: the data do not make a valid model.
    """
    check_schema(schema_version, f"{_kind(cls)} {data.get('id', '?')}")
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


def check_open_maps(model: Model) -> None:
    """Refuse what open maps cannot keep: sets, NaN, keys that are not text, other objects.

    Assignment cannot see in-place edits, and the fast dump would write a set in an order that
    differs from process to process. The engine checks each entity that changed.
    """
    for name in type(model).model_fields:
        if problem := _json_problem(model.__dict__[name], name):
            raise ModelError(f"{_who(model)}: {problem}")


def _json_problem(value: Any, path: str) -> str | None:
    if value is None or isinstance(value, str | int | datetime | Model):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path}: {value} is not a JSON number"
    if isinstance(value, dict):
        return _first(_entry_problem(key, item, path) for key, item in value.items())
    if isinstance(value, list | tuple):
        return _first(_json_problem(item, f"{path}[{i}]") for i, item in enumerate(value))
    return f"{path}: a {type(value).__name__} is not a JSON value"


def _entry_problem(key: Any, value: Any, path: str) -> str | None:
    if not isinstance(key, str):
        return f"{path}: the key {key!r:.60} is not text"
    return _json_problem(value, f"{path}.{key}")


def _first(problems: Any) -> str | None:
    return next((problem for problem in problems if problem), None)


def _kind(cls: type[Model]) -> str:
    return getattr(cls, "KIND", cls.__name__)


def _who(model: Model) -> str:
    return f"{_kind(type(model))} {model.__dict__.get('id', '')}".rstrip()


def _not_json(model: Model, error: Exception) -> ModelError:
    try:
        check_open_maps(model)
    except (ModelError, RecursionError) as found:
        if isinstance(found, ModelError):
            return found
    return ModelError(f"{_who(model)} cannot be written as JSON: {error}")


def _invalid(cls: type[Model], error: ValidationError, id_: Any) -> ModelError:
    lines = explain(error, f"{_kind(cls)} {id_}" if id_ is not None else _kind(cls))
    more = len(lines) - _SHOWN_PROBLEMS
    text = "; ".join(lines[:_SHOWN_PROBLEMS])
    return ModelError(f"{text}; and {more} more" if more > 0 else text)


def _id_in(data: bytes) -> Any:
    import json

    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found.get("id") if isinstance(found, dict) else None

"""Models to bytes, fast and strict: the engine dumps every live entity in every phase."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin

import orjson

from scrai.errors import ModelError
from scrai.models._base import NOW, JsonObject, Model, format_time

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_MAX_DEPTH = 100
_null_in = re.compile(b"null").search  # in half the time that `in` takes


def dump_bytes(model: Model) -> bytes:
    """Return the model as JSON, fields in their order, defaults left out.

    In-place edits escape validation, so the dump refuses what JSON cannot keep: sets (whose
    order differs from process to process), NaN, keys that are not text, other objects.

    Raises:
        ModelError: it names the entity and the place of the value.
    """
    try:
        data = orjson.dumps(_visible(model), _beyond_json, _OPTIONS)
    except (orjson.JSONEncodeError, TypeError):
        return _dump_plain(model)
    # orjson writes NaN as null. Nulls are rare, as defaults are left out.
    return _dump_plain(model) if _null_in(data) else data


def canonical_bytes(model: Model, *, without: str) -> bytes:
    """Return what `dump_bytes` returns, one field left out and keys sorted at every level."""
    return sealed(model, visible(model, without=without))


def visible(model: Model, *, without: str) -> JsonObject:
    """Return the fields that are not at their defaults, one left out, times in stored form."""
    values = _visible(model)
    values.pop(without, None)
    for name in _times(type(model)):
        moment = values.get(name)
        if type(moment) is datetime:
            values[name] = format_time(moment)
    return values


def sealed(model: Model, values: JsonObject) -> bytes:
    """Return the canonical bytes of what `visible` gave for a model.

    Raises:
        ModelError: see `dump_bytes`.
    """
    try:
        data = orjson.dumps(values, _beyond_json, _OPTIONS | orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, TypeError):
        data = b"null"
    if _null_in(data):
        plain = orjson.loads(_dump_plain(model))
        kept = {name: item for name, item in plain.items() if name in values}
        return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
    return data


def comes_back(model: Model, loaded: Model) -> bool:
    """Whether a model that was loaded from the bytes of another has those very bytes again.

    It need not if the other was changed beneath validation, where loading coerces: the 3 that was
    put among the costs is loaded as 3.0.
    """
    given, got = model.__dict__, loaded.__dict__
    for name in _loose(type(model)):
        if type(given[name]) is not type(got[name]):
            return False
    for name in _typed(type(model)):
        if given[name] and not _same(given[name], got[name]):
            return False
    return True


def _same(one: Any, two: Any) -> bool:
    options = _OPTIONS | orjson.OPT_SORT_KEYS
    try:
        return orjson.dumps(one, _beyond_json, options) == orjson.dumps(two, _beyond_json, options)
    except TypeError:
        return False


def to_stored(model: Model) -> JsonObject:
    """Return the stored form, at `SCHEMA_VERSION`: plain JSON values, defaults left out."""
    stored: JsonObject = orjson.loads(dump_bytes(model))
    return stored


def kind_of(cls: type[Model]) -> str:
    """Return the word for a model in messages."""
    return getattr(cls, "KIND", cls.__name__)


def _visible(model: Model) -> JsonObject:
    """Return the fields that are not at their defaults."""
    # A copy with deletions, as it is half the time of a loop that picks what stays.
    values = model.__dict__.copy()
    for name, default in _defaults(type(model)):
        if values[name] == default:
            del values[name]
    return values


@cache
def _defaults(cls: type[Model]) -> tuple[tuple[str, Any], ...]:
    """Return (name, default) of the fields that have a constant one."""
    return tuple(
        (name, field.get_default(call_default_factory=True))
        for name, field in cls.model_fields.items()
        if not (field.is_required() or field.default == NOW)
    )


@cache
def _times(cls: type[Model]) -> tuple[str, ...]:
    """Return the fields that are times: orjson would have to ask about each of them."""
    return tuple(n for n, field in cls.model_fields.items() if _mentions(field.annotation, _TIME))


@cache
def _loose(cls: type[Model]) -> tuple[str, ...]:
    """Return the fields for which validation takes values of other types."""
    return tuple(n for n, field in cls.model_fields.items() if _mentions(field.annotation, _LOOSE))


@cache
def _typed(cls: type[Model]) -> tuple[str, ...]:
    """Return the fields that hold other than texts and open values in a list or map."""
    return tuple(n for n, field in cls.model_fields.items() if _holds_typed(field.annotation))


_TIME = (datetime,)
_LOOSE = (bool, int, float, datetime)


def _mentions(annotation: Any, kinds: tuple[type, ...]) -> bool:
    return annotation in kinds or any(_mentions(part, kinds) for part in get_args(annotation))


def _holds_typed(annotation: Any, *, inside: bool = False) -> bool:
    parts = get_args(annotation)
    if not parts:
        return inside and annotation not in (str, Any)
    inside = inside or get_origin(annotation) in {list, dict}
    return any(_holds_typed(part, inside=inside) for part in parts)


def _beyond_json(value: Any) -> Any:
    """Tell orjson what to write for what is ours."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Model):
        return _visible(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _dump_plain(model: Model) -> bytes:
    """Dump by way of a checked copy: slower, but it says what is wrong, or copes."""
    who = f"{kind_of(type(model))} {model.__dict__.get('id', '')}".rstrip()
    try:
        return orjson.dumps(_plain(model, "", 0))
    except ValueError as error:
        raise ModelError(f"{who}: {error}") from None
    except TypeError as error:
        raise ModelError(f"{who} cannot be written as JSON: {error}") from None


def _plain(value: Any, path: str, depth: int) -> Any:
    """Return the value in plain JSON types, or raise a ValueError that names the place."""
    if depth > _MAX_DEPTH:
        raise ValueError(f"{path[:60]}...: is nested too deeply, or contains itself")
    if isinstance(value, Model):
        value = _visible(value)
    if isinstance(value, Mapping):
        return dict(_plain_entries(value, path, depth + 1))
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(value)]
    return _plain_scalar(value, path)


def _plain_entries(value: Mapping[Any, Any], path: str, depth: int) -> Iterable[tuple[str, Any]]:
    for key, item in value.items():
        if not isinstance(key, str):
            raise ValueError(f"{path}: the key {key!r:.60} is not text")  # noqa: TRY004
        yield _plain_text(key, path), _plain(item, f"{path}.{key}".removeprefix("."), depth)


def _plain_scalar(value: Any, path: str) -> Any:
    if isinstance(value, Enum):
        return _plain_scalar(value.value, path)
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return float(value)
        raise ValueError(f"{path}: {value} is no JSON number")
    if isinstance(value, str):
        return _plain_text(value, path)
    if value is None or isinstance(value, int):
        return value
    raise ValueError(f"{path}: a {type(value).__name__} is no JSON value")


def _plain_text(value: str, path: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{path}: is not valid Unicode: it has half a surrogate pair") from None
    return str(value)

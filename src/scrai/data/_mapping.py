"""How entities lie in the store: collections, document ids, indexed columns.

Inside simulated content every id is local to its simulation. Only the document key is
qualified, `{simulation_id}~{local_id}`, with both parts as columns beside it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from scrai.errors import InvalidInputError
from scrai.models import SCHEMA_VERSION, Action, Actor, Event, format_time
from scrai.store import Column

ACTORS: Final = "actors"
EVENTS: Final = "events"
ACTIONS: Final = "actions"
SIMULATIONS: Final = "simulations"
MINDS: Final = "minds"
"""Where the metadata of a simulation say which models drive it."""
KINDS: Final = (ACTIONS, ACTORS, EVENTS)
"""The three collections of entities, in the order in which hashes fold them."""

MODELS: Final[Mapping[str, type[Actor] | type[Event] | type[Action]]] = {
    ACTORS: Actor,
    EVENTS: Event,
    ACTIONS: Action,
}

LIVE: Final = "live"
RETIRED: Final = "retired"

FIRST_SCHEMA: Final = 1
"""The version of documents without a `schema` column."""

SEPARATOR: Final = "~"
_FORBIDDEN = re.compile(r"[/~\x00]|^\.{1,2}$|^__.*__$|^$")
_MAX_ID_BYTES: Final = 700
_MAX_TERM: Final = 1000
"""Bytes of an index term; Firestore indexes no more than 1,500 of any value."""


def check_local_id(value: str, what: str = "id") -> str:
    """Return `value` if it may be a local id, else raise InvalidInputError."""
    if _FORBIDDEN.search(value) or not _encodable(value):
        raise InvalidInputError(
            f"{what} {value[:80]!r} cannot be used",
            hint="ids are 1-700 bytes, without '/', '~' or NUL, not '.', '..' or '__x__'",
        )
    return value


def _encodable(value: str) -> bool:
    try:
        return len(value.encode()) <= _MAX_ID_BYTES
    except UnicodeEncodeError:
        return False


def document_id(simulation_id: str | None, local_id: str) -> str:
    """Return the store's key of an entity."""
    return local_id if simulation_id is None else f"{simulation_id}{SEPARATOR}{local_id}"


def split_id(key: str) -> tuple[str | None, str]:
    """Return (simulation id or None, local id) of a key; the inverse of `document_id`."""
    owner, found, local = key.partition(SEPARATOR)
    return (owner, local) if found else (None, key)


def stamp(moment: datetime | None) -> str | None:
    """Return a time as the sortable string that columns and payloads hold."""
    return None if moment is None else format_time(moment)


def collection_of(entity: Actor | Event | Action) -> str:
    """Return the collection an entity belongs to."""
    for name, cls in MODELS.items():
        if isinstance(entity, cls):
            return name
    raise TypeError(f"not an entity: {type(entity).__name__}")


def location_term(field: str, value: Any) -> str:
    """Return the index term that finds actors by one field of their location.

    Equal values have equal terms; unequal ones may share a term, so a finder looks again.
    """
    return _short(f"location.{field}={_plain(value)}")


def affiliation_term(affiliation: str) -> str:
    """Return the index term that finds actors by affiliation."""
    return _short(f"affiliation={affiliation}")


def _short(term: str) -> str:
    """Return a term that fits an index: a long one is known by its digest."""
    if len(term) <= _MAX_TERM and term.isascii():
        return term
    data = term.encode("utf-8", "surrogatepass")
    return term if len(data) <= _MAX_TERM else f"#{sha256(data).hexdigest()}"


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return f"s:{value}"
    if isinstance(value, list | dict):
        canonical = orjson.dumps(_levelled(value), option=orjson.OPT_SORT_KEYS)
        return f"j:{sha256(canonical).hexdigest()}"
    if value is None or isinstance(value, bool):
        return f"b:{value}"
    return f"n:{_number(value)!r}"


def _levelled(value: Any) -> Any:
    """Return a JSON value in which equal numbers have equal bytes."""
    if isinstance(value, dict):
        return {str(key): _levelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_levelled(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    return value


def _number(value: float) -> float:
    try:
        return float(value) + 0.0  # -0.0 becomes 0.0
    except OverflowError:  # beyond what any store keeps
        return math.inf


def _location_terms(location: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in location.items():
        path = f"{prefix}{key}"
        yield location_term(path, value)
        if isinstance(value, dict):
            yield from _location_terms(value, f"{path}.")


def columns_of(
    entity: Actor | Event | Action, *, state: str = LIVE, step: int = 0
) -> dict[str, Column]:
    """Return the indexed columns of an entity.

    (`str` of an enum of texts is its value, at a third of the price of `.value`.)

    Args:
        entity: the entity as it will be stored.
        state: `live`, or `retired` (terminal, out of the working set).
        step: the step that writes it.
    """
    fields = entity.__dict__  # a third of the price of attributes, in models
    columns: dict[str, Column] = {
        "simulation_id": fields["simulation_id"],
        "local_id": fields["id"],
        "type": str(fields["type"]),
        "state": state,
        "step": step,
    }
    if SCHEMA_VERSION > FIRST_SCHEMA:
        columns["schema"] = SCHEMA_VERSION
    if isinstance(entity, Actor):
        return columns | _actor_columns(fields)
    moment = fields["scheduled_for"]
    columns["status"] = str(fields["status"])
    columns["awaiting"] = is_awaiting(entity)
    columns["created_at"] = format_time(fields["created_at"])
    columns["scheduled_for"] = None if moment is None else format_time(moment)
    if isinstance(entity, Event):
        columns["actors"] = tuple(fields["affected_actors"])
    else:
        columns["actor_id"] = fields["actor_id"]
        columns["priority"] = str(fields["priority"])
    return columns


def _actor_columns(fields: Mapping[str, Any]) -> dict[str, Column]:
    terms = set(_location_terms(fields["location"]))
    terms.update(map(affiliation_term, fields["affiliations"]))
    return {"name": fields["name"], "active": fields["active"], "terms": tuple(sorted(terms))}


def is_awaiting(entity: Event | Action) -> bool:
    """Return whether an entity waits for somebody's approval."""
    return entity.requires_approval and entity.approved_by is None and entity.status == "pending"

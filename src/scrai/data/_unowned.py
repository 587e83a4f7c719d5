"""Entities that belong to no simulation: outside the engine, written directly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from scrai import _wall
from scrai.data._commands import FIXED_FIELDS
from scrai.data._documents import entity_of, value_of
from scrai.data._mapping import MODELS, columns_of
from scrai.errors import (
    AlreadyExistsError,
    ConflictError,
    DocumentMissingError,
    IllegalTransitionError,
    InvalidInputError,
)
from scrai.models import (
    SCHEMA_VERSION,
    Actor,
    from_stored,
    reachable,
    stamp,
    to_stored,
)
from scrai.store import Document, DocumentStore, Write, change_document, create, delete, update

_TRIES: Final = 200


async def create_unowned(store: DocumentStore, kind: str, entity: Any) -> None:
    """Store a new entity; raises AlreadyExistsError if its id is taken."""
    new = entity.model_copy(deep=True)
    stamp(new, _wall.now())
    try:
        await store.commit([create(kind, new.id, value_of(new), columns_of(new))])
    except AlreadyExistsError as error:
        raise AlreadyExistsError("it exists already", winner=error.winner) from error


async def change_unowned(
    store: DocumentStore, kind: str, key: str, change: Callable[[Any], Any]
) -> Any:
    """Change an entity under compare-and-set; return it as it is now, None if there is none.

    Args:
        store, kind, key: the entity.
        change: makes the new entity of the present one; called again when somebody was faster.
    """
    made: list[Any] = []

    def write(document: Document) -> Write:
        old = entity_of(kind, document)
        new = _settled(kind, old, change(old.model_copy(deep=True)))
        made.append(new)
        return update(kind, key, value_of(new), columns_of(new))

    try:
        await change_document(store, kind, key, write)
    except DocumentMissingError:
        return None
    return made[-1]


def _settled(kind: str, old: Any, new: Any) -> Any:
    """Return a changed entity, validated whole, as of now."""
    new = from_stored(MODELS[kind], to_stored(new), SCHEMA_VERSION)
    fixed = sorted(name for name in FIXED_FIELDS if getattr(new, name) != getattr(old, name))
    if fixed:
        raise InvalidInputError(f"{', '.join(fixed)} cannot be changed")
    if isinstance(new, Actor):
        new.updated_at = _wall.now()
    elif not reachable(type(new), old.status, new.status):
        raise IllegalTransitionError(f"{old.status.value} cannot become {new.status.value}")
    return new


async def delete_unowned(store: DocumentStore, kind: str, key: str) -> bool:
    """Delete an entity; of several callers at once, one is told that it was there."""
    for _ in range(_TRIES):
        document = await store.get(kind, key)
        if document is None:
            return False
        try:
            await store.commit([delete(kind, key, expected=document.revision)])
        except ConflictError:
            continue  # it was changed, or somebody else deleted it
        return True
    raise ConflictError("others kept changing it")

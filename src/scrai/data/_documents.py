"""Between entities and their documents."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from scrai.data._mapping import FIRST_SCHEMA, MODELS, split_id
from scrai.errors import ModelError, StoreCorruptError, StoreSchemaError
from scrai.models import from_stored, to_stored
from scrai.store import Document

_log = logging.getLogger("scrai.data")


def entity_of(kind: str, document: Document) -> Any:
    """Return the entity in a document.

    Raises:
        StoreCorruptError, StoreSchemaError: it cannot be read; names the document.
    """
    value = document.value()
    version = document.columns.get("schema", FIRST_SCHEMA)
    try:
        entity = from_stored(MODELS[kind], value, version)  # type: ignore[arg-type]
    except StoreSchemaError:
        raise
    except ModelError as error:
        raise StoreCorruptError(f"{document.path}: {error}") from error
    # Set beneath validation: the key says it, and this runs for every entity of a listing.
    entity.__dict__["simulation_id"] = split_id(document.id)[0]
    return entity


def entities_of(kind: str, documents: Iterable[Document]) -> list[tuple[Document, Any]]:
    """Return the entities of a listing; one that cannot be read is logged, and the rest comes."""
    found = []
    for document in documents:
        try:
            found.append((document, entity_of(kind, document)))
        except (StoreCorruptError, StoreSchemaError) as error:
            _log.warning("left out of a listing: %s", error)
    return found


def value_of(entity: Any) -> dict[str, Any]:
    """Return what the document of an entity holds; its owner is in the key."""
    value = to_stored(entity)
    value.pop("simulation_id", None)
    return value

"""What Firestore must index, generated from the registry: the content of firestore.indexes.json."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from scrai.store._registry import (
    CollectionSpec,
    Shape,
    built_in_groups,
    shapes_of,
    spec_of_group,
)


def firestore_indexes(groups: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the composite indexes and field overrides of the declared shapes.

    Every field is exempt from indexing, the payload and chunks first of all, but for the
    declared columns, each of which keeps the one index it needs.

    Args:
        groups: the collection groups; None for ScrAI's own.
    """
    names = built_in_groups() if groups is None else tuple(sorted(groups))
    specs = [spec_of_group(name) for name in names]
    return {
        "indexes": [index for spec in specs for index in _composites(spec)],
        "fieldOverrides": [field for spec in specs for field in _overrides(spec)],
    }


def _composites(spec: CollectionSpec) -> list[dict[str, Any]]:
    found = [
        {
            "collectionGroup": spec.group,
            "queryScope": "COLLECTION",
            "fields": list(_fields(spec, each)),
        }
        for each in shapes_of(spec.group)
        if len(each.equal) + len(each.order) > 1
    ]
    return sorted(found, key=str)


def _fields(spec: CollectionSpec, shape: Shape) -> Iterator[dict[str, str]]:
    for column in sorted(shape.equal):
        if column in spec.lists:
            yield {"fieldPath": column, "arrayConfig": "CONTAINS"}
        else:
            yield {"fieldPath": column, "order": "ASCENDING"}
    for key in shape.order:
        yield {
            "fieldPath": key.column,
            "order": "DESCENDING" if key.descending else "ASCENDING",
        }


def _overrides(spec: CollectionSpec) -> Iterator[dict[str, Any]]:
    yield _override(spec, "*", [])
    for column in sorted(spec.columns):
        yield _override(spec, column, [{"order": way} for way in _ways(spec, column)])
    for column in sorted(spec.lists):
        yield _override(spec, column, [{"arrayConfig": "CONTAINS"}])


def _ways(spec: CollectionSpec, column: str) -> list[str]:
    """Ascending always, for equality; descending if some shape is nothing but that order."""
    alone = [each for each in shapes_of(spec.group) if not each.equal and len(each.order) == 1]
    down = any(each.order[0].column == column and each.order[0].descending for each in alone)
    return ["ASCENDING", "DESCENDING"] if down else ["ASCENDING"]


def _override(spec: CollectionSpec, column: str, indexes: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "collectionGroup": spec.group,
        "fieldPath": column,
        "indexes": [{**index, "queryScope": "COLLECTION"} for index in indexes],
    }

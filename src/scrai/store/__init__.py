"""Document stores behind one protocol, and the tools that work on any of them."""

from __future__ import annotations

from scrai.store._codec import canonical_hash, decode, encode, sort_key, stamp, trusted
from scrai.store._memory import MemorySpace, MemoryStore
from scrai.store._paging import cursor_of
from scrai.store._plan import MAX_DISJUNCTS, MAX_NOT_IN, Plan, check_count, check_query
from scrai.store._prepare import MAX_COMMIT, MAX_DOCUMENT, Prepared, prepare
from scrai.store._registry import CollectionSpec, Shape, declare, groups, shape, spec_of
from scrai.store._types import (
    All,
    AnyOf,
    Capabilities,
    Column,
    CommitResult,
    Condition,
    Document,
    DocumentStore,
    Order,
    Payload,
    Query,
    Scalar,
    Where,
    Write,
    WriteKind,
    create,
    delete,
    update,
    upsert,
)

__all__ = [
    "MAX_COMMIT",
    "MAX_DISJUNCTS",
    "MAX_DOCUMENT",
    "MAX_NOT_IN",
    "All",
    "AnyOf",
    "Capabilities",
    "CollectionSpec",
    "Column",
    "CommitResult",
    "Condition",
    "Document",
    "DocumentStore",
    "MemorySpace",
    "MemoryStore",
    "Order",
    "Payload",
    "Plan",
    "Prepared",
    "Query",
    "Scalar",
    "Shape",
    "Where",
    "Write",
    "WriteKind",
    "canonical_hash",
    "check_count",
    "check_query",
    "create",
    "cursor_of",
    "declare",
    "decode",
    "delete",
    "encode",
    "groups",
    "prepare",
    "shape",
    "sort_key",
    "spec_of",
    "stamp",
    "trusted",
    "update",
    "upsert",
]

"""Document stores behind one protocol, and the tools that work on any of them."""

from __future__ import annotations

from scrai.store._blobs import CHUNK, BlobRef, chunks_of, collect_orphans, get_blob, put_blob
from scrai.store._cascade import delete_matching, delete_tree
from scrai.store._codec import canonical_hash, checked, encode, sort_key, stamp, trusted
from scrai.store._firestore import FirestoreClient, FirestoreStore
from scrai.store._firestore_bounds import Bounds, StoreStats
from scrai.store._firestore_indexes import firestore_indexes
from scrai.store._memory import MemorySpace, MemoryStore
from scrai.store._paging import cursor_of, stream
from scrai.store._plan import MAX_DISJUNCTS, MAX_NOT_IN, Plan, check_count, check_query
from scrai.store._prepare import MAX_COMMIT, MAX_DOCUMENT, Prepared, measure, prepare
from scrai.store._registry import CollectionSpec, Shape, declare, groups, shape, spec_of
from scrai.store._sqlite import SqliteStore
from scrai.store._steps import change_document, commit_step
from scrai.store._transfer import export_documents, export_matching, import_documents
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
    decode,
    delete,
    update,
    upsert,
)

__all__ = [
    "CHUNK",
    "MAX_COMMIT",
    "MAX_DISJUNCTS",
    "MAX_DOCUMENT",
    "MAX_NOT_IN",
    "All",
    "AnyOf",
    "BlobRef",
    "Bounds",
    "Capabilities",
    "CollectionSpec",
    "Column",
    "CommitResult",
    "Condition",
    "Document",
    "DocumentStore",
    "FirestoreClient",
    "FirestoreStore",
    "MemorySpace",
    "MemoryStore",
    "Order",
    "Payload",
    "Plan",
    "Prepared",
    "Query",
    "Scalar",
    "Shape",
    "SqliteStore",
    "StoreStats",
    "Where",
    "Write",
    "WriteKind",
    "canonical_hash",
    "change_document",
    "check_count",
    "check_query",
    "checked",
    "chunks_of",
    "collect_orphans",
    "commit_step",
    "create",
    "cursor_of",
    "declare",
    "decode",
    "delete",
    "delete_matching",
    "delete_tree",
    "encode",
    "export_documents",
    "export_matching",
    "firestore_indexes",
    "get_blob",
    "groups",
    "import_documents",
    "measure",
    "prepare",
    "put_blob",
    "shape",
    "sort_key",
    "spec_of",
    "stamp",
    "stream",
    "trusted",
    "update",
    "upsert",
]

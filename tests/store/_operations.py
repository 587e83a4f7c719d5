"""Every operation of a store, for tests that hold for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from scrai.store._types import DocumentStore, Query, create

OPERATIONS: dict[str, Callable[[DocumentStore], Awaitable[Any]]] = {
    "get": lambda store: store.get("actors", "a"),
    "get_many": lambda store: store.get_many("actors", ["a", "b"]),
    "query": lambda store: store.query(Query("actors")),
    "count": lambda store: store.count(Query("actors")),
    "commit": lambda store: store.commit([create("actors", "new", {})]),
    "subcollections": lambda store: store.subcollections("simulations", "a"),
}

"""Cursors: a position in an order, not a place in a list, so they survive concurrent writes."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import orjson

from scrai.errors import InvalidDocumentError
from scrai.store._codec import scalar, sort_key
from scrai.store._ids import check_id
from scrai.store._types import Document, Order, Scalar


@dataclass(frozen=True, slots=True)
class Position:
    """The order keys and the id of the last document that was seen."""

    values: tuple[Scalar, ...]
    id: str

    def keys(self) -> tuple[bytes, ...]:
        """The values as sort keys."""
        return tuple(map(sort_key, self.values))


def write_cursor(document: Document, order: tuple[Order, ...]) -> str:
    """Return the cursor of a document in a whole order (`Plan.order`)."""
    values = [_value(document, key) for key in order]
    body = orjson.dumps([_signature(order), values, document.id])
    return base64.urlsafe_b64encode(body).decode()


def _value(document: Document, key: Order) -> Scalar:
    value = document.columns.get(key.column)
    if isinstance(value, list | tuple):
        raise InvalidDocumentError(f"{key.column} is a list and has no order")
    return value


def _signature(order: tuple[Order, ...]) -> str:
    return " ".join(("-" if key.descending else "") + key.column for key in order)


def read_cursor(text: str, order: tuple[Order, ...]) -> Position:
    """Return the position that a cursor of this order names.

    Raises:
        InvalidDocumentError: it is no cursor, or one of another order.
    """
    try:
        signature, values, name = orjson.loads(base64.b64decode(text, b"-_", validate=True))
        check_id(name)
        position = Position(tuple(scalar(value) for value in values), name)
    except (ValueError, TypeError, InvalidDocumentError) as error:
        raise InvalidDocumentError("not a cursor", hint="pass what cursor_of returned") from error
    if signature != _signature(order) or len(position.values) != len(order):
        raise InvalidDocumentError(f"the cursor belongs to the order {signature!r}")
    return position

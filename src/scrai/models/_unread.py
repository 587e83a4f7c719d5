"""A JSON object that nobody has looked into yet."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any

import orjson


class Unread(Mapping[str, Any]):
    """A JSON object kept as its bytes, and decoded anew by everybody who looks into it.

    A worker holds the configuration of a simulation for as long as it runs it. A long one that the
    scenario has turned into objects of its own is rarely looked at again, and as bytes it takes a
    tenth of the memory. Whoever changes what it gives changes a copy.

    Args:
        data: the object, as JSON.
    """

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read(self) -> dict[str, Any]:
        """Return the object as a dictionary of the caller's own."""
        value: dict[str, Any] = orjson.loads(self.data)
        return value

    def __getitem__(self, key: str) -> Any:
        return self.read()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def items(self) -> ItemsView[str, Any]:
        """Return the items; decoded once for all of them."""
        return self.read().items()

    def values(self) -> ValuesView[Any]:
        """Return the values; decoded once for all of them."""
        return self.read().values()

    def __repr__(self) -> str:
        return repr(self.read())

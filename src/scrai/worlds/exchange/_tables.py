"""From what the core records to the tables of a simulation, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from scrai.engine import Column, unpack_columns
from scrai.worlds.exchange._core import CATEGORIES

Columns = dict[str, npt.NDArray[Any]]


def to_table(columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, Column]:
    """Return columns as `context.record` takes them, with names for codes."""
    return {name: _column(name, values) for name, values in columns.items()}


def _column(name: str, values: npt.NDArray[Any]) -> Column:
    if name in CATEGORIES:
        names = CATEGORIES[name]
        return "s", [names[code] for code in values.tolist()]
    kind = "d" if values.dtype.kind == "f" else "q"
    return kind, np.ascontiguousarray(values, np.float64 if kind == "d" else np.int64)


def from_tables(tables: Iterable[bytes]) -> Columns:
    """Return packed tables of one name, one after the other, as arrays; texts as objects."""
    parts = [unpack_columns(data) for data in tables]
    if not parts:
        return {}
    return {name: _joined([part[name] for part in parts]) for name in parts[0]}


def _joined(parts: Sequence[Sequence[Any]]) -> npt.NDArray[Any]:
    if isinstance(parts[0], list):
        return np.array([value for part in parts for value in part], dtype=object)
    return np.concatenate([np.asarray(part) for part in parts])

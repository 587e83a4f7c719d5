"""Sorting in place, without memory of its own (heap sort)."""

from __future__ import annotations

from scrai.worlds.exchange._core._layout import Floats


def precedes(table: Floats, left: int, right: int, by_id: bool) -> bool:
    """Tell whether a column comes before another: by row 2 descending, or by rows 0 and 1."""
    if not by_id:
        higher: bool = table[2, left] > table[2, right]
        return higher
    if table[0, left] != table[0, right]:
        lower: bool = table[0, left] < table[0, right]
        return lower
    other: bool = table[1, left] < table[1, right]
    return other


def swap(table: Floats, left: int, right: int) -> None:
    """Exchange two columns of three rows."""
    for row in range(3):
        kept = table[row, left]
        table[row, left] = table[row, right]
        table[row, right] = kept


def sink(table: Floats, first: int, root: int, size: int, by_id: bool) -> None:
    """Let the column at `root` sink until no column below it comes later."""
    while True:
        child = 2 * root + 1
        if child >= size:
            return
        if child + 1 < size and precedes(table, first + child, first + child + 1, by_id):
            child += 1
        if not precedes(table, first + root, first + child, by_id):
            return
        swap(table, first + root, first + child)
        root = child


def sort_entries(table: Floats, first: int, end: int, by_id: bool) -> None:
    """Sort the columns from `first` up to `end`: by row 2 descending, or by rows 0 and 1."""
    size = end - first
    for root in range(size // 2 - 1, -1, -1):
        sink(table, first, root, size, by_id)
    for last in range(size - 1, 0, -1):
        swap(table, first, first + last)
        sink(table, first, 0, last, by_id)

# ruff: noqa: S608 - statements are made of names of our own; values are bound
"""Plans as SQL."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from scrai.store._codec import sort_key, type_range
from scrai.store._plan import ARRAY, EQUALITY, Plan
from scrai.store._sqlite_schema import Table
from scrai.store._sqlite_words import Words
from scrai.store._types import All, Condition, Scalar, Where

_NULL_KEY = sort_key(None)
_NEAR = 4


@dataclass(slots=True)
class Sql:
    """A statement in the making."""

    db: sqlite3.Connection
    words: Words
    table: Table
    values: list[Any] = field(default_factory=list)

    def key(self, column: str, value: Scalar) -> Any:
        """Return how a value is kept in a column; -1 for a word that was never written."""
        if column in self.table.words:
            word = self.words.word(self.db, value)
            return -1 if word is None else word
        return sort_key(value)

    def condition(self, part: Condition) -> str:
        """Return a condition as SQL, its values appended."""
        if isinstance(part, Where):
            return self._where(part)
        joint = " AND " if isinstance(part, All) else " OR "
        return f"({joint.join(map(self.condition, part.parts))})"

    def _where(self, part: Where) -> str:
        name = f"c_{part.column}"
        if part.op in ARRAY:
            return self._contains(part)
        if part.op == "==":
            self.values.append(self.key(part.column, part.value))
            return f"{name} = ?"
        if part.op == "in":
            self.values.extend(self.key(part.column, value) for value in part.value)
            return f"{name} IN ({_places(len(part.value))})"
        if part.op in {"!=", "not-in"}:
            return self._excluded(name, part)
        return self._range(name, part)

    def _contains(self, part: Where) -> str:
        values = part.value if part.op == "array-contains-any" else (part.value,)
        self.values.extend(map(sort_key, values))
        side = dict(self.table.lists)[part.column]
        return f"rowid IN (SELECT doc FROM {side} WHERE item IN ({_places(len(values))}))"

    def _excluded(self, name: str, part: Where) -> str:
        values = (part.value,) if part.op == "!=" else part.value
        keys = {self.key(part.column, value) for value in (*values, None)}
        self.values.extend(sorted(keys))
        return f"({name} IS NOT NULL AND {name} NOT IN ({_places(len(keys))}))"

    def _range(self, name: str, part: Where) -> str:
        key = sort_key(part.value)
        low, high = type_range(key)
        self.values.append(key)
        if part.op in {"<", "<="}:
            self.values.append(low)
            return f"({name} {part.op} ? AND {name} >= ?)"
        self.values.append(high)
        return f"({name} {part.op} ? AND {name} < ?)"

    def after(self, plan: Plan) -> str:
        """Return the condition that leaves out everything up to the cursor."""
        assert plan.after is not None  # noqa: S101 - the caller looked
        text = f"{_id(self, plan)} {'<' if plan.ids_descending else '>'} ?"
        tail: list[Any] = [plan.after.id]
        pairs = list(zip(plan.order, plan.after.keys(), strict=True))
        for order, key in reversed(pairs):
            name, sign = f"c_{order.column}", "<" if order.descending else ">"
            text = f"{name} {sign}= ? AND ({name} {sign} ? OR ({text}))"
            tail = [key, key, *tail]
        self.values.extend(tail)
        return f"({text})"


def _id(sql: Sql, plan: Plan) -> str:
    """The id as a sort key.

    Sqlite likes to walk the index of ids, which saves it a sort, and would look at the whole
    collection for a few documents. Where another index finds them, the plus keeps it from that.
    """
    return "+id" if any(_is_indexed(sql.table, part) for part in plan.where) else "id"


def _is_indexed(table: Table, part: Condition) -> bool:
    """Whether some index finds what fulfils a condition."""
    if isinstance(part, Where):
        return part.op in ARRAY or (part.op in EQUALITY and part.column in table.leading)
    found = (_is_indexed(table, each) for each in part.parts)
    return any(found) if isinstance(part, All) else all(found)


def _places(count: int) -> str:
    return ",".join("?" * count)


def select(sql: Sql, plan: Plan, parent: int, limit: int | None) -> str:
    """Return the statement that answers a plan with at most `limit` rows."""
    table = sql.table
    head = table.select_bare if plan.columns_only else table.select
    text = f"{head} WHERE {_conditions(sql, plan, parent)}"
    order = [f"c_{key.column}{' DESC' if key.descending else ''}" for key in plan.order]
    order.append(f"{_id(sql, plan)} DESC" if plan.ids_descending else _id(sql, plan))
    text += f" ORDER BY {', '.join(order)}"
    if limit is None:
        return text
    sql.values.append(limit)
    return f"{text} LIMIT ?"


def select_near(sql: Sql, plan: Plan, parent: int, limit: int) -> str:
    """Return a statement that looks for a page's rows only among those next to the cursor.

    Going on in the order of ids, sqlite would collect and sort all that matches for every page.
    What matches usually lies together (the ids of a simulation begin alike), so the next few
    rows are looked at first. The answer is right if the page is full; else ask `select`.
    """
    table, after = sql.table, plan.after
    assert after is not None  # noqa: S101 - the caller looked
    text = f"{table.select_bare if plan.columns_only else table.select} INDEXED BY {table.ids}"
    sql.values.append(parent)
    parts = ["parent = ?", *map(sql.condition, plan.where)]
    sql.values.extend([after.id, parent, after.id, _NEAR * limit, limit])
    next_ones = f"SELECT id FROM {table.name} WHERE parent = ? AND id > ? ORDER BY id LIMIT ?"
    parts += ["id > ?", f"id <= (SELECT max(id) FROM ({next_ones}))"]
    return f"{text} WHERE {' AND '.join(parts)} ORDER BY id LIMIT ?"


def count(sql: Sql, plan: Plan, parent: int) -> str:
    """Return the statement that counts what matches."""
    return f"SELECT count(*) FROM {sql.table.name} WHERE {_conditions(sql, plan, parent)}"


def _conditions(sql: Sql, plan: Plan, parent: int) -> str:
    sql.values.append(parent)
    parts = ["parent = ?", *map(sql.condition, plan.where)]
    parts += [f"c_{key.column} IS NOT NULL" for key in plan.order]
    if plan.after is not None:
        parts.append(sql.after(plan))
    return " AND ".join(parts)

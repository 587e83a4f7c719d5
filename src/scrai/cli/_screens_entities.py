"""Screens about actors, events and actions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from scrai.cli._errors import harmless
from scrai.cli._style import LONGEST, compact, moment, pairs, status, table, text

Json = Mapping[str, Any]


def show_entities(console: Console, kind: str, found: Sequence[Json]) -> None:
    """Print a table of entities of a kind."""
    if not found:
        console.print(f"no {kind}", style="dim")
        return
    _TABLES[kind](console, found)


def show_memories(console: Console, found: Json) -> None:
    """Print what an actor remembers."""
    if not found["memories"]:
        console.print(text(f"{found['actor']} remembers nothing"), style="dim")
        return
    rated = found["by"] is not None
    made = table("cycle", "importance", "memory", *(["score"] if rated else []))
    for item in found["memories"]:
        points = [f"{item['score']:.2f}"] if rated else []
        made.add_row(str(item["cycle"]), str(item["importance"]), text(item["text"]), *points)
    console.print(made)
    if rated:
        console.print(f"found by {found['by']}", style="dim")
    elif found["summary"]:
        console.print(text(f"and, faded: {found['summary']}"), style="dim")


def _actors(console: Console, found: Sequence[Json]) -> None:
    made = table("id", "name", "type", "active", "location", "attributes")
    for item in found:
        made.add_row(
            text(item["id"]),
            text(item["name"]),
            item["type"],
            "yes" if item["active"] else "no",
            text(_flat(item["location"])),
            text(_flat(item["attributes"])),
        )
    console.print(made)


def _events(console: Console, found: Sequence[Json]) -> None:
    made = table("id", "title", "type", "status", "approval", "at", "effects", right=("effects",))
    for item in found:
        made.add_row(
            text(item["id"]),
            text(item["title"]),
            item["type"],
            status(item["status"]),
            text(_approval(item)),
            moment(item["scheduled_for"] or item["created_at"]),
            str(len(item["effects"]) or ""),
        )
    console.print(made)


def _actions(console: Console, found: Sequence[Json]) -> None:
    made = table("id", "actor", "intent", "type", "priority", "status", "approval", "at")
    for item in found:
        made.add_row(
            text(item["id"]),
            text(item["actor_id"]),
            text(item["intent"] or item["description"]),
            item["type"],
            item["priority"],
            status(item["status"]),
            text(_approval(item)),
            moment(item["scheduled_for"] or item["created_at"]),
        )
    console.print(made)


_TABLES = {"actors": _actors, "events": _events, "actions": _actions}


def _approval(item: Json) -> str:
    """Return where an entity stands with approval, if it needs any."""
    if item["approved_by"]:
        return f"by {item['approved_by']}"
    return "waits" if item["requires_approval"] and item["status"] == "pending" else ""


def _flat(values: Json) -> str:
    return compact(", ".join(f"{name}={compact(value, 40)}" for name, value in values.items()), 80)


def show_one(console: Console, found: Json, *, full: bool = False) -> None:
    """Print all fields of an entity that hold something; long values cut unless `full`."""
    rows = list(_fields(found, full=full))
    told = [(name, _told(name, value, full=full)) for name, value in rows]
    console.print(pairs(told))
    cut = [name for name, value in rows if not full and len(_plain(value)) > LONGEST]
    if cut:
        console.print(text(f"cut: {', '.join(cut)}; --full shows all", style="dim"))


def _fields(found: Json, *, full: bool) -> Iterator[tuple[str, Any]]:
    """Yield (name, value), one for each item of a list of maps and each key of a map.

    If all is to be seen, what is long is taken apart further: memories are read line by line.
    """
    for name, value in found.items():
        maps = isinstance(value, list) and any(isinstance(item, dict) for item in value)
        if maps or isinstance(value, dict):
            for place, item in _parts(name, value):
                yield from _apart(place, item) if full else [(place, item)]
        else:
            yield from _apart(name, value) if full else [(name, value)]


def _apart(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parts of what is too long for a line, and of those that are."""
    if not isinstance(value, dict | list) or len(_plain(value)) <= LONGEST:
        yield name, value
        return
    for place, item in _parts(name, value):
        yield from _apart(place, item)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{name}.{key}", item) for key, item in value.items())
    else:
        yield from ((f"{name}[{index}]", item) for index, item in enumerate(value))


def _told(name: str, value: Any, *, full: bool) -> Any:
    if name == "status":
        return status(value)
    if value in (None, "", []):
        return value
    return Text("\n".join(map(harmless, _plain(value).splitlines()))) if full else compact(value)


def _plain(value: Any) -> str:
    return compact(value, sys.maxsize)

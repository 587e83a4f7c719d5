"""Screens about actors, events and actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from scrai.cli._style import compact, moment, pairs, status, table, text

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


def show_one(console: Console, kind: str, found: Json) -> None:
    """Print all fields of an entity that hold something."""
    rows: list[tuple[str, Any]] = []
    for name, value in found.items():
        if name == "status":
            rows.append((name, status(value)))
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            rows += [(f"{name}[{index}]", compact(item)) for index, item in enumerate(value)]
        elif isinstance(value, dict):
            rows += [(f"{name}.{key}", compact(item)) for key, item in value.items()]
        else:
            rows.append((name, value if value in (None, "", []) else compact(value)))
    console.print(pairs(rows))

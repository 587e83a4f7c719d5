"""Screens about scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from scrai._words import plural
from scrai.cli._style import compact, number, pairs, phase, short, table, text

Json = Mapping[str, Any]


def show_scenarios(console: Console, found: Sequence[Json]) -> None:
    """Print a table of scenarios."""
    made = table("scenario", "what it is", "takes")
    for item in found:
        takes = ", ".join(field["name"] for field in item["config"])
        made.add_row(text(item["key"], style="bold"), text(item["description"]), text(takes))
    console.print(made)


def show_scenario(console: Console, found: Json) -> None:
    """Print all about a scenario."""
    console.print(text(found["name"], style="bold"))
    console.print(text(found["description"]))
    ends = found["default_cycles"]
    console.print(
        pairs(
            [
                ("key", found["key"]),
                ("hooks", ", ".join(found["hooks"])),
                ("called at", ", ".join(map(phase, found["phases"]))),
                ("cycles", ends or "until told, or its own end"),
                ("time", f"from {found['epoch']}, {number(found['cycle_seconds'])} s a cycle"),
            ]
        )
    )
    if not found["config"]:
        return
    made = table("--set", "type", "default", "bounds", "meaning")
    for field in found["config"]:
        default = "required" if field["required"] else compact(field["default"])
        made.add_row(
            text(field["name"], style="bold"),
            text(field["type"]),
            text(default),
            text(field["bounds"]),
            text(field["description"]),
        )
    console.print(made)


def show_trial(console: Console, found: Json) -> None:
    """Print how a trial went."""
    if found["problems"]:
        console.print(text(f"{found['name']} does not work", style="bold red"))
        for problem in found["problems"]:
            console.print(text(problem, indent=2))
        return
    counts = found["counts"]
    words = ("actor", "event", "action")
    entities = ", ".join(plural(counts.get(f"{word}s", 0), word) for word in words)
    console.print(text(f"{found['name']} works", style="bold green"))
    console.print(
        text(
            f"{plural(found['cycles'], 'cycle')} in {plural(found['steps'], 'step')},"
            " replayed to the same"
            f" {short(found['hash'])}; {entities}, {counts.get('retired', 0)} finished",
            indent=2,
        )
    )
    if found["metrics"]:
        numbers = (f"{name} {number(value)}" for name, value in sorted(found["metrics"].items()))
        console.print(text(", ".join(numbers), style="cyan", indent=2))

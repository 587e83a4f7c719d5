"""Screens about differences: within a history, and between simulations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from scrai._words import plural
from scrai.cli._errors import one_line
from scrai.cli._screens_steps import show_panel
from scrai.cli._style import compact, number, phase, short, status, table, text

Json = Mapping[str, Any]


def show_diff(console: Console, found: Json) -> None:
    """Print what changed between two steps."""
    console.print(text(f"{found['simulation_id']}: step {found['from']} to step {found['to']}"))
    if not found["changes"]:
        console.print("nothing changed", style="dim")
        return
    made = table("what", "where", "value")
    for key, patch in found["changes"].items():
        for sign, where, value in _changes(patch):
            made.add_row(
                text(key), text(where), text(compact(value, 100), style=_SIGNS.get(sign, ""))
            )
    console.print(made)


_SIGNS = {"+": "green", "-": "red"}


def _changes(patch: Json) -> Iterator[tuple[str, str, Any]]:
    """Yield (sign, place, value) of a patch; see the journal's format."""
    if patch.get("gone"):
        yield "-", "", "gone"
        return
    if "new" in patch:
        yield "+", "", patch["new"]
        return
    for pointer, value in patch.get("set", {}).items():
        yield "", _place(pointer), value
    for pointer, items in patch.get("add", {}).items():
        yield "+", _place(pointer), items
    for pointer in patch.get("del", ()):
        yield "-", _place(pointer), "gone"


def _place(pointer: str) -> str:
    """Return a JSON pointer as a dotted path."""
    tokens = pointer.removeprefix("/").split("/")
    return ".".join(token.replace("~1", "/").replace("~0", "~") for token in tokens)


def show_comparison(console: Console, found: Json) -> None:
    """Print simulations side by side, and where they part."""
    shown = found["simulations"]
    made = table("", *(escape(one_line(item["simulation_id"])) for item in shown))
    for name in ("name", "scenario", "step"):
        made.add_row(name, *(text(item[name]) for item in shown))
    made.add_row("seed of the run", *(text(item["seed"]) for item in shown))
    made.add_row("status", *(status(item["status"]) for item in shown))
    made.add_row("cycles", *(str(item["phase_number"]) for item in shown))
    made.add_row("hash", *(_hash(item, shown[0]) for item in shown))
    for name in ("actors", "events", "actions", "retired"):
        counts = [item["counts"][name] for item in shown]
        if any(counts):
            made.add_row(name, *map(number, counts))
    for name in sorted({name for item in shown for name in item["metrics"]}):
        made.add_row(text(name), *(number(item["metrics"].get(name, "")) for item in shown))
    console.print(made)
    _show_settings(console, [item["simulation_id"] for item in shown], found["settings"])
    for part in found["divergences"]:
        console.print(text(_parting(part)))


def _show_settings(console: Console, ids: Sequence[str], rows: Sequence[Json]) -> None:
    from scrai.scenarios import panel_of

    if rows:
        show_panel(console, panel_of(ids, rows))
    else:
        console.print("nothing was set differently: neither seed, cycles nor configuration")


def _hash(item: Json, first: Json) -> Text:
    same = item["hash"] == first["hash"]
    return Text(short(item["hash"]), style="green" if same else "yellow")


def _parting(part: Json) -> str:
    """Say in a line where two simulations part."""
    both, shared = f"{part['a']} and {part['b']}", plural(part["common_steps"], "step")
    if part["first"] is None:
        if part["ahead"] is None:
            return f"{both} are the same to the end, for {shared}"
        return f"{both} are the same for {shared}; {part['ahead']} goes on"
    place = part["first"]["a"]
    where = phase(place["phase"]) or place["kind"]
    return f"{both} part after {shared}, at {where} of cycle {place['cycle']}"

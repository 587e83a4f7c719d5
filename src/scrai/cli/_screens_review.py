"""Screens of the approval inbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from scrai.cli._style import compact, moment, pairs, phase, status, table, text

Json = Mapping[str, Any]


def show_inbox(console: Console, found: Sequence[Json]) -> None:
    """Print what waits, one line each."""
    if not found:
        console.print("nothing waits for a decision", style="dim")
        return
    made = table("simulation", "what", "id", "type", "source", "title", "actors", "for", "until")
    for item in found:
        made.add_row(
            text(item["simulation_id"]),
            Text(item["collection"][:-1], style="yellow"),
            text(item["id"]),
            item["type"],
            ", ".join(item["sources"]),
            text(compact(item["title"], 60)),
            text(compact(", ".join(item["actors"]), 60)),
            text(", ".join(item["who"]) or "anybody"),
            _until(item),
        )
    console.print(made)


def _until(item: Json) -> str:
    if item["holds"]:
        return "holds the phase"
    if item["due_cycle"] is None:
        return "its time" if item["scheduled_for"] else "passed over"
    return f"cycle {item['due_cycle']}, then {item['then']}"


def show_item(console: Console, found: Json, position: str = "") -> None:
    """Print one item with what surrounds it and what it would change."""
    entity = found["entity"]
    title = Text.assemble(
        (f"{position}  " if position else "", "dim"),
        (found["collection"][:-1], "yellow"),
        " ",
        text(found["id"], "bold"),
        "  ",
        text(found["title"]),
    )
    console.print(title)
    rows: list[tuple[str, Any]] = [
        ("simulation", f"{found['simulation_id']}, cycle {found['cycle']}"),
        ("type", f"{found['type']}, made by {', '.join(found['sources'])}"),
        ("says", entity["description"]),
        ("where", compact(entity.get("location") or entity.get("target_location") or "")),
        ("planned for", moment(found["scheduled_for"])),
        ("chance", _chance(entity)),
        ("options", compact(entity.get("parsed_options") or "")),
        ("may decide", ", ".join(found["who"]) or "anybody"),
        ("until", _until(found)),
        ("gate", found["gate"] if found["gate"] != "approval" else None),
        ("before", compact(entity["modifications"] or "")),
    ]
    console.print(pairs(rows))
    _show_around(console, found)
    _show_changes(console, found)


def _chance(entity: Json) -> str | None:
    chance = entity.get("success_probability", 1.0)
    return f"{chance:.0%}" if chance < 1 else None


def _show_around(console: Console, found: Json) -> None:
    for actor in found["actors_now"]:
        state = {**actor["attributes"], **actor["location"]}
        line = Text.assemble("  actor ", text(actor["id"], "cyan"), " ")
        line.append_text(text(compact(", ".join(f"{k}={compact(v)}" for k, v in state.items()))))
        console.print(line)
    for other in found["around"]:
        line = Text.assemble(f"  {other['collection'][:-1]} ", text(other["id"], "dim"), " ")
        line.append_text(text(compact(other["title"], 80)))
        line.append(" ")
        line.append_text(status(other["status"]))
        console.print(line)


def _show_changes(console: Console, found: Json) -> None:
    for name, change in found["modified"].items():
        _show_change(console, f"field {name}", change)
    if found["problem"]:
        console.print(text(f"it would change nothing: {found['problem']}", "red", 2))
    for change in found["changes"]:
        _show_change(console, f"{change['target']} {change['path']}", change)


def _show_change(console: Console, where: str, change: Json) -> None:
    line = Text.assemble("  ", text(where, "bold"), ": ")
    line.append_text(text(compact(change["old"]), "red"))
    line.append(" -> ")
    line.append_text(text(compact(change["new"]), "green"))
    console.print(line)


def show_outcomes(console: Console, found: Sequence[Json]) -> None:
    """Print what became of decisions, one line each."""
    if not found:
        console.print("nothing waits for a decision", style="dim")
    for each in found:
        show_outcome(console, each)


def show_outcome(console: Console, found: Json) -> None:
    """Print what became of a decision."""
    line = Text.assemble(text(found["id"], "bold"), ": ")
    if found["error"]:
        line.append_text(text(found["error"]["message"], "red"))
        if found["error"]["hint"]:
            line.append(" ").append_text(text(f"({found['error']['hint']})"))
    else:
        line.append(f"{found['decision']} by ")
        line.append_text(text(found["by"]))
        line.append("" if found["applied"] else ", with the next step")
    console.print(line)


def show_log(console: Console, found: Sequence[Json]) -> None:
    """Print decisions, oldest first."""
    if not found:
        console.print("nothing was decided", style="dim")
        return
    made = table(
        "step", "cycle", "phase", "at", "who", "decision", "about", "what", right=("step",)
    )
    for line in found:
        style = "red" if line["refused"] else ""
        made.add_row(
            str(line["step"]),
            str(line["cycle"]),
            phase(line["phase"]),
            moment(line["at"]),
            text(line["by"] or ""),
            Text(line["decision"], style=style),
            text(line["id"] or "the simulation"),
            text(_what(line)),
        )
    console.print(made)


def _what(line: Json) -> str:
    if line["refused"]:
        return f"refused: {line['refused']}"
    changes = [
        f"{name}: {compact(each['old'], 60)} -> {compact(each['new'], 60)}"
        if "old" in each
        else f"{name}: {compact(each['new'], 120)}"
        for name, each in line["changes"].items()
    ]
    return "; ".join([*changes, *([line["reason"]] if line["reason"] else [])])

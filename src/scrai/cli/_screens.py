"""Screens about simulations as wholes, and about the program itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from scrai._words import plural
from scrai.cli._style import (
    COLOURS,
    compact,
    moment,
    number,
    pairs,
    phase,
    short,
    spark,
    status,
    table,
    text,
)

ORDER: Final = (
    "initialize",
    "event_generation",
    "action_collection",
    "action_resolution",
    "world_update",
    "snapshot",
)
MOST_WORLD: Final = 12
MOST_GATES: Final = 8
Json = Mapping[str, Any]


def show_simulations(console: Console, found: Sequence[Json]) -> None:
    """Print a table of simulations."""
    if not found:
        console.print("no simulations", style="dim")
        return
    made = table(
        "id", "name", "scenario", "status", "due", "cycles", "hash", "updated", right=("cycles",)
    )
    for item in found:
        made.add_row(
            text(item["simulation_id"]),
            text(item["name"]),
            text(_scenario(item["scenario"])),
            status("deleting" if item["deleting"] else item["status"]),
            phase(item["current_phase"]) if item["status"] != "completed" else "",
            cycles(item),
            short(item["hash"]),
            moment(item["updated_at"]),
        )
    console.print(made)


def _scenario(name: str | None) -> str:
    """Return a scenario's name; of a file, without its folders."""
    return (name or "none").replace("\\", "/").rpartition("/")[2]


def cycles(item: Json) -> str:
    """Return how many cycles are complete, of how many."""
    end = item.get("max_phases")
    return f"{item['phase_number']} of {end}" if end else str(item["phase_number"])


def show_simulation(console: Console, found: Json, measured: Sequence[Json]) -> None:
    """Print all about one simulation on one screen."""
    title = Text.assemble(text(found["simulation_id"], "bold"), "  ", text(found["name"]))
    parts: list[Any] = [_headline(found), _track(found), Text(), _facts(found)]
    console.print(
        Panel(
            Group(*parts),
            title=title,
            title_align="left",
            box=box.ROUNDED,
            border_style=COLOURS.get(found["status"], ""),
            expand=False,
            padding=(0, 1),
        )
    )
    _print_counts(console, found["counts"])
    _print_gates(console, found)
    _print_metrics(console, measured)
    _print_world(console, found["world_state"])
    _print_log(console, found["metadata"].get("phase_log", []))


def _headline(found: Json) -> Text:
    line = Text()
    line.append_text(status(found["status"]))
    if found["status"] == "completed":
        line.append(f" after {plural(found['phase_number'], 'cycle')}")
    else:
        line.append(f", cycle {found['phase_number'] + 1}, {phase(found['due_phase'])} is due")
    line.append(f", step {found['step']}")
    if found["deleting"]:
        line.append(", being deleted", style="bold red")
    return line


def _track(found: Json) -> Text:
    """Return the six phases with the due one marked."""
    line = Text()
    due = ORDER.index(found["due_phase"])
    ended = found["status"] == "completed"
    for index, name in enumerate(ORDER):
        style = "bold reverse" if index == due and not ended else "dim"
        line.append(f" {phase(name)} ", style=style)
        line.append(" " if index < len(ORDER) - 1 else "")
    return line


def _facts(found: Json) -> Any:
    lease, parent = found["lease"], found["parent"]
    return pairs(
        [
            ("scenario", found["scenario"]),
            ("cycles", cycles(found)),
            ("seed", str(found["seed"])),
            ("configuration", compact(found["configuration"]) if found["configuration"] else None),
            ("branched from", parent and f"{parent['simulation_id']} at step {parent['step']}"),
            ("hash", found["hash"]),
            ("run by", lease and f"process {lease['pid']} on {lease['host']}"),
            ("approval", _approval(found)),
            *_policies(found["metadata"].get("mediation", {})),
            ("minds", _minds(found["metadata"].get("minds"))),
            ("last error", found["last_error"] and text(found["last_error"], style="red")),
            ("updated", moment(found["updated_at"])),
        ]
    )


def _minds(found: Json | None) -> str | None:
    """Return which model drives a simulation, and what was set besides."""
    if not found:
        return None
    rest = {name: value for name, value in found.items() if name != "llm"}
    return f"{found.get('llm')} {compact(rest)}" if rest else str(found.get("llm"))


def _approval(found: Json) -> str | None:
    words = {
        "auto_approve_events": "events pass",
        "auto_approve_actions": "actions pass",
        "researcher_mode": "researcher mode",
    }
    return ", ".join(word for name, word in words.items() if found[name]) or None


def _policies(mediation: Json) -> list[tuple[str, str]]:
    """Return the policies of mediation, one line each, in the order in which they are asked."""
    passed = [kind for kind in ("events", "actions") if mediation.get(kind) == "pass"]
    lines = [f"waiting {kind} hold up nothing" for kind in passed]
    lines += [_rule(rule) for rule in mediation.get("rules", ())]
    return [(f"policy {number}", line) for number, line in enumerate(lines, 1)]


def _rule(rule: Json) -> str:
    """Return a rule of mediation in words."""
    words = [rule["kind"]]
    words += [rule[name] for name in ("type", "source") if rule.get(name, "*") != "*"]
    ways = {True: "wait for approval", False: "need no approval", None: "that need approval"}
    parts = [f"{' '.join(words)} {ways[rule.get('require')]}"]
    parts += ["approved by policy"] if rule.get("auto") else []
    parts += [f"of {' or '.join(rule['who'])}"] if rule.get("who") else []
    parts += [f"escalated: {' or '.join(rule['escalate_to'])}"] if rule.get("escalate_to") else []
    if rule.get("deadline_cycles"):
        parts.append(f"after {rule['deadline_cycles']} cycles: {rule['then']}")
    return ", ".join(parts)


def _print_counts(console: Console, counts: Json) -> None:
    line = Text(" ")
    for name, count in counts.items():
        line.append(f" {name.replace('_', ' ')} ", style="dim")
        line.append(f"{count:,} ", style="bold" if count else "dim")
    console.print(line)


def _print_gates(console: Console, found: Json) -> None:
    for gate in found["gates"][:MOST_GATES]:
        word = gate["collection"][:-1]
        line = Text.assemble("  waits for approval: ", (word, "yellow"), " ", text(gate["id"]))
        line.append_text(text(_approving(found, word, gate["id"]), style="dim", indent=3))
        console.print(line)
    _print_more(console, len(found["gates"]), f"scrai review {found['simulation_id']}")
    for command in found["waiting_commands"][:MOST_GATES]:
        about = f" {command['entity_id']}" if command["entity_id"] else ""
        console.print(text(f"in the inbox: {command['kind']}{about}", style="yellow", indent=2))


def _print_more(console: Console, count: int, command: str) -> None:
    if count > MOST_GATES:
        console.print(text(f"and {count - MOST_GATES} more: {command}", style="dim", indent=2))


def _approving(found: Json, word: str, key: str) -> str:
    return f"scrai {word} approve {found['simulation_id']} {key}"


def _print_metrics(console: Console, measured: Sequence[Json]) -> None:
    names = sorted({name for item in measured for name in item["metrics"]})
    if not names:
        return
    last = f"last {plural(len(measured), 'cycle')}"
    made = table("metric", "now", last, right=("now",))
    for name in names:
        values = [item["metrics"][name] for item in measured if name in item["metrics"]]
        made.add_row(text(name), number(values[-1]), Text(spark(values), style="cyan"))
    console.print(made)


def _print_world(console: Console, world: Json) -> None:
    if not world:
        return
    made = table("world", "")
    for name in sorted(world)[:MOST_WORLD]:
        made.add_row(text(name), text(compact(world[name], 100)))
    if len(world) > MOST_WORLD:
        made.add_row(f"and {len(world) - MOST_WORLD} more", "")
    console.print(made)


def _print_log(console: Console, log: Sequence[Json]) -> None:
    if not log:
        return
    made = table("step", "cycle", "phase", "notes", right=("step", "cycle"))
    for line in log:
        notes = text("; ".join(line["notes"]))
        made.add_row(str(line["step"]), str(line["cycle"]), phase(line["phase"]), notes)
    console.print(made)


def show_settings(console: Console, found: Sequence[Json]) -> None:
    """Print a table of settings."""
    made = table("setting", "value", "from", "what it is for")
    for item in found:
        style = "" if item["source"] == "default" else "bold"
        value = "" if item["value"] is None else item["value"]
        made.add_row(
            item["name"], text(value, style=style), text(item["source"]), text(item["meaning"])
        )
    console.print(made)


def show_checks(console: Console, checks: Sequence[Any]) -> None:
    """Print what the doctor found."""
    made = table("", "what", "found", "remedy")
    for check in checks:
        made.add_row(
            status(check.verdict), text(check.name), text(check.detail), text(check.hint or "")
        )
    console.print(made)

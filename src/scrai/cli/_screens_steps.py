"""Screens about steps: what a phase did, what a history holds, how a run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from scrai._words import plural
from scrai.cli._asides import aside
from scrai.cli._errors import one_line
from scrai.cli._style import moment, number, phase, short, status, table, text

Json = Mapping[str, Any]
MOST_NOTES = 6
LEAST_NOTES = 40
LEAST_WORD = 10
GUTTER = 3


def show_phase(console: Console, result: Any) -> None:
    """Print what one phase did."""
    if result.outcome.value == "commands_only":
        console.print(text(f"step {result.step}: {'; '.join(result.notes)}"))
        return
    if result.outcome.value == "awaiting_approval":
        show_waiting(console, result)
        return
    line = Text.assemble(
        f"step {result.step}  cycle {result.cycle}  ",
        (phase(result.executed_phase.value), "bold"),
        (f"  {short(result.hash)}", "dim"),
    )
    made = [
        plural(len(ids), f"new {word}")
        for word, ids in (
            ("event", result.generated_event_ids),
            ("action", result.generated_action_ids),
        )
        if ids
    ]
    line.append(f"  {', '.join(made)}" if made else "")
    console.print(line)
    for note in result.notes[:MOST_NOTES]:
        console.print(text(note, style="dim", indent=2))
    if len(result.notes) > MOST_NOTES:
        more = plural(len(result.notes) - MOST_NOTES, "more note")
        console.print(text(f"and {more}", style="dim", indent=2))


def show_phases(console: Console, results: Sequence[Any]) -> None:
    """Print what several phases did, except one that only waits."""
    for result in results:
        if result.outcome.value != "awaiting_approval":
            show_phase(console, result)


def show_waiting(console: Console, result: Any) -> None:
    """Print what a phase waits for."""
    console.print(
        Text.assemble((phase(result.executed_phase.value), "bold"), " waits for approval of")
    )
    for gate in result.awaiting:
        word = gate.kind[:-1]
        line = Text.assemble("  ", (word, "yellow"), " ", text(gate.entity_id))
        command = f"scrai {word} approve {result.simulation.id} {gate.entity_id}"
        line.append_text(text(command, style="dim", indent=3))
        console.print(line)
    console.print(text(f"scrai review {result.simulation.id} goes through them", "dim", 2))


def show_end(console: Console, found: Json, last: Any) -> None:
    """Print how a run ended."""
    if last is not None and last.outcome.value == "awaiting_approval":
        show_waiting(console, last)
    line = Text.assemble(text(found["simulation_id"], "bold"), " is ")
    line.append_text(status(found["status"]))
    line.append(f" after {plural(found['phase_number'], 'cycle')}")
    line.append(f"  {short(found['hash'])}", style="dim")
    if last is not None:
        line.append(f"  seed of the run {last.simulation.seed}", style="dim")
    console.print(line)
    if last is not None and found["status"] == "paused":
        _show_why_paused(console, last)
    closing = _closing(found) if found["status"] == "completed" else None
    if closing is not None:
        show_panel(console, closing)
    elif found["metrics"]:
        numbers = (f"{name} {number(value)}" for name, value in sorted(found["metrics"].items()))
        console.print(text(", ".join(numbers), style="cyan", indent=2))


def _show_why_paused(console: Console, last: Any) -> None:
    """Print the notes that say why a phase paused its simulation."""
    found = [note for note in last.notes if note.startswith(("paused: ", "budget: "))]
    for note in found:
        console.print(text(note, style="yellow", indent=2))
    if any(note.startswith("budget: ") for note in found):
        command = f"scrai run --resume {last.simulation.id} --credit-limit USD"
        console.print(text(f"{command} goes on with more", style="dim", indent=2))


def _closing(found: Json) -> Any:
    """Return the scenario's own summary of a run, None if it has none or is not here any more."""
    from scrai.errors import ScenarioError
    from scrai.scenarios import create_default_scenario_service

    try:
        scenario = create_default_scenario_service().select(found["scenario"] or "")
    except ScenarioError:
        return None
    return aside("closing", lambda: scenario.closing(found["metrics"]))


def show_panel(console: Console, panel: Any) -> None:
    """Print a scenario's table."""
    columns = [escape(one_line(name)) for name in panel.columns]
    made = table(*columns, right=columns[1:])
    made.title, made.title_justify = panel.title or None, "left"
    for row in panel.rows:
        made.add_row(*(text(cell) for cell in row))
    console.print(made)
    for note in panel.notes:
        console.print(text(note, indent=2))


def show_history(console: Console, lines: Sequence[Json]) -> None:
    """Print a table of steps, each on one line."""
    if not lines:
        console.print("no steps yet", style="dim")
        return
    cycles = [line["cycle"] for line in lines]
    begins = [cycle != before for cycle, before in zip(cycles, [None, *cycles], strict=False)]
    columns: dict[str, list[Text]] = {
        "step": [Text(str(line["step"])) for line in lines],
        "cycle": [
            Text(str(line["cycle"]) if begun else "", style="bold")
            for line, begun in zip(lines, begins, strict=True)
        ],
        "phase": [_what(line) for line in lines],
        "new": [Text(_made(line)) for line in lines],
        "hash": [Text(short(line["hash"]), style="dim") for line in lines],
        "ms": [Text(f"{line['duration_ms']:.1f}") for line in lines],
        "at": [Text(moment(line["started_at"])[11:], style="dim") for line in lines],
        "notes": [text("; ".join(line["notes"])) for line in lines],
    }
    _fit(columns, console.width)
    made = table(*columns, right=("step", "cycle", "ms"))
    for row in zip(*columns.values(), strict=True):
        made.add_row(*row)
    console.print(made)
    if lines[0]["step"] > 1:
        console.print(text("earlier steps: --all", style="dim", indent=2))


def _fit(columns: dict[str, list[Text]], width: int) -> None:
    """Cut the notes to the room that is left; a narrow screen goes without the least telling."""
    for dropped in ("at", "ms", "new", None):
        others = sum(
            max(len(name), *(cell.cell_len for cell in cells)) + GUTTER
            for name, cells in columns.items()
            if name != "notes"
        )
        if width - others >= LEAST_NOTES or dropped is None:
            break
        del columns[dropped]
    for cell in columns["notes"]:
        cell.truncate(max(width - others - GUTTER, LEAST_WORD), overflow="ellipsis")


def _what(line: Json) -> Text:
    """Return what a step was: a phase, or why else it was committed."""
    if line["kind"] == "phase":
        return Text(phase(line["phase"]))
    if line["failure"]:
        return Text(f"{phase(line['phase'])} failed", style="red")
    if line["kind"] == "restore":
        return Text(f"restore of step {line['target']['step']}", style="magenta")
    return Text(line["kind"], style="yellow")


def _made(line: Json) -> str:
    events, actions = len(line["generated_event_ids"]), len(line["generated_action_ids"])
    parts = [f"{events} ev" if events else "", f"{actions} ac" if actions else ""]
    return " ".join(part for part in parts if part)

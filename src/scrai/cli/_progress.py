"""Following a run: a bar on a terminal, a line per cycle where output is piped."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Any, Final

from scrai.cli._asides import CycleLines, Headline
from scrai.cli._session import Session

MOST_LINES: Final = 100


async def follow(
    session: Session,
    results: AsyncIterator[Any],
    *,
    begun: int,
    end: int | None,
    of: str = "",
    headline: Headline = dict,
) -> Any:
    """Go through the phases of a run, showing how far it is; return the last result, if any.

    Args:
        begun: the cycles that were complete before.
        end: the number of cycles at which it ends, None if that is not known.
        of: what runs, for the first line.
        headline: chooses among the metrics of a cycle.
    """
    if session.json or session.quiet:
        return await _silently(results)
    if sys.stdout.isatty():
        return await _with_bar(session, results, begun, end, of)
    return await _line_by_line(session, results, end, of, headline)


async def _silently(results: AsyncIterator[Any]) -> Any:
    last = None
    async for result in results:
        last = result
    return last


async def _line_by_line(
    session: Session, results: AsyncIterator[Any], end: int | None, of: str, headline: Headline
) -> Any:
    if of:
        session.say(f"running {of}")
    last, every, lines = None, max(1, (end or 0) // MOST_LINES), CycleLines(end, headline)
    async for result in results:
        last = result
        cycle = result.simulation.phase_number
        if closes(result) and (cycle % every == 0 or cycle == end):
            session.say(lines.line(result))
    return last


def closes(result: Any) -> bool:
    """Whether a result ended a cycle."""
    return bool(
        result.executed_phase.value == "snapshot"
        and result.outcome.value == "committed"
        and result.simulation.phase_number >= result.cycle
    )


async def _with_bar(
    session: Session, results: AsyncIterator[Any], begun: int, end: int | None, of: str
) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("[bold]{task.fields[name]}", markup=True),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
    )
    last = None
    with Progress(*columns, console=session.console, transient=True) as bar:
        task = bar.add_task("", total=end, completed=begun, name=of or "cycles")
        async for result in results:
            last = result
            done = result.simulation.phase_number
            phase = result.next_phase.value.replace("_", " ")
            bar.update(task, completed=done, description=phase)
    return last

"""`scrai simulation list|show|history|log`: looking at simulations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli._options import LimitOption, SimulationArgument
from scrai.cli._session import MOST_LISTED, Session, session_of, write
from scrai.errors import InvalidInputError

if TYPE_CHECKING:
    from scrai.runtime import Runtime


SHOWN_STEPS = 40
SPARKS = 40


def list_simulations(
    ctx: typer.Context,
    status: Annotated[
        str | None, typer.Option("--status", help="Only those with this status.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Only those of this scenario.")
    ] = None,
    limit: LimitOption = None,
) -> None:
    """List simulations, newest first."""
    from scrai.models import SimulationStatus

    session = session_of(ctx)
    wanted = one_of(SimulationStatus, status, "status") if status is not None else None

    async def work(runtime: Runtime) -> None:
        from scrai.cli._screens import show_simulations

        found = runtime.reading.listing(status=wanted, scenario=scenario, limit=limit)
        await session.emit_list(
            found,
            lambda items: show_simulations(session.console, items),
            most=None if limit is not None else MOST_LISTED,
        )

    session.run(work)


def one_of(words: Any, given: str, what: str) -> Any:
    """Return the word that was given; raises InvalidInputError naming near ones."""
    from difflib import get_close_matches

    known = [word.value for word in words]
    word = given.strip().lower().replace("-", "_")
    if word in known:
        return words(word)
    near = get_close_matches(word, known, n=1)
    raise InvalidInputError(
        f"{given[:60]!r} is no {what}",
        hint=f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}",
    )


def show(ctx: typer.Context, simulation: SimulationArgument) -> None:
    """Show where a simulation stands, what it holds and who runs it."""
    session = session_of(ctx)

    async def work(runtime: Runtime) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        found = await runtime.reading.show(simulation)
        if session.json or session.quiet:
            return found, []
        return found, await runtime.reading.measures(simulation, last=SPARKS)

    found, measured = session.run(work)

    def screen() -> None:
        from scrai.cli._screens import show_simulation

        show_simulation(session.console, found, measured)

    session.emit(found, screen)


def history(
    ctx: typer.Context,
    simulation: SimulationArgument,
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, help="Only so many of the newest.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All steps; else people see the last 40.")
    ] = False,
) -> None:
    """List the steps that led to the present state.

    With --json it is the whole line, unless --last says otherwise. Steps that a restore left
    behind are not on it.
    """
    session = session_of(ctx)
    count = last if last is not None or everything or session.json else SHOWN_STEPS

    async def work(runtime: Runtime) -> None:
        from scrai.cli._screens_steps import show_history

        found = runtime.reading.history(simulation, last=count)
        await session.emit_list(found, lambda items: show_history(session.console, items))

    session.run(work)


def log(
    ctx: typer.Context,
    simulation: SimulationArgument,
    last: Annotated[
        int | None, typer.Option("--last", "-n", min=1, help="Only of so many steps.")
    ] = None,
) -> None:
    """Print what happened, line by line.

    These are the notes of every step, and the errors of those that failed.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> None:
        lines = _lines(runtime.reading.history(simulation, last=last))
        if session.json:
            await session.emit_list(lines, _nothing)
            return
        async for line in lines:
            _say_line(session, line)

    session.run(work)


def _nothing(items: list[Any]) -> None:
    """Show nothing."""


async def _lines(history: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """Yield a line for every note and failure."""
    async for step in history:
        where = {name: step[name] for name in ("step", "cycle", "phase", "kind")}
        where["at"] = step["started_at"]
        where["level"] = "error" if step["failure"] else "info"
        # The notes of a failed try say the failure, too, where notes are kept.
        for text in step["notes"] or filter(None, [step["failure"]]):
            yield where | {"text": text}


def _say_line(session: Session, line: dict[str, Any]) -> None:
    from scrai.cli._errors import one_line

    if session.quiet:
        return
    phase = line["phase"] or line["kind"]
    write(f"{line['step']:>6}  {line['cycle']}:{phase:<17}  {one_line(line['text'])}")

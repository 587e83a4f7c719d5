"""`scrai simulation start|advance|cycle|run`: making a simulation move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli._options import SimulationArgument
from scrai.cli._session import session_of

if TYPE_CHECKING:
    from scrai.runtime import Runtime


def start(ctx: typer.Context, simulation: SimulationArgument) -> None:
    """Run the first phase of a new simulation."""
    session = session_of(ctx)

    async def work(runtime: Runtime) -> Any:
        return await runtime.simulations.start(simulation)

    _show_phase(session, session.run(work))


def advance(
    ctx: typer.Context,
    simulation: SimulationArgument,
    phase: Annotated[
        str | None, typer.Option("--phase", help="The phase that must be due; it is refused else.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run --phase even if another phase is due.")
    ] = False,
) -> None:
    """Run one phase.

    If something waits for approval the phase does not run, and the result says what waits.
    """
    from scrai.errors import UsageError
    from scrai.runtime import parse_phase

    if force and phase is None:
        raise UsageError("--force needs --phase", hint="such as --phase snapshot --force")
    session = session_of(ctx)
    wanted = parse_phase(phase) if phase is not None else None

    async def work(runtime: Runtime) -> Any:
        return await runtime.simulations.advance(simulation, phase=wanted, force=force)

    _show_phase(session, session.run(work))


def _show_phase(session: Any, result: Any) -> None:
    from scrai.runtime import phase_result

    def show() -> None:
        from scrai.cli._screens_steps import show_phase

        show_phase(session.console, result)

    session.emit(phase_result(result), show)


def cycle(ctx: typer.Context, simulation: SimulationArgument) -> None:
    """Run phases until the cycle is complete.

    The first cycle has six phases, each later one five. It stops early where something waits for
    approval, and says what.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> tuple[Any, dict[str, Any]]:
        from scrai.runtime import ended

        results = await runtime.simulations.cycle(simulation)
        found = await runtime.reading.summary(simulation)
        return results, ended(found, results[-1] if results else None)

    results, found = session.run(work)

    def show() -> None:
        from scrai.cli._screens_steps import show_end, show_phases

        show_phases(session.console, results)
        show_end(session.console, found, results[-1] if results else None)

    session.emit(found, show)


def run(
    ctx: typer.Context,
    simulation: SimulationArgument,
    cycles: Annotated[
        int | None,
        typer.Option("--cycles", "--max-turns", min=1, help="So many more. [default: to the end]"),
    ] = None,
) -> None:
    """Run cycles, to the end unless told how many.

    It ends early where something waits for approval. Interrupted with Ctrl-C or killed, it goes
    on after the last committed phase when it is called again.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> tuple[Any, dict[str, Any]]:
        from scrai.cli._progress import follow
        from scrai.runtime import ended

        head = await runtime.reading.head(simulation)
        end = head.max_phases if cycles is None else head.cycles + cycles
        scenario = runtime.scenarios.select(head.scenario) if head.scenario else None
        last = await follow(
            session,
            runtime.simulations.run(simulation, cycles=cycles),
            begun=head.cycles,
            end=end,
            headline=scenario.headline if scenario else dict,
        )
        return last, ended(await runtime.reading.summary(simulation), last)

    last, found = session.run(work)

    def show() -> None:
        from scrai.cli._screens_steps import show_end

        show_end(session.console, found, last)

    session.emit(found, show)

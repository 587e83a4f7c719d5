"""`scrai simulation diff|branch|restore|replay` and `scrai compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai._words import plural
from scrai.cli._complete import complete_simulations
from scrai.cli._create import CyclesOption
from scrai.cli._options import (
    AtOption,
    AtStepOption,
    IdOption,
    NameOption,
    SeedOption,
    SetOption,
    SimulationArgument,
)
from scrai.cli._run import one_place
from scrai.cli._session import session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime


def diff(
    ctx: typer.Context,
    simulation: SimulationArgument,
    before: Annotated[str, typer.Argument(metavar="FROM", help="A step, or CYCLE:PHASE.")],
    after: Annotated[
        str | None, typer.Argument(metavar="TO", help="Another. [default: now]")
    ] = None,
) -> None:
    """Show what changed between two places of a history."""
    from scrai.runtime import At, parse_at

    first, second = parse_at(before), parse_at(after) if after is not None else At()
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = await runtime.travel.diff(simulation, first, second)
        return found

    found = session.run(work)

    def show() -> None:
        from scrai.cli._screens_travel import show_diff

        show_diff(session.console, found)

    session.emit(found, show)


def branch(
    ctx: typer.Context,
    simulation: SimulationArgument,
    at: AtOption = None,
    at_step: AtStepOption = None,
    id_: IdOption = None,
    name: NameOption = None,
    seed: SeedOption = None,
    cycles: CyclesOption = None,
    assignments: SetOption = None,
) -> None:
    """Start another line from any step of a simulation.

    Without a place it starts from the present state. The parent is only read.
    """
    from scrai.runtime import At, parse_assignments, parse_at

    place = one_place(at, at_step)
    start = parse_at(place) if place is not None else At()
    configuration = parse_assignments(assignments or ())
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        child = await runtime.travel.branch(
            simulation,
            start,
            child_id=id_,
            name=name,
            seed=seed,
            cycles=cycles,
            configuration=configuration,
        )
        found: dict[str, Any] = await runtime.reading.summary(child)
        return found

    found = session.run(work)
    session.emit(
        found,
        lambda: session.say(
            f"{found['simulation_id']} branches from {simulation}: {found['name']}"
        ),
    )


def restore(
    ctx: typer.Context,
    simulation: SimulationArgument,
    at: AtOption = None,
    at_step: AtStepOption = None,
) -> None:
    """Go back to an earlier state; nothing is cut off.

    The restore is a step of its own. What was done since stays in the journal, and phases that
    are run again draw fresh numbers.
    """
    from scrai.runtime import parse_at

    place = one_place(at, at_step)
    if place is None:
        raise UsageError("say where to: --at CYCLE:PHASE or --at-step N")
    where = parse_at(place)
    session = session_of(ctx)

    async def work(runtime: Runtime) -> tuple[Any, dict[str, Any]]:
        result = await runtime.travel.restore(simulation, where)
        return result, await runtime.reading.summary(simulation)

    result, found = session.run(work)
    session.emit(
        found,
        lambda: session.say(
            f"{simulation} stands again as after {place}, with step {result.step};"
            f" {found['current_phase']} is due"
        ),
    )


def replay(ctx: typer.Context, simulation: SimulationArgument) -> None:
    """Run a simulation again in memory and compare every hash.

    What came from outside is fed back at the step where it came. A branch is run again from its
    fork. The first hash that differs is an error that names its step.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = {"simulation_id": simulation}
        async for step in runtime.travel.replay(simulation):
            first = found.setdefault("from_step", step.step)
            found |= {"steps": step.step - first, "hash": step.hash}
        return found | {"identical": True}

    found = session.run(work)
    session.emit(found, lambda: session.say(_said_again(found)))


def _said_again(found: dict[str, Any]) -> str:
    """Say how much was run again, and from where if that is a fork."""
    fork = f" from the fork at step {found['from_step']}" if found["from_step"] else ""
    return f"{plural(found['steps'], 'step')} again{fork}, every hash as recorded"


def compare(
    ctx: typer.Context,
    simulations: Annotated[
        list[str],
        typer.Argument(
            metavar="SIMULATION...", help="Two or more ids.", autocompletion=complete_simulations
        ),
    ],
) -> None:
    """Compare simulations, and say where they part.

    The first is compared with each other one, step by step along the lines that led to their
    present states.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        found: dict[str, Any] = await runtime.travel.compare(simulations)
        return found

    found = session.run(work)

    def show() -> None:
        from scrai.cli._screens_travel import show_comparison

        show_comparison(session.console, found)

    session.emit(found, show)

"""`scrai simulation pause|resume|stop|delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scrai.cli._complete import complete_simulations
from scrai.cli._options import ByOption, SimulationArgument
from scrai.cli._session import Session, session_of
from scrai.errors import UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime


def pause(ctx: typer.Context, simulation: SimulationArgument, by: ByOption = None) -> None:
    """Let a simulation rest where it stands.

    Its phase stays. A worker that runs it stops after the phase at work.
    """
    _steer(ctx, simulation, "pause", by)


def stop(ctx: typer.Context, simulation: SimulationArgument, by: ByOption = None) -> None:
    """End a simulation for good.

    It takes no further steps; branches can still start from any of its steps.
    """
    _steer(ctx, simulation, "stop", by)


def resume(
    ctx: typer.Context,
    simulation: SimulationArgument,
    retry: Annotated[
        bool, typer.Option("--retry", help="After an error: try the phase again.")
    ] = False,
    skip: Annotated[
        bool, typer.Option("--skip", help="After an error: leave the phase out.")
    ] = False,
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Go back to the end of the last complete cycle.")
    ] = False,
    by: ByOption = None,
) -> None:
    """Let a paused or failed simulation go on.

    It is ready then; `simulation run` or `advance` runs it. A failed one needs to be told how.
    """
    ways = {"retry": retry, "skip": skip, "roll_back": roll_back}
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) > 1:
        raise UsageError("choose one of --retry, --skip and --roll-back")
    if chosen == ["roll_back"]:
        _roll_back(ctx, simulation)
    else:
        _steer(ctx, simulation, chosen[0] if chosen else "resume", by)


def _steer(ctx: typer.Context, simulation: str, verb: str, by: str | None) -> None:
    session = session_of(ctx)

    async def work(runtime: Runtime) -> tuple[Any, dict[str, Any]]:
        receipt = await getattr(runtime.simulations, verb)(simulation, by=by)
        return receipt, await runtime.reading.summary(simulation)

    receipt, found = session.run(work)
    session.emit(found, lambda: _say(session, found, receipt))


def _roll_back(ctx: typer.Context, simulation: str) -> None:
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        result = await runtime.travel.roll_back(simulation)
        if result.simulation.status.value == "paused":
            await runtime.simulations.resume(simulation)
        found: dict[str, Any] = await runtime.reading.summary(simulation)
        return found

    found = session.run(work)
    session.emit(found, lambda: _say(session, found, None))


def _say(session: Session, found: dict[str, Any], receipt: Any) -> None:
    """Say where the simulation stands now, or who will bring it there."""
    place = "" if found["status"] == "completed" else f", {found['current_phase']} is due"
    if receipt is not None and not receipt.applied:
        who = receipt.holder or "another worker is at it"
        session.say(f"asked for: {found['simulation_id']} {found['status']}; {who}")
        return
    session.say(f"{found['simulation_id']} is {found['status']}{place}")


def delete(
    ctx: typer.Context,
    simulations: Annotated[
        list[str],
        typer.Argument(
            metavar="SIMULATION...", help="Their ids.", autocompletion=complete_simulations
        ),
    ],
    detach: Annotated[
        bool, typer.Option("--detach", help="Let branches stand on their own.")
    ] = False,
    with_branches: Annotated[
        bool, typer.Option("--with-branches", help="Delete branches, too.")
    ] = False,
) -> None:
    """Delete simulations with all that belongs to them.

    One that has branches is refused, unless an option says what is to become of those.
    """
    if detach and with_branches:
        raise UsageError("--detach and --with-branches exclude each other")
    session = session_of(ctx)

    async def work(runtime: Runtime) -> list[str]:
        deleted: list[str] = []
        for each in dict.fromkeys(simulations):
            if each not in deleted:
                deleted += await runtime.simulations.delete(
                    each, detach=detach, with_branches=with_branches
                )
        return deleted

    deleted = session.run(work)
    session.emit({"deleted": deleted}, lambda: session.say(f"deleted {', '.join(deleted)}"))

"""`scrai exchange plot|compare|determinism|walras`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from scrai.errors import UsageError
from scrai.scenarios import Desk, door_of, set_apart

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The simulation's id.")]
_KINDS: Final = {
    "prices": ("aggregates",),
    "welfare": ("aggregates", "agents"),
    "map": ("agents", "trades"),
    "edgeworth": ("agents", "trades"),
    "animation": ("agents", "trades"),
}


def plot(
    ctx: typer.Context,
    run: RunArgument,
    kind: Annotated[
        str, typer.Option("--kind", help="prices, welfare, map, edgeworth or animation.")
    ] = "prices",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="[default: RUN-KIND.png, or .gif]"),
    ] = None,
    agents: Annotated[
        str | None,
        typer.Option("--agents", metavar="I,J", help="Two ids, for edgeworth. [default: busiest]"),
    ] = None,
) -> None:
    """Draw a run: prices, welfare, map, Edgeworth box or animation.

    map, edgeworth and animation need a run with telemetry trades or full; with full the animation
    shows every tick, else the end of every cycle. Needs the extra `plots`.
    """
    from scrai.worlds.exchange._plots import MOVING, STILL, check_output
    from scrai.worlds.exchange._view import View, view_of

    if kind not in _KINDS:
        raise UsageError(f"--kind {kind[:60]!r} is none of {', '.join(_KINDS)}")
    pair = _pair(agents)
    suffixes = MOVING if kind == "animation" else STILL
    path = output or Path(f"{run}-{kind}{suffixes[0]}")
    check_output(path, suffixes)
    door = door_of(ctx)

    async def work(desk: Desk) -> View:
        return await view_of(desk, run, _KINDS[kind])

    _draw(door.run(work), kind, path, pair)
    door.emit({"run": run, "kind": kind, "file": str(path)}, lambda: door.say(f"{path} is drawn"))


def _draw(view: Any, kind: str, path: Path, pair: tuple[int, int] | None) -> None:
    from scrai.worlds.exchange import _plots

    if kind == "animation":
        _plots.film(view, path)
        return
    made = {
        "prices": lambda: _plots.prices(view),
        "welfare": lambda: _plots.welfare(view),
        "map": lambda: _plots.heat_map(view),
        "edgeworth": lambda: _plots.edgeworth(view, pair),
    }[kind]()
    _plots.save(made, path)


def _pair(text: str | None) -> tuple[int, int] | None:
    """Return the two ids in `I,J`."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(part.isdecimal() for part in parts) or parts[0] == parts[1]:  # noqa: PLR2004
        raise UsageError(f"--agents {text[:60]!r} is not two ids", hint="such as --agents 0,7")
    return int(parts[0]), int(parts[1])


def compare(
    ctx: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Two or more ids.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Draw them beside one another."),
    ] = None,
) -> None:
    """Compare runs: a table, what was set differently, and with --output a picture.

    `scrai compare` says besides where histories part.
    """
    from scrai.worlds.exchange._compared import labels_of, notes_of, table_of
    from scrai.worlds.exchange._plots import STILL, beside, check_output, save
    from scrai.worlds.exchange._view import view_of

    if len(set(runs)) < 2:  # noqa: PLR2004 - it takes two
        raise UsageError("compare needs at least two different runs")
    if output is not None:
        check_output(output, STILL)
    door = door_of(ctx)

    async def work(desk: Desk) -> tuple[list[Any], list[Any]]:
        states = [(await desk.engine.get(run)).model_dump(mode="json") for run in runs]
        views = [await view_of(desk, run, ("aggregates", "agents")) for run in runs]
        return views, set_apart(desk.engine.scenario_service, states)

    views, settings = door.run(work)
    notes = notes_of(views)
    if output is not None:
        save(beside(views, labels_of(views, settings), notes), output)
    found = {"runs": table_of(views), "settings": settings, "notes": notes}

    def show() -> None:
        from scrai.worlds.exchange._screens import show_compared

        show_compared(door.console, found)
        if output is not None:
            door.say(f"{output} is drawn")

    door.emit(found | {"file": None if output is None else str(output)}, show)


def determinism(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scenario of the exchange.")],
    ticks: Annotated[int, typer.Option("--ticks", min=1, help="How long to live.")] = 100,
    seed: Annotated[int, typer.Option("--seed", help="Of the runs.")] = 0,
) -> None:
    """Live a scenario twice, in different ways, and compare the hashes of both worlds.

    Once in one go and unobserved; once tick by tick, fully observed, packed and unpacked between
    ticks. Ends with 1 if the hashes differ.
    """
    from scrai.worlds.exchange._determinism import live_twice

    door = door_of(ctx)
    found = live_twice(file, ticks, seed)
    word = "identical" if found["identical"] else "DIFFERENT"
    door.emit(found, lambda: door.say(f"two runs of {ticks} ticks: {word} {found['hashes'][0]}"))
    if not found["identical"]:
        raise typer.Exit(1)


def walras(ctx: typer.Context, run: RunArgument) -> None:
    """Compare a run with the Walrasian equilibrium of what its agents had to trade.

    Endowments are what agents held at the start and foraged since. Needs telemetry trades or full.
    """
    from scrai.worlds.exchange._benchmark import benchmark
    from scrai.worlds.exchange._view import view_of

    door = door_of(ctx)

    async def work(desk: Desk) -> Any:
        return await view_of(desk, run, ("trades", "agents"))

    found = benchmark(door.run(work))

    def show() -> None:
        from scrai.worlds.exchange._screens import show_benchmark

        show_benchmark(door.console, found)

    door.emit(found, show)

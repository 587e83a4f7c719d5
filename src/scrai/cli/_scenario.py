"""`scrai scenario list|show|validate|new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from scrai.cli._options import ScenarioArgument, SetOption
from scrai.cli._output import results
from scrai.cli._session import session_of
from scrai.errors import InvalidInputError


def list_scenarios(ctx: typer.Context) -> None:
    """List the scenarios that are installed.

    A plug-in that is broken is named in a warning; the others are listed.
    """
    from scrai.runtime import describe_scenario
    from scrai.scenarios import create_default_scenario_service

    session = session_of(ctx)
    service = create_default_scenario_service()
    found = [describe_scenario(service, key) for key, _ in service.registry.items()]

    def screen() -> None:
        from scrai.cli._screens_scenarios import show_scenarios

        show_scenarios(session.console, found)

    session.emit(found, screen)


def show(ctx: typer.Context, scenario: ScenarioArgument) -> None:
    """Show a scenario and what it can be told."""
    from scrai.runtime import describe_scenario
    from scrai.scenarios import create_default_scenario_service

    session = session_of(ctx)
    found = describe_scenario(create_default_scenario_service(), scenario)

    def screen() -> None:
        from scrai.cli._screens_scenarios import show_scenario

        show_scenario(session.console, found)

    session.emit(found, screen)


def validate(
    ctx: typer.Context,
    scenario: ScenarioArgument,
    cycles: Annotated[
        int, typer.Option("--cycles", "--max-turns", min=1, max=1000, help="How long to try.")
    ] = 3,
    assignments: SetOption = None,
) -> None:
    """Try a scenario out in memory and say what is wrong.

    It is loaded, configured, run for some cycles, and run again from its record: hashes that
    differ then give away chance, time or ids that do not come from the context.
    """
    import asyncio

    from scrai.runtime import parse_assignments, try_scenario
    from scrai.scenarios import create_default_scenario_service

    session = session_of(ctx)
    configuration = parse_assignments(assignments or ())
    found = asyncio.run(
        try_scenario(
            create_default_scenario_service(), scenario, configuration=configuration, cycles=cycles
        )
    )

    def screen() -> None:
        from scrai.cli._screens_scenarios import show_trial

        show_trial(session.console, found)

    session.emit(found, screen)
    if found["problems"]:
        raise typer.Exit(1)


def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A word, such as river_town.")],
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="[default: NAME.py]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Write the file of a small scenario, to be changed."""
    from scrai.scenarios import scaffold

    text = scaffold(name)
    path = Path(out or f"{name.replace('-', '_')}.py")
    if out == "-":
        results().write(text)
        return
    _save(path, text, force=force)
    session = session_of(ctx)
    session.emit(
        {"name": name, "file": str(path)},
        lambda: session.say(f"{path} is written; try scrai run {path} --cycles 3"),
    )


def _save(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InvalidInputError(f"{path} exists already", hint="--force replaces it") from None
    except (OSError, ValueError) as problem:
        why: Any = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot write {path}: {why}") from None

"""`scrai doctor`, `scrai config show` and `scrai version`."""

from __future__ import annotations

from typing import Any

import typer

from scrai.cli._session import session_of, write


def version(ctx: typer.Context) -> None:
    """Print the version."""
    from scrai import __version__

    session = session_of(ctx)
    session.emit({"version": __version__}, lambda: write(f"scrai {__version__}"))


def config(ctx: typer.Context) -> None:
    """Show every setting and where its value comes from.

    Defaults give way to scrai.toml, that to .env, that to the environment, and that to flags.
    """
    session = session_of(ctx)
    found = session.settings.describe()

    def screen() -> None:
        from scrai.cli._screens import show_settings

        show_settings(session.console, found)

    session.emit(found, screen)


def doctor(ctx: typer.Context) -> None:
    """Look whether everything that is configured works.

    It changes nothing. It ends with 1 if something that is configured does not work.
    """
    import asyncio

    from scrai.runtime import examine, healthy

    session = session_of(ctx)
    settings = session.settings

    async def work() -> list[Any]:
        return [check async for check in examine(settings)]

    checks = asyncio.run(work())

    def screen() -> None:
        from scrai.cli._screens import show_checks

        show_checks(session.console, checks)

    session.emit([check.value() for check in checks], screen)
    if not healthy(checks):
        raise typer.Exit(1)

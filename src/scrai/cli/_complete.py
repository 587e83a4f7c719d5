"""Completion in the shell: ids of simulations, names of scenarios. It never says an error."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

PATIENCE = 2.0
MOST = 200


def complete_simulations(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of simulations that begin like this."""
    try:
        return [found for found in _ids(ctx) if found.startswith(incomplete)]
    except Exception:  # whatever is wrong, a key pressed at a prompt is no time to tell
        return []


def _ids(ctx: typer.Context) -> list[str]:
    from scrai.runtime import Runtime, Settings

    root: Any = ctx.find_root()
    names = ("backend", "db", "project_id", "credentials")
    settings = Settings.load({name: root.params.get(name) for name in names})
    if settings.backend == "memory" or (settings.backend == "sqlite" and not settings.db.exists()):
        return []

    async def read() -> list[str]:
        async with Runtime.open(settings) as runtime:
            return await runtime.reading.ids(MOST)

    return asyncio.run(asyncio.wait_for(read(), PATIENCE))


def complete_scenarios(incomplete: str) -> list[str]:
    """Return the names of scenarios, and the files of some here, that begin like this."""
    from pathlib import Path

    try:
        from scrai.scenarios import create_default_scenario_service

        names = create_default_scenario_service().registry.keys()
        suffixes = {".py", ".yaml", ".yml", ".json"}
        files = sorted(str(path) for path in Path().iterdir() if path.suffix in suffixes)
        return [found for found in (*names, *files) if found.startswith(incomplete)]
    except Exception:
        return []

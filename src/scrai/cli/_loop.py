"""The one event loop of the process, and how it ends before its time."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import typer

from scrai.runtime import Runtime, Settings

T = TypeVar("T")
TERMINATED = 143


def run(settings: Settings, work: Callable[[Runtime], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on an open runtime.

    Ctrl-C and SIGTERM cancel it where it stands: no phase is half done, and a lease is given back.

    Raises:
        KeyboardInterrupt: it was interrupted.
        typer.Exit: with 143, it was told to end.
    """
    ending: list[int] = []

    async def main() -> T:
        task = asyncio.current_task()

        def end() -> None:
            ending.append(signal.SIGTERM)
            if task is not None:
                task.cancel()

        # Not everywhere: on Windows, and off the main thread, the default has to do.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end)
        async with Runtime.open(settings) as runtime:
            return await work(runtime)

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if ending:
            raise typer.Exit(TERMINATED) from None
        raise

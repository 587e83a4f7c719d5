"""What all commands share: the settings, the one event loop, and where output goes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from scrai.cli._output import results
from scrai.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

    from scrai.runtime import Runtime, Settings

T = TypeVar("T")
WIDE = 160
MOST_LISTED = 200


@dataclass
class Session:
    """One call of the program.

    Attributes:
        flags: the settings that were given as global options.
        json: print JSON, for scripts.
        quiet: print nothing but what was asked for.
        verbose: print tracebacks of errors.
        resume_hint: the command that goes on after an interrupt.
    """

    flags: dict[str, Any] = field(default_factory=dict)
    json: bool = False
    quiet: bool = False
    verbose: bool = False
    resume_hint: str | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings that hold here; raises ConfigurationError."""
        from scrai.runtime import Settings

        return Settings.load(self.flags)

    @cached_property
    def console(self) -> Console:
        """Where people read. Without a terminal: no colour, and lines as long as they need."""
        from rich.console import Console

        width = None if results().isatty() else WIDE
        return Console(file=results(), width=width, highlight=False, soft_wrap=False)

    def run(self, work: Callable[[Runtime], Coroutine[Any, Any, T]], *, fresh: bool = False) -> T:
        """Open the runtime, do the work, close it: the one event loop of this process.

        Args:
            fresh: the work needs nothing that an earlier command left behind.

        Raises:
            ConfigurationError: it does, and the memory backend has forgotten it.
        """
        if self.settings.backend == "memory" and not fresh:
            raise ConfigurationError(
                "the memory backend keeps nothing from one command to the next",
                hint="use --backend sqlite, or scrai run, which does all in one process",
            )
        from scrai.cli._loop import run

        return run(self.settings, work)

    def emit(self, value: Any, show: Callable[[], None]) -> None:
        """Print a result: as one JSON value for scripts, or by `show` for people."""
        if self.json:
            write(dumped(value))
        elif not self.quiet:
            show()

    async def emit_list(
        self,
        items: AsyncIterator[Any],
        show: Callable[[list[Any]], None],
        *,
        most: int | None = None,
    ) -> None:
        """Print a list; as JSON item by item, so that long ones need no memory.

        Args:
            items: the list.
            show: prints it for people.
            most: how many people are shown unless they ask for more; None for all.
        """
        if not self.json:
            await self._show_list(items, show, most)
            return
        opened = False
        async for item in items:
            write(f"{',' if opened else '['}\n{dumped(item)}", end="")
            opened = True
        write("\n]" if opened else "[]")

    async def _show_list(
        self, items: AsyncIterator[Any], show: Callable[[list[Any]], None], most: int | None
    ) -> None:
        found: list[Any] = []
        more = False
        async for item in items:
            more = len(found) == most
            if more:
                break
            found.append(item)
        if not self.quiet:
            show(found)
        if more:
            self.say(f"and more: --limit N shows more than {most}")

    def say(self, text: str) -> None:
        """Print a line for people; none with --json or --quiet."""
        if not self.json and not self.quiet:
            write(printable(text))


def session_of(ctx: typer.Context) -> Session:
    """Return the session of a command's context."""
    found = ctx.find_root().obj
    return found if isinstance(found, Session) else Session()


def dumped(value: Any) -> str:
    """Return a value as JSON, in ASCII where the terminal can show no more."""
    utf8 = (results().encoding or "ascii").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not utf8, default=str)


def printable(text: str) -> str:
    """Return a line without what could steer a terminal; ids and names may hold anything."""
    from scrai.cli._errors import CONTROLS

    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def write(text: str, end: str = "\n") -> None:
    """Print to stdout."""
    print(text, end=end, file=results())

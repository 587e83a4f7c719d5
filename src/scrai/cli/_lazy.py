"""Commands that are imported when they are called, so that the program starts at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, ClassVar, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from scrai.errors import UsageError


@dataclass(frozen=True, slots=True)
class Leaf:
    """A command: the function that it is, as `module:function`, and its help in one line."""

    target: str
    help: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of commands, and its help in one line."""

    help: str
    entries: Mapping[str, Leaf]


Entries: TypeAlias = Mapping[str, Leaf | Branch]


class LazyGroup(TyperGroup):
    """A group whose commands are known by name and help, and imported when called."""

    entries: ClassVar[Entries] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.own: Entries = self.entries
        self._stubs = False

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names, in the order in which they are listed."""
        return list(self.own)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, imported now; or while help is written, its name and help alone."""
        entry = self.own.get(cmd_name)
        if entry is None or cmd_name in self.commands:
            return self.commands.get(cmd_name)
        if self._stubs:
            return TyperCommand(cmd_name, help=entry.help, rich_markup_mode=None)
        made = _group(cmd_name, entry) if isinstance(entry, Branch) else _command(cmd_name, entry)
        self.commands[cmd_name] = made
        return made

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing any."""
        self._stubs = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            self._stubs = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Complete names of commands without importing any."""
        self._stubs = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._stubs = False

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is called; an unknown one is told with what is near."""
        name = args[0]
        if name not in self.own and not name.startswith("-") and not ctx.resilient_parsing:
            near = get_close_matches(name, self.own, n=3)
            raise UsageError(
                f"{ctx.command_path} has no command {name[:60]!r}",
                hint=f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(self.own)}",
            )
        return super().resolve_command(ctx, args)


def _command(name: str, leaf: Leaf) -> Any:
    module, _, function = leaf.target.partition(":")
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    single.command(name)(getattr(import_module(f"scrai.cli.{module}"), function))
    return typer.main.get_command(single)


def _group(name: str, branch: Branch) -> LazyGroup:
    group = LazyGroup(name=name, help=branch.help, no_args_is_help=True, rich_markup_mode=None)
    group.own = branch.entries
    return group

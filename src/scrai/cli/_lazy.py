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
    """A command: the function that it is, as `module:function`, and its help in one line.

    A module without a dot is one of this package; those of worlds are named in full.
    """

    target: str
    help: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A group of commands, and its help in one line.

    Attributes:
        default: the command that is meant where none is named.
    """

    help: str
    entries: Mapping[str, Leaf]
    default: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """A group of the commands that a scenario adds, and its help in one line.

    The scenario is imported when one of them is called.
    """

    key: str
    help: str

    @property
    def entries(self) -> Mapping[str, Leaf]:
        """The commands of the scenario."""
        from scrai.scenarios import create_default_scenario_service

        registry = create_default_scenario_service().registry
        added = registry.get(self.key).commands if self.key in registry else {}
        return {name: Leaf(each.target, each.help) for name, each in added.items()}


Entry: TypeAlias = Leaf | Branch | World
Entries: TypeAlias = Mapping[str, Entry]


class LazyGroup(TyperGroup):
    """A group whose commands are known by name and help, and imported when called."""

    entries: ClassVar[Entries] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.own: Entries = self.entries
        self.default: str | None = None
        self._stubs = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options of the group; where no command is named, put in the one meant."""
        if self.default is not None and "--help" not in args[:1] and not {*args[:1]} & {*self.own}:
            args = [self.default, *args]
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

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
        made = _command(cmd_name, entry) if isinstance(entry, Leaf) else _group(cmd_name, entry)
        self.commands[cmd_name] = made
        return made

    def discovered(self, name: str) -> Entry | None:
        """Return an entry that is not listed, if there is one of that name."""
        return None

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
            found = self.discovered(name)
            if found is not None:
                self.own = {**self.own, name: found}
                return super().resolve_command(ctx, args)
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
    path = module if "." in module else f"scrai.cli.{module}"
    single.command(name)(getattr(import_module(path), function))
    return typer.main.get_command(single)


def _group(name: str, branch: Branch | World) -> LazyGroup:
    group = LazyGroup(name=name, help=branch.help, no_args_is_help=True, rich_markup_mode=None)
    group.own = branch.entries
    group.default = branch.default if isinstance(branch, Branch) else None
    return group

"""Commands that a world adds to the program, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from scrai.engine import PhaseEngine

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a world: `scrai WORLD NAME`.

    Attributes:
        target: `module:function`, imported when it is called. The function is what Typer takes;
            its first parameter is a `typer.Context`, and `door_of` gives what is behind that.
        help: one line.
    """

    target: str
    help: str


class Desk(Protocol):
    """What a command works with while the store is open."""

    @property
    def engine(self) -> PhaseEngine:
        """The engine, on the store that the user chose."""
        ...


class Door(Protocol):
    """What a command does with the outside."""

    @property
    def console(self) -> Any:
        """The `rich` console that people read."""
        ...

    def run(self, work: Callable[[Any], Coroutine[Any, Any, T]], *, fresh: bool = False) -> T:
        """Open the store, do the work with a `Desk`, close it; return what the work returned."""
        ...

    def emit(self, value: Any, show: Callable[[], None]) -> None:
        """Print a result: as JSON if that was asked for, else by `show`."""
        ...

    def say(self, text: str) -> None:
        """Print a line for people."""
        ...


def door_of(context: Any) -> Door:
    """Return the door of a command's `typer.Context`."""
    return cast("Door", context.find_root().obj)

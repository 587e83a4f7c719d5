"""The program: its global options, and the frame in which every command runs."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer

from scrai.cli._catalog import COMMANDS
from scrai.cli._errors import BROKEN_PIPE, INTERRUPTED, report, warn
from scrai.cli._lazy import LazyGroup, World
from scrai.cli._output import open_missing, results, results_only
from scrai.cli._session import Session, write


class Root(LazyGroup):
    """The program as a whole: turns every end of a command into output and an exit code."""

    entries = COMMANDS

    def discovered(self, name: str) -> World | None:
        """Return the commands of an installed world that adds some."""
        world = World(name, f"Commands of the world {name}.")
        return world if world.entries else None

    def main(
        self,
        args: Any = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line `args` and exit."""
        given = list(sys.argv[1:] if args is None else args)
        name = "scrai"  # also where it is called as a module, or by a test
        if not standalone_mode:
            return super().main(given, name, complete_var, False, windows_expand_args, **extra)
        _prepare_streams()
        try:
            with _modules_of_this_folder():
                code = super().main(given, name, complete_var, False, windows_expand_args, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            code = _pipe_broke()
        except KeyboardInterrupt:
            code = INTERRUPTED
        except typer.Abort:
            code = INTERRUPTED
        except Exception as error:
            code = report(error, as_json="--json" in given, verbose=_verbose(given))
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; broken pipes and interrupts end it quietly."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(_pipe_broke()) from None
        except KeyboardInterrupt:
            hint = ctx.obj.resume_hint if isinstance(ctx.obj, Session) else None
            warn(f"interrupted; what was committed stands{f': {hint}' if hint else ''}")
            raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _modules_of_this_folder() -> Iterator[None]:
    """Let `module:Class` name a module of the folder where we are.

    It comes last, so that no file there takes the place of an installed module.
    """
    sys.path.append("")
    try:
        yield
    finally:
        sys.path.remove("")


def _verbose(given: list[str]) -> bool:
    return "--verbose" in given or "-v" in given


def _prepare_streams() -> None:
    """Text that the terminal cannot show is shown as escapes, and warnings are one line."""
    open_missing()
    with suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def show(message: Warning | str, category: type[Warning], *_: Any) -> None:
        if category.__module__.startswith("scrai"):
            warn(str(message))

    warnings.showwarning = show  # type: ignore[assignment]


def _pipe_broke() -> int:
    """Whoever read our output has gone: say nothing more, not even when we are shut down."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), results().fileno())
    return BROKEN_PIPE


app = typer.Typer(
    cls=Root,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Run simulations that survive anything: six phases a cycle, each one a transaction.",
)


def _version(asked: bool) -> None:
    if asked:
        from scrai import __version__

        write(f"scrai {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    backend: Annotated[
        str | None,
        typer.Option(
            "--backend", metavar="NAME", help="Where data are kept: sqlite, firestore or memory."
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option("--db", metavar="PATH", help="The sqlite file. [default: ./scrai.db]"),
    ] = None,
    project_id: Annotated[
        str | None,
        typer.Option("--project-id", metavar="ID", help="The Google Cloud project of Firestore."),
    ] = None,
    credentials: Annotated[
        str | None,
        typer.Option("--credentials", metavar="FILE", help="Key file of a service account."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for scripts; errors, too, on stderr.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print tracebacks with errors.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Run simulations that survive anything: six phases a cycle, each one a transaction."""
    flags = {
        "backend": backend,
        "db": db,
        "project_id": project_id,
        "credentials": credentials,
    }
    ctx.obj = Session(flags, as_json, quiet, verbose)
    if as_json:
        ctx.with_resource(results_only())


def main() -> None:
    """Run the program."""
    typer.main.get_command(app).main(prog_name="scrai")

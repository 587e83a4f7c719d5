"""`scrai simulation export|import`: files for other programs and other databases."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EISDIR
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from scrai._words import plural
from scrai.cli._options import SimulationArgument
from scrai.cli._output import results
from scrai.cli._session import session_of
from scrai.errors import InvalidInputError, UsageError

if TYPE_CHECKING:
    from scrai.runtime import Runtime


def export(
    ctx: typer.Context,
    simulation: SimulationArgument,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            help="actors, events, actions, steps, metrics, costs, or one that its world recorded."
            " [default: all]",
        ),
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="jsonl, csv or parquet. [default: jsonl]")
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FILE", help="[default: stdout]")
    ] = None,
    cassette: Annotated[
        bool,
        typer.Option("--cassette", help="The recorded calls to models, for run --llm replay:FILE."),
    ] = False,
) -> None:
    """Write a table, the whole simulation, or its calls to models, to a file.

    Without --table it is the whole simulation, to be read by `simulation import` in any other
    database, of any backend. Parquet needs the extra `export`.
    """
    from scrai.runtime import FORMATS, write_table

    chosen = _word(form or "jsonl", FORMATS, "--format")
    if table is None and form is not None:
        raise UsageError("--format needs --table", hint="a whole simulation has its own format")
    if cassette and (table or form):
        raise UsageError("--cassette excludes --table and --format")
    session = session_of(ctx)

    async def work(runtime: Runtime) -> int:
        await runtime.reading.head(simulation)
        if cassette:
            with _opened(out) as file:
                return await _write_all(runtime.cassette(simulation), file)
        if table is None:
            with _opened(out) as file:
                return await _write_all(runtime.export_simulation(simulation), file)
        columns, rows = await runtime.tables.open(simulation, table)
        with _opened(out) as file:
            return await write_table(rows, columns, chosen, file)

    count = session.run(work)
    if out is not None:
        said = plural(count, "line" if table is None else "row")
        session.emit(
            {"simulation_id": simulation, "table": table, "file": out, "count": count},
            lambda: session.say(f"{said} in {out}"),
        )


def _word(given: str, known: tuple[str, ...], option: str) -> str:
    if given not in known:
        from difflib import get_close_matches

        near = get_close_matches(given, known, n=1)
        raise UsageError(
            f"{option} {given[:60]!r} is none of {', '.join(known)}",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    return given


async def _write_all(lines: Any, file: BinaryIO) -> int:
    count = 0
    async for line in lines:
        file.write(line)
        count += 1
    return count


@contextmanager
def _opened(out: str | None) -> Iterator[BinaryIO]:
    """Give the file to write to. One of a name appears when it is whole, or not at all."""
    if out is None or out == "-":
        results().flush()
        yield results().buffer
        results().buffer.flush()
        return
    try:
        with _created(Path(out)) as file:
            yield file
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot write {out}: {why}") from None


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    if path.is_dir():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    if path.exists() and not path.is_file():  # a pipe or a device is written to, not replaced
        with path.open("wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))  # a link stays one
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        with part.open("wb") as file:
            yield file
        part.replace(path)
    finally:
        with suppress(OSError, ValueError):
            part.unlink()


def import_(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="What `simulation export` wrote; - is stdin.")
    ],
) -> None:
    """Bring an exported simulation into this database.

    It keeps its id, which must be free here, its whole history and its hashes.
    """
    session = session_of(ctx)

    async def work(runtime: Runtime) -> dict[str, Any]:
        with _read(file) as lines:
            try:
                simulation = await runtime.import_simulation(lines)
            except InvalidInputError as error:
                where = "stdin" if file == "-" else file[:200]
                raise InvalidInputError(f"{where}: {error.message}", hint=error.hint) from error
        found: dict[str, Any] = await runtime.reading.summary(simulation)
        return found

    found = session.run(work)
    session.emit(found, lambda: session.say(f"imported {found['simulation_id']}"))


@contextmanager
def _read(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = Path(file).open("rb")  # noqa: SIM115 - closed below
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot read {file[:200]}: {why}") from None
    with opened:
        yield opened

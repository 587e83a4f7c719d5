"""Where generated scenarios go, and how they get there without a trace of half a one."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scrai.errors import InvalidInputError

_SUFFIXES: Final = (".yaml", ".yml")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True, slots=True)
class Made:
    """A generated scenario.

    Attributes:
        path: where it goes.
        seed: what it was drawn from.
        document: as plain values.
        text: as YAML.
    """

    path: Path
    seed: int
    document: dict[str, Any]
    text: str


def checked_name(name: str) -> str:
    """Return the name of a scenario, without a suffix; raises InvalidInputError."""
    bare = name.removesuffix(".yaml").removesuffix(".yml")
    if not _NAME.fullmatch(bare):
        raise InvalidInputError(
            f"the name {name[:60]!r} is not made of at most 100 letters, digits, _ - and .",
            hint="--output says where the file goes",
        )
    return bare


def place(name: str, output: str | None) -> Path:
    """Return the file of a scenario: `output` if that ends like one, else NAME.yaml in it."""
    if output is None:
        return Path(f"{name}.yaml")
    if output.endswith(_SUFFIXES):
        return Path(output)
    return Path(output) / f"{name}.yaml"


def place_of_many(name: str, seed: int, output: str | None) -> Path:
    """Return the file of one of several scenarios: its seed is part of its name."""
    path = place(name, output)
    return path.with_name(f"{path.stem}_{seed}{path.suffix}")


def refuse_existing(made: list[Made]) -> None:
    """Raise InvalidInputError if a file is there already."""
    there = [str(each.path) for each in made if os.path.lexists(each.path)]
    if there:
        more = f" and {len(there) - 1:,} more" if len(there) > 1 else ""
        verb = "exist" if more else "exists"
        raise InvalidInputError(f"{there[0]}{more} {verb} already", hint="--force replaces")


def write_all(made: list[Made], *, force: bool) -> None:
    """Write the files. Each appears whole or not at all, and replaces another only by force.

    Raises:
        InvalidInputError: one exists, or cannot be written.
    """
    if not force:
        refuse_existing(made)
    for each in made:
        _write(each, force=force)


def _write(made: Made, *, force: bool) -> None:
    part = made.path.with_name(f".{made.path.name}.{os.getpid()}.part")
    try:
        made.path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(made.text, encoding="utf-8", newline="\n")
        if force:
            part.replace(made.path)
        else:
            os.link(part, made.path)  # fails where a file has come to be meanwhile
    except FileExistsError:
        raise InvalidInputError(f"{made.path} exists already", hint="--force replaces") from None
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise InvalidInputError(f"cannot write {made.path}: {why}") from None
    finally:
        with suppress(OSError, ValueError):
            part.unlink()

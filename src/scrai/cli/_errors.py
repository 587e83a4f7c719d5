"""Errors as a person, or a script, wants them: one line and an exit code, never a traceback.

Where a file has several errors, the line is followed by one for each of them.
"""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from difflib import get_close_matches
from typing import Any, Final

import typer

from scrai.cli._output import results
from scrai.errors import ScraiError

# Typer's errors are those of click, which newer versions carry within themselves.
CLI_USAGE: Final[type[Exception]] = typer.BadParameter.__mro__[1]
CLI_ERROR: Final[type[Exception]] = typer.BadParameter.__mro__[2]

GLOBALS: Final = (
    "--backend",
    "--credentials",
    "--db",
    "--json",
    "--project-id",
    "--quiet",
    "--verbose",
)
_LONGEST: Final = 1000
CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141


def one_line(text: str) -> str:
    """Return a text on one line, of bearable length, without what could steer a terminal."""
    plain = harmless(" ".join(text.split()))
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def harmless(text: str) -> str:
    """Return a text with whatever could steer a terminal spelt out."""
    return CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def report(error: BaseException, *, as_json: bool, verbose: bool) -> int:
    """Print an error and return the exit code."""
    if type(error).__name__ == "NoArgsIsHelpError" and not as_json:
        print(error.format_message(), file=sys.stderr)  # type: ignore[attr-defined]  # noqa: T201
        return 2
    kind, message, hint, code = _read(error)
    with suppress(OSError, ValueError):
        results().flush()  # what came before the error is read before it
    if verbose:
        _print_trace(error)
    _print(
        kind,
        one_line(message),
        one_line(hint) if hint else None,
        [one_line(each) for each in getattr(error, "problems", ())],
        as_json=as_json,
    )
    return code


def _read(error: BaseException) -> tuple[str, str, str | None, int]:
    """Return type, message, hint and exit code."""
    if isinstance(error, ScraiError):
        return type(error).__name__, error.message, error.hint, error.exit_code
    if isinstance(error, CLI_ERROR):
        return _read_usage(error)
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return "OSError", f"{where}{error.strerror}", None, 1
    return (
        "InternalError",
        f"unexpected {type(error).__name__}: {error}",
        "please report this, with what --verbose prints",
        1,
    )


def _read_usage(error: Any) -> tuple[str, str, str | None, int]:
    name = type(error).__name__
    message = "missing command" if name == "NoArgsIsHelpError" else error.format_message()
    path = error.ctx.command_path if getattr(error, "ctx", None) else "scrai"
    hint: str | None = f"see {path} --help"
    option = getattr(error, "option_name", None)
    if name == "NoSuchOption" and option:
        message, hint = f"{path} has no option {option}", _near_option(error, str(option)) or hint
    text = str(message).strip().rstrip(".")
    return "UsageError", text[:1].lower() + text[1:], hint, 2


def _near_option(error: Any, option: str) -> str | None:
    if option in GLOBALS:
        return f"global options stand before the command: scrai {option} ..."
    params = error.ctx.command.get_params(error.ctx) if error.ctx else []
    known = [name[2:] for param in params for name in param.opts if name.startswith("--")]
    near = get_close_matches(option.lstrip("-"), known, n=2)
    if near:
        return f"did you mean {' or '.join(f'--{name}' for name in near)}?"
    near = get_close_matches(option, GLOBALS, n=1)
    return f"did you mean {near[0]}? It stands before the command" if near else None


def _print(
    kind: str, message: str, hint: str | None, problems: list[str], *, as_json: bool
) -> None:
    if as_json:
        found: dict[str, Any] = {"type": kind, "message": message, "hint": hint}
        found |= {"problems": problems} if problems else {}
        print(json.dumps({"error": found}), file=sys.stderr)  # noqa: T201
        return
    word = "error:"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        word = f"\x1b[1;31m{word}\x1b[0m"
    lines = [f"{word} {message}{f' ({hint})' if hint else ''}"]
    if len(problems) > 1:
        lines += [f"  {each}" for each in problems]
    print("\n".join(lines), file=sys.stderr)  # noqa: T201


def _print_trace(error: BaseException) -> None:
    import traceback

    traceback.print_exception(error, file=sys.stderr)


def warn(text: str) -> None:
    """Print a warning on one line of stderr."""
    print(f"warning: {one_line(text)}", file=sys.stderr)  # noqa: T201

"""`python -m scrai.worlds.exchange.generate NAME ...`: the same as `scrai generate NAME ...`."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import typer

from scrai.errors import ScraiError
from scrai.worlds.exchange._cli_generate import generate


def main() -> None:
    """Run the generator on the command line's arguments; errors are lines, never a traceback."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(generate)
    warnings.showwarning = _show  # type: ignore[assignment]
    try:
        app(prog_name="python -m scrai.worlds.exchange.generate")
    except ScraiError as error:
        hint = f" ({error.hint})" if error.hint else ""
        lines = [f"error: {error.message}{hint}"]
        problems = getattr(error, "problems", ())
        lines += [f"  {each}" for each in problems] if len(problems) > 1 else []
        sys.stderr.write("\n".join(lines) + "\n")
        sys.exit(error.exit_code)


def _show(message: Warning | str, *_: Any) -> None:
    sys.stderr.write(f"warning: {message}\n")


if __name__ == "__main__":
    main()

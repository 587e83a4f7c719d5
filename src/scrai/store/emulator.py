"""The Firestore emulator for tests and for trying things out.

`python -m scrai.store.emulator` runs one until Ctrl-C;
`python -m scrai.store.emulator -- COMMAND ...` runs a command against one and ends with it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from scrai.errors import ScraiError
from scrai.store._emulator import (
    INSTALL_HINT,
    JAR_VARIABLE,
    Emulator,
    find_jar,
    find_java,
    free_port,
    why_unavailable,
)

__all__ = [
    "INSTALL_HINT",
    "JAR_VARIABLE",
    "Emulator",
    "find_jar",
    "find_java",
    "free_port",
    "main",
    "why_unavailable",
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator from a command line; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with Emulator(port=options.port, rules=options.rules) as emulator:
            return _use(emulator, options.command)
    except ScraiError as error:
        sys.stderr.write(f"emulator: {error}\n")
        sys.stderr.write(f"  {error.hint}\n" if error.hint else "")
        return error.exit_code
    except KeyboardInterrupt:
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scrai.store.emulator", description="Run Google's Firestore emulator."
    )
    parser.add_argument("--port", type=int, help="port to listen on (default: a free one)")
    parser.add_argument("--rules", type=Path, help="firestore.rules to enforce")
    parser.add_argument("command", nargs="*", help="run this against it, then stop")
    return parser


def _use(emulator: Emulator, command: list[str]) -> int:
    """Wait for Ctrl-C, or run a command that finds the emulator in its environment."""
    if not command:
        sys.stdout.write(f"export FIRESTORE_EMULATOR_HOST={emulator.host}\n")
        sys.stdout.flush()
        threading.Event().wait()
    environment = {**os.environ, "FIRESTORE_EMULATOR_HOST": emulator.host}
    return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())

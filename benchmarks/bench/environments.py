"""Throw-away environments of peers. Nothing of theirs is ever a dependency of ours."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .pipe import BrokenCaseError

LANGGRAPH = (("langgraph", "langgraph-checkpoint-sqlite"),)
# Its clients of model services weigh a gigabyte and are not used here: only what its core imports.
CONCORDIA = (
    ("--no-deps", "gdm-concordia"),
    (
        "absl-py",
        "ipython",
        "jinja2",
        "numpy",
        "pandas",
        "python-dateutil",
        "reactivex",
        "termcolor",
        "typing-extensions",
    ),
)
MESA = (("mesa", "networkx"),)
INSPECT = (("inspect-ai",),)


def python_of(folder: Path, name: str, installs: tuple[tuple[str, ...], ...]) -> Path:
    """Return the interpreter of a peer's environment, made unless it is there.

    Raises:
        BrokenCaseError: uv or the network is missing; says which command failed.
    """
    uv = shutil.which("uv")
    if uv is None:
        raise BrokenCaseError(f"{name}: uv is not on PATH")
    home = folder / name
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = home / "complete"
    if done.exists():
        return python
    _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)])
    install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    for packages in installs:
        _run([*install, *packages])
    done.touch()
    return python


def versions(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    """Return the installed versions of some packages."""
    code = "import sys; from importlib.metadata import version as v; print(*map(v, sys.argv[1:]))"
    done = subprocess.run(
        [str(python), "-c", code, *names], check=True, capture_output=True, text=True
    )
    return dict(zip(names, done.stdout.split(), strict=True))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.split())[-300:]
        raise BrokenCaseError(f"{' '.join(command[1:4])}: {said}")

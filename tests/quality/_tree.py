"""What is in the repository, for the tests of its habits."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src"


def tracked() -> list[Path]:
    """Return every file that git tracks and that is still there."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], check=True, capture_output=True, text=True
    )
    paths = (ROOT / name for name in done.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def modules() -> list[Path]:
    """Return every module of the package."""
    return sorted(SOURCE.rglob("*.py"))


def packages() -> list[str]:
    """Return the dotted name of every package that is public all the way."""
    folders = sorted(path.parent.relative_to(SOURCE) for path in SOURCE.rglob("__init__.py"))
    return [
        ".".join(folder.parts)
        for folder in folders
        if not any(part.startswith("_") for part in folder.parts)
    ]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield `file:line name` and length in lines, docstring included, of each function."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines


def length(path: Path) -> int:
    """Return the number of lines of a file."""
    return len(path.read_bytes().splitlines())

"""Reads the fenced blocks of a page and runs them, in order, in one folder and one namespace.

    ```python                   is executed; `await` works at top level
    ```python title="wells.py"  (or any language) is saved under that name instead
    ```console                  lines that start with `$ ` are run; lines below one, if any, must
                                match what it prints, `...` standing for anything
    ```bash                     every line is run

An HTML comment on the line above a fence changes what is expected of it:

    <!-- snippet: skip REASON -->      it is not run
    <!-- snippet: exit=2 -->           its commands end with that code
    <!-- snippet: output=any -->       the output shown is an example, not compared
    <!-- snippet: output -->           (```text) it is what the last python block printed
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import os
import re
import subprocess
import textwrap
import types
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,})(?P<info>[^`]*)$")
DIRECTIVE = re.compile(r"^ *<!-- snippet: (?P<words>.+?) -->$")
TITLE = re.compile(r'title="(?P<name>[^"]+)"')
RUN = {"python", "console", "bash"}
SHOWN = {"text", "json", "toml", "yaml", "csv"}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
SECONDS = 120

# What is taken off the front of a command: the rest is run with the package installed here.
TAKEN_OFF = re.compile(r"^(pip install uv && )?(uv run )(?=scrai |python )")

# Commands that cannot be run here, and why. Anything else that a page shows is run.
CANNOT_RUN = {
    r"git clone ": "fetches the repository that these tests are part of",
    r"cd ": "enters a checkout that was cloned, or a folder of the reader's",
    r"(uv )?(pip|tool) install ": "fetches packages",
    r"bash scripts/test": "would run these tests within themselves",
    r"scripts/[a-z-]+": "belongs to a checkout; each script has a test of its own",
    r"(gcloud|docker|terraform) ": "speaks to a service outside",
    r"export [A-Z_]+=": "sets the reader's shell; pages say `VARIABLE=value scrai ...` to be run",
}


class SnippetError(AssertionError):
    """A snippet does not do what its page says."""


@dataclass
class Block:
    """One fenced block of a page."""

    page: str
    line: int
    language: str
    title: str | None
    code: str
    words: list[str] = field(default_factory=list)

    @property
    def skipped(self) -> bool:
        """Say whether the page itself asks for this block to be left out."""
        return bool(self.words) and self.words[0] == "skip"

    def option(self, name: str) -> str | None:
        """Return the value of `name=value` in the comment above the block."""
        return dict(word.split("=", 1) for word in self.words if "=" in word).get(name)

    def fail(self, why: str) -> SnippetError:
        """Return the error for this block."""
        return SnippetError(f"{self.page}:{self.line}: {why}")


def blocks(page: str, text: str) -> list[Block]:
    """Return all fenced blocks of a page, in order."""
    found: list[Block] = []
    lines = text.splitlines()
    number = 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if not opening:
            number += 1
            continue
        closing = opening["indent"] + opening["ticks"]
        end = next((n for n in range(number + 1, len(lines)) if lines[n] == closing), None)
        if end is None:
            raise SnippetError(f"{page}:{number + 1}: a fence is not closed")
        found.append(_block(page, lines, number, end))
        number = end + 1
    return found


def _block(page: str, lines: list[str], start: int, end: int) -> Block:
    info = lines[start].strip().lstrip("`").strip()
    title = TITLE.search(info)
    comment = DIRECTIVE.match(lines[start - 1]) if start else None
    block = Block(
        page=page,
        line=start + 1,
        language=info.split(" ", 1)[0],
        title=title["name"] if title else None,
        code=textwrap.dedent("\n".join(lines[start + 1 : end])) + "\n",
        words=comment["words"].split() if comment else [],
    )
    if block.language not in RUN | SHOWN:
        raise block.fail(f"unknown language {block.language!r}")
    if block.words == ["skip"]:
        raise block.fail("skip needs a reason")
    return block


def commands(block: Block) -> list[tuple[str, str]]:
    """Return each command of a shell block with the output shown below it."""
    found: list[list[str]] = []
    continues = False
    for line in block.code.splitlines():
        prompted = line.startswith("$ ")
        if continues:
            found[-1][0] += "\n" + line.removeprefix("> ")
        elif prompted or (block.language == "bash" and line and not line.startswith("#")):
            found.append([line.removeprefix("$ "), ""])
        elif found and block.language == "console":
            found[-1][1] += line + "\n"
        elif line and not line.startswith("#"):
            raise block.fail(f"output before any command: {line!r}")
        continues = bool(found) and not found[-1][1] and line.endswith("\\")
    return [(command, output) for command, output in found]


def cannot_run(command: str) -> str | None:
    """Return why a command is left out, None if it is to be run."""
    bare = TAKEN_OFF.sub("", command)
    return next((why for start, why in CANNOT_RUN.items() if re.match(start, bare)), None)


class Page:
    """Runs the blocks of one page."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.module = types.ModuleType("__main__")
        self.printed = ""
        self.ran = 0

    def run(self, found: list[Block]) -> None:
        """Run all blocks in order; raise SnippetError at the first that fails."""
        with asyncio.Runner() as runner:
            for block in found:
                if not block.skipped:
                    self._run(block, runner)

    def _run(self, block: Block, runner: asyncio.Runner) -> None:
        if block.title:
            place = self.folder / block.title
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(block.code, "utf-8")
        elif block.language == "python":
            self._python(block, runner)
        elif block.language in RUN:
            for command, output in commands(block):
                self._shell(block, TAKEN_OFF.sub("", command), output)
        elif "output" in block.words:
            _compare(block, "the block above", block.code, self.printed)

    def _python(self, block: Block, runner: asyncio.Runner) -> None:
        # Blank lines in front make the line numbers of a traceback those of the page.
        source = "\n" * block.line + block.code
        names: dict[str, Any] = self.module.__dict__
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
                result = eval(compile(source, block.page, "exec", flags=flags), names)
                if inspect.iscoroutine(result):
                    runner.run(result)
            except Exception as error:
                raise block.fail(f"{type(error).__name__}: {error}") from error
        self.printed = printed.getvalue()
        self.ran += 1

    def _shell(self, block: Block, command: str, wanted: str) -> None:
        if cannot_run(command):
            return
        done = subprocess.run(
            ["bash", "-c", command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self.environment,
            timeout=SECONDS,
        )
        code = int(block.option("exit") or 0)
        if done.returncode != code:
            raise block.fail(f"{command}\nends with {done.returncode}, not {code}:\n{done.stdout}")
        if wanted.strip() and block.option("output") != "any":
            _compare(block, command, wanted, done.stdout)
        self.ran += 1


def _compare(block: Block, what: str, wanted: str, got: str) -> None:
    if not doctest.OutputChecker().check_output(wanted.strip(), got.strip(), FLAGS):
        raise block.fail(f"{what}\nprints\n{got}\nbut the page shows\n{wanted}")


def environment(home: Path, programs: Path) -> dict[str, str]:
    """Return a clean environment: the package's commands first, nothing of the developer's."""
    foreign = ("SCRAI_", "GOOGLE_", "FIRESTORE_", "XDG_", "PYTHON", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    path = f"{programs}{os.pathsep}{kept.get('PATH', '')}"
    clean = {"HOME": str(home), "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}
    # Pages run small worlds: compiling for each page would take longer than running them.
    return kept | clean | {"SCRAI_EXCHANGE_JIT": "0"}

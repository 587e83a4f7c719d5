"""Programs that are measured run as child processes and are asked for one sample at a time.

A request and its answer are one line of JSON each. So cases can take turns: a machine whose speed
drifts slows all of them alike. Nothing but the standard library is imported here, because peers
run it in environments of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FOLDER = Path(__file__).resolve().parent.parent


class BrokenCaseError(Exception):
    """A case could not be measured; says why."""


class Child:
    """One program under measurement, seen from the benchmark."""

    def __init__(self, module: str, python: Path | str = sys.executable, **first: Any) -> None:
        """Start `python -m module`; `first` is its first request."""
        # What is set in the caller's shell must not decide what is measured.
        environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "SCRAI_", "LANGCHAIN_", "LANGSMITH_", "FIRESTORE_"))
        }
        self._name = module
        self._process = subprocess.Popen(
            [str(python), "-m", module],
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if first:
            self.ask(**first)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Return the answer to a request; raises BrokenCaseError with the child's own words."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise BrokenCaseError(f"{self._name}: no pipe")
        try:
            stdin.write(json.dumps(request) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise BrokenCaseError(f"{self._name} ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise BrokenCaseError(f"{self._name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """Let the child end; kill it if it does not."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it is gone, and a request was left unsent
                self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Requests:
    """The child's end of the pipe. What the child prints goes nowhere."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for line in sys.stdin:
            yield json.loads(line)

    def answer(self, value: dict[str, Any] | None) -> None:
        """Send an answer."""
        self._out.write(json.dumps(value or {}) + "\n")
        self._out.flush()

    def fail(self) -> None:
        """Send the exception in flight as the answer."""
        self.answer({"error": traceback.format_exc()})

"""Where results go, and that nothing else comes between them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Final, TextIO

_kept: Final[list[TextIO]] = []
_STREAMS: Final = ("stdin", "stdout", "stderr")


def results() -> TextIO:
    """Return the stream that results are printed to."""
    return _kept[-1] if _kept else sys.stdout


@contextmanager
def results_only() -> Iterator[None]:
    """Keep stdout for results: whatever a scenario prints meanwhile goes to stderr."""
    _kept.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _kept.pop()


def open_missing() -> None:
    """Put nothing in place of standard streams that were closed by whoever started us.

    The next file to be opened would get such a stream's number otherwise: a database, in whose
    midst a library would then write its messages.
    """
    for number, name in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
        if getattr(sys, name) is None:
            stream = open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)

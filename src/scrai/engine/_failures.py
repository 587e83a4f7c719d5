"""Saying in one line what failed, and where in a scenario's own code."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from scrai._words import storable
from scrai.errors import (
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
    ScenarioError,
    ScraiError,
    StoreError,
)
from scrai.models import explain

PACKAGE = Path(__file__).parent.parent
LONGEST = 1000
"""Bytes of what is said of a failure."""
KEPT = 500
"""Bytes of what is kept of it: the head is small."""


def is_draft_fault(error: StoreError) -> bool:
    """Whether the store refused the draft's content, rather than failed to serve."""
    return isinstance(error, InvalidDocumentError)


@contextmanager
def scenario_errors() -> Iterator[None]:
    """Tell a scenario's conflicts from ours: what lies within runs its hooks and handlers.

    A conflict at the commit of a step means that a rival was first, and the step is begun anew.
    One that a scenario meets in its own work means nothing of the kind.

    Raises:
        ScenarioError: naming the hook, for a conflict that came out of a scenario's code.
    """
    try:
        yield
    except (ConflictError, DocumentMissingError) as error:
        frames = _foreign(error)
        if not frames:
            raise
        hook, kind = frames[0].name, type(error).__name__
        raise ScenarioError(
            f"{hook} raised {kind}: {error.message}{_place(error)}", hint=error.hint
        ) from error


def brief(error: BaseException) -> str:
    """Say in one line what failed and, for errors of a scenario's own code, where."""
    return storable(_brief(error), LONGEST)


def _brief(error: BaseException) -> str:
    if isinstance(error, ScraiError):
        return " ".join(error.message.split())
    if isinstance(error, ValidationError):
        text = "; ".join(explain(error, error.title))
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split()) + _place(error)


def _place(error: BaseException) -> str:
    """Return file and line of the innermost frame that is not ours or pydantic's."""
    frames = _foreign(error)
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _foreign(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames that are not ours or pydantic's, the outermost first."""
    found = []
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        ours = path.is_relative_to(PACKAGE) and not path.is_relative_to(PACKAGE / "worlds")
        if not ours and "pydantic" not in path.parts:
            found.append(frame)
    return found

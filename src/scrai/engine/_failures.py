"""Saying in one line what failed, and where in a scenario's own code."""

from __future__ import annotations

import traceback
from pathlib import Path

from pydantic import ValidationError

from scrai._words import storable
from scrai.errors import InvalidDocumentError, ScraiError, StoreError
from scrai.models import explain

PACKAGE = Path(__file__).parent.parent
LONGEST = 1000
"""Bytes of what is said of a failure."""
KEPT = 500
"""Bytes of what is kept of it: the head is small."""


def is_draft_fault(error: StoreError) -> bool:
    """Whether the store refused the draft's content, rather than failed to serve."""
    return isinstance(error, InvalidDocumentError)


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
    frames = traceback.extract_tb(error.__traceback__)
    for frame in reversed(frames):
        path = Path(frame.filename)
        ours = path.is_relative_to(PACKAGE) and not path.is_relative_to(PACKAGE / "worlds")
        if not ours and "pydantic" not in path.parts:
            return f" ({path.name}, line {frame.lineno})"
    return ""

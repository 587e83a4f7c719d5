"""Fixtures for every test. That this file is here also puts `tests/` on the import path."""

from __future__ import annotations

from pathlib import Path

import pytest

from _emulator import emulator, project
from _pythons import VERSIONS, interpreter

__all__ = ["emulator", "project"]


@pytest.fixture(params=VERSIONS)
def any_python(request: pytest.FixtureRequest) -> Path:
    """Run the test once for each supported Python: the path of an interpreter with ScrAI."""
    return interpreter(request.param)

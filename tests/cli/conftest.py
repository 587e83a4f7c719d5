from __future__ import annotations

import os
from pathlib import Path

import pytest

from _program import Program


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """The command line in an empty folder, with none of the settings of this machine."""
    for name in list(os.environ):
        if name.startswith(("SCRAI_", "GOOGLE_", "FIRESTORE_")) or name == "NO_COLOR":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return Program(tmp_path)

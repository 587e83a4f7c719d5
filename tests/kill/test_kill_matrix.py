"""SIGKILL at every boundary of a step: the resumed run is the uninterrupted one."""

from __future__ import annotations

from pathlib import Path

import pytest

from _matrix import Cell, matrix
from scrai import _wall
from scrai.store.emulator import Emulator


def check(found: list[Cell]) -> None:
    assert [cell for cell in found if cell.problem] == []
    assert sum(cell.killed for cell in found) == 41


def test_sqlite(tmp_path: Path) -> None:
    check(list(matrix("sqlite", tmp_path)))


@pytest.mark.emulator
def test_firestore(tmp_path: Path, emulator: Emulator) -> None:
    check(list(matrix("firestore", tmp_path, emulator.host, f"{_wall.nonce(4)}-")))

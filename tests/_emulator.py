"""The Firestore emulator for tests: one per test process, one project per test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from scrai import _wall
from scrai.store.emulator import Emulator, why_unavailable


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """A running emulator. Without Java or the jar: a skip that says so, in CI a failure."""
    missing = why_unavailable()
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"CI must test Firestore, but {missing}", pytrace=False)
    if missing:
        pytest.skip(f"FIRESTORE IS NOT TESTED: {missing}")
    with Emulator() as running:
        yield running


@pytest.fixture
def project() -> str:
    """The id of a project that no other test uses: an empty database."""
    return f"demo-{_wall.nonce(6)}"

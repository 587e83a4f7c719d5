from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from scrai.store import MemoryStore


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    found = MemoryStore()
    await found.open()
    yield found
    await found.close()

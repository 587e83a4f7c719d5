"""Ten thousand cycles of the town: what is stored stays small, and life goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from scrai.engine import PhaseEngine
from scrai.scenarios import create_default_scenario_service
from scrai.store import CommitResult, MemoryStore, Write, encode

LIMIT = 100_000


class Weighing(MemoryStore):
    """Remembers the largest document of each collection that was ever written."""

    def __init__(self) -> None:
        super().__init__()
        self.largest: dict[str, int] = {}

    async def commit(self, writes: Sequence[Write]) -> CommitResult:
        """Weigh, then commit."""
        for write in writes:
            value: Any = write.payload
            payload = value if hasattr(value, "data") else encode(value)
            size = len(payload.data) + len(write.data or b"")
            self.largest[write.collection] = max(self.largest.get(write.collection, 0), size)
        return await super().commit(writes)


async def live(cycles: int) -> tuple[Weighing, list[dict[str, float]], int]:
    """Run the town; return the store, the metrics of all cycles, and how many have retired."""
    store = Weighing()
    await store.open()
    service = create_default_scenario_service()
    engine = PhaseEngine(store, service)
    await engine.create(service.new_simulation("simple_town", "sim", seed=5))
    metrics = [r.metrics async for r in engine.run("sim", cycles=cycles) if r.metrics]
    head = (await engine.inspect("sim")).head
    return store, metrics, head.counts["retired"]


async def test_every_kind_of_document_is_weighed() -> None:
    store, _, retired = await live(10)
    assert retired >= 7 * 10
    kinds = {name.rpartition("/")[2] for name in store.largest}
    assert {"actions", "actors", "events", "parts", "simulations", "steps"} <= kinds
    assert max(store.largest.values()) < LIMIT / 4


@pytest.mark.soak
async def test_no_document_of_a_long_run_is_large() -> None:
    store, metrics, retired = await live(10_000)
    assert retired >= 70_000
    assert {name: size for name, size in store.largest.items() if size > LIMIT} == {}
    assert len(metrics) == 10_000
    assert {line["coins"] for line in metrics} == {203}
    late = metrics[9_000:]
    for name, low, high in (("mood", 25, 95), ("energy", 10, 99), ("trust", 5, 70)):
        values = [line[name] for line in late]
        assert low < min(values)
        assert max(values) < high
        assert len(set(values)) > 100

"""What a restore leaves to be swept: in commits of bounded size, and under the fence."""

from __future__ import annotations

from typing import Any

import pytest

from scrai.engine import ScenarioContext, _batches, _restore
from scrai.errors import ConflictError
from scrai.models import Event
from scrai.store import MemoryStore, Query
from village import Village, engine, run, state


class Wordy(Village):
    """Makes events too large for many of them to fit one commit."""

    def _event(self, context: ScenarioContext) -> Event:
        event = super()._event(context)
        event.description = "x" * 700_000
        return event


async def test_large_entities_of_an_abandoned_line_come_back_in_several_commits(
    store: MemoryStore,
) -> None:
    target = engine(store, Wordy())
    await target.create(state())
    await run(target, 2)
    fork = (await target.journal.head("sim")).step
    await run(target, 6)
    abandoned = (await target.journal.head("sim")).step
    await target.restore("sim", fork)
    result = await target.restore("sim", abandoned)
    assert result.hash == (await target.journal.entry("sim", abandoned))["hash"]
    assert len(await store.query(Query("events"))) == 8


async def test_a_sweeper_that_was_overtaken_deletes_nothing(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_batches, "BATCH", 3)
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    step = (await target.journal.head("sim")).step
    await run(target, 4)
    await _restore.restore(store, await target.inspect("sim"), step)
    late = await target.inspect("sim")  # knows what is to be swept, and is then held up
    swept = (await target.journal.entry("sim", step + 1))["generated_event_ids"]

    class Again(Village):
        def _event(self, context: ScenarioContext) -> Event:
            event = super()._event(context)
            if context.cycle == 2:
                event.id = swept[0]  # a scenario that names its entities itself
            return event

    redone: Any = engine(store, Again())
    last = (await run(redone, 2))[-1]
    with pytest.raises(ConflictError):
        await _restore.finish_sweep(store, late)
    assert await store.get("events", f"sim~{swept[0]}") is not None
    assert (await redone.inspect("sim")).head.hash == last.hash

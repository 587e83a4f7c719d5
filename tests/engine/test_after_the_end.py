"""A simulation that is completed, or being deleted, changes no more, whoever comes late."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from commands import make, stop
from scrai.data import inbox_write
from scrai.engine import PhaseEngine
from scrai.errors import SimulationEndedError
from scrai.models import Command, CommandKind
from scrai.store import MemoryStore, change_document, update
from village import engine, run, state


def arrival() -> Command:
    return make(CommandKind.INJECT_EVENT, "late", payload={"id": "late", "title": "Too late"})


async def test_a_command_that_the_end_overtook_is_refused_and_journalled(
    store: MemoryStore,
) -> None:
    target = engine(store)
    await target.create(state(max_phases=2))
    await run(target, 2)
    before = await target.journal.head("sim")
    # Submitted before the last phase was committed, and stored after it.
    await store.commit([inbox_write("sim", arrival())])
    result = await target.apply_commands("sim")
    assert result is not None
    assert "the simulation is completed" in result.notes[0]
    after = await target.inspect("sim")
    assert (after.head.hash, after.head.status) == (before.hash, "completed")
    assert not after.inbox
    assert [step.hash async for step in target.replay("sim")][-1] == before.hash


async def test_what_follows_a_stop_in_the_inbox_is_refused(store: MemoryStore) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    before = await target.journal.head("sim")
    await target.submit("sim", stop())
    await target.submit("sim", arrival())
    result = await target.apply_commands("sim")
    assert result is not None
    assert result.notes[0] == "stopped"
    assert "refused" in result.notes[1]
    assert (await target.journal.head("sim")).hash == before.hash


@pytest.mark.parametrize(
    "act",
    [
        lambda target: target.restore("sim", 3),
        lambda target: target.step("sim"),
        lambda target: target.apply_commands("sim"),
        lambda target: target.branch("sim", 3, "child"),
    ],
)
async def test_nothing_is_begun_with_a_simulation_that_is_being_deleted(
    store: MemoryStore, act: Callable[[PhaseEngine], Awaitable[Any]]
) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    await target.submit("sim", arrival())
    await change_document(
        store,
        "simulations",
        "sim",
        lambda found: update(
            "simulations", "sim", found.value() | {"deleting": True}, found.columns
        ),
    )
    with pytest.raises(SimulationEndedError, match="sim is being deleted"):
        await act(target)
    assert (await target.journal.head("sim")).step == 11
    assert await store.get("simulations", "child") is None

"""What hooks say, however much and however odd, never costs a simulation its run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scrai.engine import BranchOptions, ScenarioContext
from scrai.errors import InvalidInputError, PhaseExecutionError
from scrai.models import SimulationPhase, SimulationState
from scrai.store import MemoryStore
from village import Village, engine, run, state

HALF = "half a pair: \udcff"


class Talking(Village):
    """Does one more thing in every phase."""

    phases = frozenset(list(SimulationPhase)[:6])

    def __init__(self, act: Callable[[ScenarioContext], Any]) -> None:
        super().__init__()
        self.act = act

    def before_phase(self, context: ScenarioContext) -> None:
        if context.phase is SimulationPhase.EVENT_GENERATION:
            super().before_phase(context)
        self.act(context)


def fail(text: str) -> Any:
    raise ValueError(text)


async def test_long_notes_in_any_script_fit_the_head(store: MemoryStore) -> None:

    def act(context: ScenarioContext) -> None:
        for _ in range(3):
            context.note("\N{PARTY POPPER}" * 300)

    target = engine(store, Talking(act))
    await target.create(
        SimulationState(
            id="sim",
            name="\N{PARTY POPPER}" * 90,
            description="\N{PARTY POPPER}" * 490,
            scenario_module="village",
        )
    )
    assert len(await run(target, 3)) == 16
    assert (await target.journal.head("sim")).log
    entry = await target.journal.entry("sim", 3)
    assert entry["notes"][0] == "\N{PARTY POPPER}" * 125


async def test_more_notes_than_an_entry_holds_are_counted(store: MemoryStore) -> None:

    def act(context: ScenarioContext) -> None:
        for number in range(5000):
            context.note(f"{number} " + "x" * 600)

    target = engine(store, Talking(act))
    await target.create(state())
    assert len(await run(target, 2)) == 11
    notes = (await target.journal.entry("sim", 8))["notes"]
    assert notes[0].startswith("0 x")
    assert notes[-1].startswith("... and 4,7")
    assert notes[-1].endswith("more notes")


async def test_a_note_that_is_no_unicode_is_kept_readable(store: MemoryStore) -> None:
    target = engine(store, Talking(lambda context: context.note(HALF)))
    await target.create(state())
    assert len(await run(target, 2)) == 11
    assert r"half a pair: \udcff" in (await target.journal.entry("sim", 8))["notes"]


async def test_a_failure_that_is_no_unicode_is_recorded_like_any_other(store: MemoryStore) -> None:
    target = engine(store, Talking(lambda context: fail(HALF)))
    await target.create(state())
    with pytest.raises(PhaseExecutionError, match=r"half a pair: \\udcff"):
        await run(target, 2)
    head = await target.journal.head("sim")
    assert (head.status, head.tries) == ("error", 3)
    assert r"\udcff" in str(head.last_error)


async def test_a_hook_that_exits_has_failed(store: MemoryStore) -> None:

    def leave(context: ScenarioContext) -> None:
        raise SystemExit(0)

    target = engine(store, Talking(leave))
    await target.create(state())
    with pytest.raises(PhaseExecutionError, match="SystemExit: 0"):
        await run(target, 2)
    assert (await target.journal.head("sim")).status == "error"


async def test_a_hook_that_awaits_what_is_cancelled_has_failed(store: MemoryStore) -> None:

    class Waiting(Village):
        async def before_phase(self, context: ScenarioContext) -> None:  # type: ignore[override]
            task = asyncio.create_task(asyncio.sleep(60))
            task.cancel()
            await task

    target = engine(store, Waiting())
    await target.create(state())
    with pytest.raises(PhaseExecutionError, match="CancelledError"):
        await run(target, 2)
    assert (await target.journal.head("sim")).status == "error"


async def test_a_hook_of_which_nothing_runs_is_told(store: MemoryStore) -> None:

    class Yielding(Village):
        def before_phase(self, context: ScenarioContext) -> Iterator[None]:  # type: ignore[override]
            super().before_phase(context)
            yield

    target = engine(store, Yielding())
    await target.create(state())
    with pytest.raises(PhaseExecutionError, match="hook before_phase is a generator"):
        await run(target, 2)


async def test_texts_are_measured_as_the_head_holds_them(store: MemoryStore) -> None:
    target = engine(store)
    fields: Any = {"name": "A village", "scenario_module": "village"}
    with pytest.raises(InvalidInputError, match="description of a simulation has 11,400 bytes"):
        await target.create(SimulationState(id="sim", description="\x01" * 1900, **fields))
    await target.create(state())
    await run(target, 1)
    with pytest.raises(InvalidInputError, match="name of a simulation has 9,000 bytes"):
        await target.branch("sim", 3, "child", BranchOptions(name="x" * 9000))


async def test_branches_of_branches_can_be_named_for_ever(store: MemoryStore) -> None:
    target = engine(store)
    fields: Any = {"scenario_module": "village"}
    await target.create(SimulationState(id="sim", name="x" * 400, **fields))
    await run(target, 1)
    child = await target.branch("sim", 3, "child")
    again = await target.branch("child", 3, "again")
    assert child.name == again.name == "x" * 200 + " at step 3"

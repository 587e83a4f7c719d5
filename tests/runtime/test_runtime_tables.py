"""Tables of branches: what ended before the branch is in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from scrai.runtime import At, Runtime, Settings


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime.open(Settings(backend="memory")) as found:
        yield found


async def _table(runtime: Runtime, simulation: str, kind: str) -> dict[str, Any]:
    rows = [row async for row in runtime.tables.rows(simulation, kind)]
    found = {row["id"]: {**row, "simulation_id": None} for row in rows}
    assert len(found) == len(rows)  # nothing twice
    return found


async def _run(runtime: Runtime, simulation: str, cycles: int) -> None:
    await runtime.simulations.make_ready(simulation, cycles=cycles)
    async for _ in runtime.simulations.run(simulation):
        pass


@pytest.mark.parametrize("kind", ["events", "actions"])
async def test_a_branch_has_what_ended_before_it(runtime: Runtime, kind: str) -> None:
    for name, cycles in (("whole", 6), ("root", 4)):
        await runtime.simulations.create("simple_town", simulation_id=name, cycles=cycles, seed=3)
        await _run(runtime, name, cycles)
    at = At(cycle=3, phase="action_resolution")  # actions are under way
    await runtime.travel.branch("root", at, child_id="child", cycles=5)
    await _run(runtime, "child", 5)
    await runtime.travel.branch("child", At(cycle=4, phase="snapshot"), child_id="last", cycles=6)
    await _run(runtime, "last", 6)
    whole = await _table(runtime, "whole", kind)
    assert len(whole) > 10
    assert await _table(runtime, "last", kind) == whole
    owners = {row["simulation_id"] async for row in runtime.tables.rows("last", kind)}
    assert owners == {"root", "child", "last"}


async def test_what_a_restored_parent_undid_is_still_the_branchs(runtime: Runtime) -> None:
    await runtime.simulations.create("simple_town", simulation_id="root", cycles=9, seed=3)
    for _ in range(3):
        await runtime.simulations.cycle("root")
    before = await _table(runtime, "root", "actions")
    await runtime.travel.branch("root", At(), child_id="child", cycles=9)
    await runtime.travel.restore("root", At(cycle=1, phase="snapshot"))
    assert len(await _table(runtime, "root", "actions")) < len(before)
    assert await _table(runtime, "child", "actions") == before


async def test_a_branch_whose_parent_is_gone_has_its_own_part(runtime: Runtime) -> None:
    await runtime.simulations.create("simple_town", simulation_id="root", cycles=3, seed=3)
    await _run(runtime, "root", 3)
    at = At(cycle=3, phase="action_collection")  # what is under way goes on in the branch
    await runtime.travel.branch("root", at, child_id="child", cycles=5)
    await _run(runtime, "child", 5)
    await runtime.simulations.delete("root", detach=True)
    owners = {row["simulation_id"] async for row in runtime.tables.rows("child", "actions")}
    assert owners == {"child"}
    await runtime.travel.branch("child", At(), child_id="last", cycles=6)
    await _run(runtime, "last", 6)
    owners = {row["simulation_id"] async for row in runtime.tables.rows("last", "actions")}
    assert owners == {"child", "last"}

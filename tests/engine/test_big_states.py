"""States larger than one commit: they branch and replay; a restore is refused in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from _dying import DiedError, DyingStore, documents
from scrai.engine import NoScenario, PhaseEngine, ScenarioContext
from scrai.errors import AlreadyExistsError, ChangeSetTooLargeError
from scrai.models import Actor, SimulationPhase
from scrai.store import MAX_COMMIT, MemorySpace, MemoryStore
from village import engine, run, state

ACTORS, CYCLES, LONG = 12, 6, 300_000


class Hall(NoScenario):
    """Three actors of 300 KB come in each cycle; when all are there, each cycle changes three."""

    phases = frozenset({SimulationPhase.EVENT_GENERATION})

    def seed(self, context: ScenarioContext) -> None:
        self._more(context)

    def before_phase(self, context: ScenarioContext) -> None:
        self._more(context)

    def _more(self, context: ScenarioContext) -> None:
        first = (context.cycle - 1) * 3
        for number in range(first, first + 3):
            # Digits that are other ones for everybody in every cycle.
            text = f"{context.rng(str(number)).integer(0, 10**9):09d}" * (LONG // 9)
            if number < ACTORS:
                actor = Actor(id=f"v{number}", name="V", attributes={"data": text})
                context.extend(actors=[actor])
            else:
                context.actors[number % ACTORS].attributes["data"] = text


@pytest.fixture
def space() -> MemorySpace:
    return MemorySpace()


@pytest.fixture
async def hall(space: MemorySpace) -> AsyncIterator[PhaseEngine]:
    """An engine on a simulation `sim` of more than one commit."""
    store = MemoryStore(space)
    await store.open()
    found = engine(store, Hall())
    await found.create(state())
    await run(found, CYCLES)
    work = await found.inspect("sim")
    assert sum(len(row.payload.data) for row in work.rows["actors"].values()) > MAX_COMMIT
    yield found
    await store.close()


async def dying(space: MemorySpace, commits: int) -> tuple[DyingStore, PhaseEngine]:
    store = DyingStore(space, commits)
    await store.open()
    return store, engine(store, Hall())


async def test_a_branch_is_the_parent_and_goes_on(hall: PhaseEngine) -> None:
    parent = await hall.journal.head("sim")
    await hall.branch("sim", parent.step, "kid")
    child = await hall.journal.head("kid")
    assert (child.hash, child.counts, child.step) == (parent.hash, parent.counts, parent.step)
    assert (child.deleting, child.lease, child.status) == (False, None, "running")
    work = await hall.inspect("kid")
    assert work.computed_hash() == parent.hash
    assert [each.hash for each in await run(hall, 2, "kid")] == [
        each.hash for each in await run(hall, 2)
    ]
    assert [step.step async for step in hall.replay("kid")] == list(range(31, 42))


async def test_a_branch_of_an_earlier_step_that_is_too_large_to_restore(hall: PhaseEngine) -> None:
    at = 21  # all actors are there, and none is as it is now
    await run(hall, 2)
    wanted = await hall.journal.entry("sim", at)
    await hall.branch("sim", at, "kid")
    assert (await hall.inspect("kid")).computed_hash() == wanted["hash"]


async def test_a_restore_that_changes_too_much_is_refused(
    hall: PhaseEngine, space: MemorySpace
) -> None:
    await run(hall, 2)
    before = documents(space)
    with pytest.raises(ChangeSetTooLargeError) as refusal:
        await hall.restore("sim", 21)
    assert "to restore step 21 would change" in refusal.value.message
    assert "\n" not in str(refusal.value)
    assert refusal.value.hint == "scrai simulation branch sim --at-step 21 goes on from there"
    assert documents(space) == before


async def test_a_restore_that_fits_is_made_and_replayed(hall: PhaseEngine) -> None:
    wanted = await hall.journal.entry("sim", 26)
    result = await hall.restore("sim", 26)
    assert result.hash == wanted["hash"]
    await run(hall, 1)
    assert [step.step async for step in hall.replay("sim")][-1] == result.step + 5


async def test_a_taken_id_is_refused_and_left_alone(hall: PhaseEngine, space: MemorySpace) -> None:
    await hall.create(state("kid"))
    before = documents(space)
    with pytest.raises(AlreadyExistsError, match="simulation 'kid' exists already"):
        await hall.branch("sim", 31, "kid")
    assert documents(space) == before


async def test_a_branch_cut_off_at_any_commit_is_made_again_or_deleted(
    hall: PhaseEngine, space: MemorySpace
) -> None:
    before, wanted = documents(space), (await hall.journal.head("sim")).hash
    for commits in range(100):
        store, late = await dying(space, commits)
        with suppress(DiedError):
            await late.branch("sim", 31, "kid")
        if not store.died:
            break
        if commits == 0:
            assert documents(space) == before
            continue
        assert (await hall.journal.head("kid")).deleting
        if commits % 2:
            await hall.branch("sim", 31, "kid")
            assert (await hall.inspect("kid")).computed_hash() == wanted
        await hall.delete("kid")
        assert documents(space) == before, "and nothing stays"
    assert commits > 4, "it takes several commits"

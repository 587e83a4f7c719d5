"""What a step reads and writes depends on what changed, not on how long the run is."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scrai.models import Actor, ActorType, CostRecord, SimulationPhase
from scrai.store import MemoryStore, Query
from village import Village, engine, run, state


class Counting(MemoryStore):
    """Counts calls and documents."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    async def get(self, collection: str, id: str) -> Any:  # noqa: A002
        self.seen["get"] += 1
        return await super().get(collection, id)

    async def query(self, query: Query) -> Any:
        found = await super().query(query)
        self.seen["query"] += 1
        self.seen["read"] += len(found)
        return found

    async def commit(self, writes: Any) -> Any:
        self.seen["commit"] += 1
        self.seen["written"] += len(writes)
        self.seen["bytes"] += sum(len(str(w.payload)) for w in writes)
        return await super().commit(writes)


async def counted(cycles_before: int) -> dict[str, int]:
    store = Counting()
    await store.open()
    target = engine(store)
    await target.create(state())
    await run(target, cycles_before)
    store.seen.clear()
    await run(target, 10)
    return dict(store.seen)


async def test_a_continuing_worker_reads_head_and_inbox_only() -> None:
    store = Counting()
    await store.open()
    target = engine(store)
    await target.create(state())
    await run(target, 1)
    store.seen.clear()
    for _ in range(5):
        await target.step("sim")
    assert (store.seen["get"], store.seen["query"], store.seen["commit"]) == (5, 5, 5)
    assert store.seen["read"] == 0


async def test_late_cycles_cost_what_early_ones_cost() -> None:
    early, late = await counted(5), await counted(105)
    snapshots = 10  # one physical snapshot more or less: a manifest, a chunk, a commit
    for name in ("get", "query", "read", "commit", "written"):
        assert abs(early.get(name, 0) - late.get(name, 0)) <= snapshots, name
    assert late["bytes"] < early["bytes"] * 1.2


async def test_untouched_entities_are_not_written() -> None:
    class Crowd(Village):
        def _cycle(self, context: Any) -> None:
            if context.cycle == 1:
                context.extend(
                    actors=[Actor(id=f"extra{n}", name="x", type=ActorType.NPC) for n in range(200)]
                )
            context.actor("v0").attributes["mood"] = context.cycle

        def metrics(self, context: Any) -> dict[str, float]:
            return {}

    store = Counting()
    await store.open()
    target = engine(store, Crowd())
    await target.create(state())
    await run(target, 1)
    store.seen.clear()
    result = await target.step("sim")
    assert result.executed_phase is SimulationPhase.EVENT_GENERATION
    assert store.seen["written"] == 3  # head, journal, one actor


async def test_large_steps_keep_the_journal_small(store: MemoryStore) -> None:
    class Big(Village):
        def seed(self, context: Any) -> None:
            context.extend(
                actors=[Actor(id=f"a{n}", name="x" * 900, type=ActorType.NPC) for n in range(300)]
            )

        def before_phase(self, context: Any) -> None: ...

        def metrics(self, context: Any) -> dict[str, float]:
            return {}

    target = engine(store, Big())
    await target.create(state())
    await run(target, 2)
    entry = await store.get("simulations/sim/steps", f"{2:010d}")
    assert entry is not None
    assert len(entry.payload.data) < 3000
    assert len((await target.journal.state_at("sim", 2)).entities["actors"]) == 300
    assert [s.step async for s in target.replay("sim")][-1] == 11


async def test_costs_are_stored_with_their_phase(store: MemoryStore) -> None:
    class Spending(Village):
        def before_phase(self, context: Any) -> None:
            context.charge(
                CostRecord(
                    step=0,
                    cycle=context.cycle,
                    phase=context.phase,
                    actor_id="v0",
                    provider="scripted",
                    model="none",
                    input_tokens=3,
                    cost=0.5,
                )
            )

    target = engine(store, Spending())
    await target.create(state())
    await run(target, 3)
    found = await store.query(Query("simulations/sim/costs"))
    assert [d.value()["step"] for d in found] == [7, 12]
    assert found[0].columns["actor"] == "v0"


async def test_bus_and_feed_tell_the_same_story(store: MemoryStore) -> None:
    target = engine(store)
    heard: list[Any] = []

    @target.bus.on()
    async def listen(message: Any) -> None:
        heard.append(message)

    @target.bus.on("phase_completed")
    def fail(message: Any) -> None:
        raise RuntimeError("a subscriber's fault")

    await target.create(state())
    await run(target, 2)
    feed = [message async for message in target.feed("sim")]
    created = [message for message in feed if message.step == 0]
    assert feed[len(created) :] == heard
    assert [m.index for m in heard if m.step == 2] == list(
        range(len([1 for m in heard if m.step == 2]))
    )
    names = Counter(message.name for message in heard)
    assert names["phase_completed"] == 11
    assert names["cycle_completed"] == 2
    assert names["entity_created"] == 4 + 2 * 5
    middle = heard[40]
    rest = [m async for m in target.feed("sim", (middle.step, middle.index))]
    assert rest == heard[41:]
    target.bus.off(listen)
    await run(target, 1)
    assert len(heard) == len(feed) - len(created)

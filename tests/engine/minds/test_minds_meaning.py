"""Memory with meaning: found by what is meant, the same everywhere, asked and paid for once."""

from __future__ import annotations

from typing import Any

import pytest
from model import Model, minds, sensible
from people import person

from scrai.data import ActorRepository
from scrai.engine import PhaseEngine
from scrai.engine.minds import Meaning, memories, recall, remember
from scrai.engine.minds._memory import CAPACITY, LONGEST, embedder_of, understand
from scrai.errors import PhaseExecutionError
from scrai.llm import FailureKind, LLMOutcome, LLMRequest, LLMUsage, Vectors
from scrai.llm._letters import letters
from scrai.llm._vectors import LONGEST as LONGEST_VECTOR
from scrai.llm._vectors import packed
from scrai.models import Actor
from scrai.scenarios import create_default_scenario_service
from scrai.store import DocumentStore, MemoryStore, Query, encode

TOPICS = (("rain", "storm", "thunder"), ("bread", "loaves", "bakery"), ("mayor", "election"))


def meant(text: str) -> bytes:
    """Return a vector with a place for each topic."""
    said = text.lower()
    return packed([0.1, *(float(sum(word in said for word in topic)) for topic in TOPICS)])


def meaning(text: str, model: str = "m") -> Meaning:
    return Meaning(model, meant(text))


def texts(found: list[Any]) -> list[str]:
    return [item.text for item in found]


def ada_remembers(*lines: str) -> Actor:
    ada = person("ada")
    for line in lines:
        remember(ada, line, cycle=1)
    understand(ada, {line: meaning(line) for line in lines})
    return ada


LINES = (
    "the thunder kept everybody awake",
    "she sold the last loaves",
    "the coming and going of the post",
)


def test_meaning_finds_what_words_do_not() -> None:
    ada = ada_remembers(*LINES)
    asked = "is a storm coming"
    assert texts(recall(ada, asked, cycle=1, most=1)) == [LINES[2]]
    assert texts(recall(ada, asked, cycle=1, most=1, meaning=meaning(asked))) == [LINES[0]]
    bread = recall(ada, "bread", cycle=1, most=1, meaning=meaning("bread"))
    assert texts(bread) == [LINES[1]]


def test_importance_and_recency_still_count() -> None:
    ada = ada_remembers(*LINES)
    remember(ada, "the wedding", cycle=1, importance=10)
    remember(ada, "an idle talk", cycle=100)
    found = recall(ada, "storm", cycle=100, most=3, meaning=meaning("storm"))
    assert texts(found) == [LINES[0], "the wedding", "an idle talk"]


def test_if_all_are_equally_near_none_stands_out() -> None:
    ada = person("ada")
    remember(ada, "near", cycle=1)
    remember(ada, "about as near", cycle=1, importance=6)
    rows = {"near": packed([1, 0]), "about as near": packed([1, 0.33])}
    understand(ada, {text: Meaning("m", row) for text, row in rows.items()})
    asked = Meaning("m", packed([1, 0]))
    assert texts(recall(ada, "", cycle=1, most=1, meaning=asked)) == ["about as near"]


def test_vectors_of_another_model_say_nothing() -> None:
    ada = ada_remembers(*LINES)
    asked = "is a storm coming"
    other = Meaning("other", meant(asked))
    assert texts(recall(ada, asked, cycle=1, most=1, meaning=other)) == [LINES[2]]
    understand(ada, {LINES[1]: meaning(LINES[1], "other")})
    assert embedder_of(ada) == "other"
    assert [item.vector is None for item in memories(ada)] == [True, False, True]


def test_a_vector_goes_with_its_memory_and_fades_with_it() -> None:
    ada = ada_remembers(*LINES)
    remember(ada, "new", cycle=2)
    assert [item.vector for item in memories(ada)] == [*map(meant, LINES), None]
    for number in range(CAPACITY):
        remember(ada, f"day {number}", cycle=3, importance=5)
    assert all(item.vector is None for item in memories(ada))


def test_a_memory_with_vectors_is_bounded() -> None:
    ada = person("ada")
    lines = [f"{number:03d}" + "é" * LONGEST for number in range(CAPACITY)]
    row = packed([float(number + 1) for number in range(LONGEST_VECTOR)])
    for line in lines:
        remember(ada, line, cycle=1, importance=5)
    understand(ada, {item.text: Meaning("m", row) for item in memories(ada)})
    assert sum(item.vector is not None for item in memories(ada)) == CAPACITY
    assert len(encode(ada.metadata).data) < 32 * 1024


@pytest.mark.parametrize("broken", ["", "?", "AA", 7, None, ["fwA="], "A" * 5000])
def test_a_vector_gone_wrong_is_none(broken: Any) -> None:
    ada = ada_remembers(*LINES)
    for item in ada.metadata["memory"]["items"]:
        item["vector"] = broken
    assert [item.vector for item in memories(ada)] == [None] * 3
    asked = "is a storm coming"
    found = recall(ada, asked, cycle=1, most=1, meaning=meaning(asked))
    assert texts(found) == [LINES[2]]


def test_vectors_of_two_lengths_are_not_compared() -> None:
    ada = ada_remembers(*LINES)
    asked = "is a storm coming"
    longer = Meaning("m", meant(asked) + b"\1")
    assert texts(recall(ada, asked, cycle=1, most=1, meaning=longer)) == [LINES[2]]


class KilledError(BaseException):
    """Nobody catches it, as nobody catches a kill."""


class Embedder(Model):
    """The dull model, with an opinion on what texts mean."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.name = "toy"
        self.spoilt: str | LLMOutcome | None = None
        self.embedded: list[str] = []
        self.prompts: list[str] = []

    async def send(self, request: LLMRequest, **rest: Any) -> LLMOutcome:
        if not request.embeds:
            self.prompts.append(request.messages[-1].content)
            return await super().send(request, **rest)
        self.asked.append((rest["key"].slot, request.hash))
        said = [message.content for message in request.messages]
        self.embedded += said
        if isinstance(self.spoilt, LLMOutcome):
            return self.spoilt
        content = Vectors(self.name, tuple(map(letters, said))).to_text()
        content = content if self.spoilt is None else self.spoilt
        return LLMOutcome(content, provider="fake", model=self.name, usage=LLMUsage(10, 0))


async def town(store: DocumentStore, model: Model, **config: Any) -> PhaseEngine:
    service = create_default_scenario_service()
    engine = PhaseEngine(store, service, models=model)
    metadata = minds(**{"embeddings": "toy", **config})
    await engine.create(service.new_simulation("simple_town", "town", metadata=metadata))
    return engine


async def run(engine: PhaseEngine, cycles: int) -> list[str]:
    return [note async for result in engine.run("town", cycles=cycles) for note in result.notes]


async def people(store: DocumentStore) -> list[Actor]:
    return await ActorRepository(store, simulation_id="town").list_all()


async def replayed(store: DocumentStore) -> bool:
    """Say whether a replay with no model at all comes to the same end."""
    offline = PhaseEngine(store, create_default_scenario_service())
    steps = [step async for step in offline.replay("town")]
    head = await offline.journal.head("town")
    return (steps[-1].step, steps[-1].hash) == (head.step, head.hash)


async def test_a_town_learns_what_its_memories_mean(store: MemoryStore) -> None:
    model = Embedder()
    engine = await town(store, model)
    await run(engine, 3)
    found = [item for actor in await people(store) for item in memories(actor)]
    assert len(found) > 20
    assert all(item.vector == letters(item.text) for item in found)
    costs = [each.value() for each in await store.query(Query("simulations/town/costs"))]
    booked = [each["slot"] for each in costs if each["slot"].startswith("embed/")]
    assert len(booked) == 3 + 2
    assert len(costs) == len(model.asked)
    assert await replayed(store)


async def test_no_text_of_a_memory_is_asked_about_twice(store: MemoryStore) -> None:
    model = Embedder()
    await run(await town(store, model), 3)
    memory = [text for text in model.embedded if "." in text or "(" in text]
    assert len(memory) == len(set(memory)) > 10


async def test_who_has_no_embeddings_asks_for_none_and_keeps_none(store: MemoryStore) -> None:
    model = Embedder()
    await run(await town(store, model, embeddings=None), 2)
    assert model.embedded == []
    record = (await people(store))[0].metadata["memory"]
    assert set(record) == {"items", "summary"}
    assert set(record["items"][0]) == {"cycle", "importance", "text"}


async def test_a_kill_after_the_answer_asks_nothing_twice(store: MemoryStore) -> None:
    model = Embedder()
    engine = await town(store, model)
    await run(engine, 1)
    commit, killed = store.commit, []

    async def dying(writes: Any) -> Any:
        ends_a_phase = any(write.collection.endswith("/steps") for write in writes)
        embedded = any(slot == "embed/0000" for slot, _ in model.asked[asked:])
        if ends_a_phase and embedded and not killed:
            killed.append(True)
            raise KilledError
        return await commit(writes)

    store.commit = dying
    asked = len(model.asked)
    with pytest.raises(KilledError):
        await run(engine, 1)
    before = list(model.asked)
    second = PhaseEngine(store, create_default_scenario_service(), models=model)
    await run(second, 1)
    assert killed
    assert len(model.asked) > len(before)
    assert len(model.asked) == len(set(model.asked))
    assert await replayed(store)


async def test_another_model_of_meaning_learns_all_anew(store: MemoryStore) -> None:
    model = Embedder()
    engine = await town(store, model)
    await run(engine, 2)
    model.name = "other"
    await run(engine, 2)
    for actor in await people(store):
        if actor.metadata.get("memory"):
            assert embedder_of(actor) == "other"
            assert all(item.vector for item in memories(actor))
    assert await replayed(store)


@pytest.mark.parametrize("spoilt", ["", "null", '{"model": "toy", "vectors": []}', "x" * 10_000])
async def test_useless_vectors_are_noted_and_words_are_used(
    store: MemoryStore, spoilt: str
) -> None:
    model = Embedder()
    model.spoilt = spoilt or LLMOutcome.failed(FailureKind.MALFORMED, "unusable embeddings: none")
    notes = await run(await town(store, model), 2)
    assert sum(note.startswith("embed/0000: no usable reply (malformed") for note in notes) == 3
    assert not any(item.vector for actor in await people(store) for item in memories(actor))
    model.spoilt = None
    engine = PhaseEngine(store, create_default_scenario_service(), models=model)
    await run(engine, 1)
    found = [item for actor in await people(store) for item in memories(actor)]
    assert all(item.vector for item in found)
    assert await replayed(store)


async def test_who_wants_bad_replies_to_fail_gets_that(store: MemoryStore) -> None:
    model = Embedder()
    model.spoilt = "[]"
    engine = await town(store, model, on_bad_reply="fail")
    with pytest.raises(PhaseExecutionError, match=r"embed/0000: no usable reply \(malformed"):
        await run(engine, 1)


async def test_a_server_that_embeds_nothing_fails_the_phase_in_one_line(
    store: MemoryStore,
) -> None:
    model = Embedder()
    model.spoilt = LLMOutcome.failed(FailureKind.REJECTED, "x: it embeds no texts (HTTP 404)")
    engine = await town(store, model)
    with pytest.raises(PhaseExecutionError, match=r"it embeds no texts \(HTTP 404\)"):
        await run(engine, 1)


async def test_meaning_decides_what_a_mind_is_told(store: MemoryStore) -> None:
    async def told(**config: Any) -> list[str]:
        other = MemoryStore()
        await other.open()
        model = Embedder(answer=sensible)
        await run(await town(other, model, **config), 8)
        await other.close()
        return sorted(text for text in model.prompts if "What you remember" in text)

    assert await told() == await told()
    assert await told() != await told(embeddings=None)

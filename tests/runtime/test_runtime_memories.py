"""People search what actors remember; a replayed run asks nobody but its recording."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scrai.errors import ConfigurationError, InvalidInputError
from scrai.models import SimulationStatus
from scrai.runtime import Runtime, Settings
from scrai.store import Query

QUESTION = "plan of a week"


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    async with Runtime.open(Settings(backend="memory")) as found:
        yield found


async def ran(runtime: Runtime, name: str, llm: str = "scripted", **minds: Any) -> str:
    """Run two cycles of the town; return its last hash."""
    await runtime.simulations.create(
        "simple_town", simulation_id=name, cycles=2, seed=7, minds={"llm": llm, **minds}
    )
    last = [result async for result in runtime.simulations.run(name)][-1]
    assert last.simulation.status is SimulationStatus.COMPLETED
    return str((await runtime.reading.show(name))["hash"])


async def test_all_memories_come_as_they_were_laid_down(runtime: Runtime) -> None:
    await ran(runtime, "town")
    found = await runtime.recollection.recall("town", "actor-mayor")
    assert found["by"] is None
    assert [item["cycle"] for item in found["memories"]] == [1, 1, 1, 2, 2]
    assert "score" not in found["memories"][0]


@pytest.mark.parametrize(("embeddings", "by"), [(None, "words"), ("scripted", "meaning")])
async def test_a_question_brings_the_best_first(
    runtime: Runtime, embeddings: str | None, by: str
) -> None:
    await ran(runtime, "town", embeddings=embeddings)
    found = await runtime.recollection.recall("town", "town~actor-mayor", QUESTION, most=3)
    assert (found["actor"], found["by"]) == ("actor-mayor", by)
    scores = [item["score"] for item in found["memories"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert "plan of the week" in found["memories"][0]["text"]


async def test_a_search_is_no_part_of_the_simulation(runtime: Runtime) -> None:
    before = await ran(runtime, "town", embeddings="scripted")
    calls = await runtime.store.count(Query("simulations/town/calls"))
    await runtime.recollection.recall("town", "actor-mayor", QUESTION)
    assert await runtime.store.count(Query("simulations/town/calls")) == calls
    assert (await runtime.reading.show("town"))["hash"] == before


async def test_who_remembers_nothing_and_who_is_not_there(runtime: Runtime) -> None:
    await runtime.simulations.create("simple_town", simulation_id="town", cycles=1)
    [_ async for _ in runtime.simulations.run("town")]
    found = await runtime.recollection.recall("town", "actor-mayor", QUESTION)
    assert found == {"actor": "actor-mayor", "by": "words", "memories": [], "summary": ""}
    with pytest.raises(InvalidInputError, match="actor-maior") as caught:
        await runtime.recollection.recall("town", "actor-maior")
    assert "actor-mayor" in (caught.value.hint or "")


async def test_a_recording_answers_for_all_roles(runtime: Runtime, tmp_path: Path) -> None:
    mayor = "actor:actor-mayor"
    wanted = await ran(runtime, "town", embeddings="scripted", models={mayor: "scripted"})
    file = tmp_path / "town.jsonl"
    file.write_bytes(b"".join([line async for line in runtime.cassette("town")]))
    nobody = "http://127.0.0.1:9/v1#m"
    again = await ran(runtime, "again", f"replay:{file}", embeddings=nobody, models={mayor: nobody})
    assert again == wanted
    found = await runtime.recollection.recall("again", "actor-mayor", QUESTION)
    assert found["by"] == "words"


async def test_a_limit_needs_the_price_of_embeddings(runtime: Runtime) -> None:
    with pytest.raises(ConfigurationError, match="no price is known for openai-compatible/mine"):
        await ran(runtime, "town", credit_limit=1, embeddings="http://127.0.0.1:9/v1#mine")

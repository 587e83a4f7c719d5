"""A cassette brings the settings of the minds whose calls are on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scrai.errors import ConfigurationError, InvalidInputError, SimulationMissingError
from scrai.runtime import Runtime
from scrai.store import MemoryStore

RECORDED: dict[str, Any] = {
    "llm": "scripted",
    "models": {"actor:actor-mayor": "scripted", "world": "scripted"},
    "subsystems": ["world", "actions"],
    "max_tokens": 300,
    "max_repairs": 1,
    "ascii": True,
    "brief": True,
    "embeddings": "scripted",
    "credit_limit": 3.0,
}


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    store = MemoryStore()
    await store.open()
    async with Runtime.open(store=store) as made:
        yield made


async def run(runtime: Runtime, name: str, minds: dict[str, Any]) -> list[str]:
    """Run a town; return its hashes."""
    await runtime.simulations.create("simple_town", simulation_id=name, cycles=2, minds=minds)
    async for _ in runtime.simulations.run(name):
        pass
    return [step["hash"] async for step in runtime.reading.history(name)]


@pytest.fixture
async def tape(runtime: Runtime, tmp_path: Path) -> tuple[Path, list[str]]:
    hashes = await run(runtime, "town", RECORDED)
    file = tmp_path / "town.jsonl"
    file.write_bytes(b"".join([line async for line in runtime.cassette("town")]))
    return file, hashes


async def test_a_run_from_a_cassette_needs_no_settings(
    runtime: Runtime, tape: tuple[Path, list[str]]
) -> None:
    file, hashes = tape
    assert await run(runtime, "again", {"llm": f"replay:{file}"}) == hashes
    minds = (await runtime.engine.get("again")).metadata["minds"]
    assert minds["models"] == {"actor:actor-mayor": f"replay:{file}"}
    assert minds["embeddings"] == f"replay:{file}"
    assert minds["max_tokens"] == 300
    assert minds["brief"] is True
    assert "credit_limit" not in minds, "what is replayed costs nothing"


async def test_what_is_said_again_may_be_the_same(
    runtime: Runtime, tape: tuple[Path, list[str]]
) -> None:
    file, hashes = tape
    same = {
        "llm": f"replay:{file}",
        "subsystems": ["actions", "world"],
        "max_tokens": 300,
        "models": {"actor:actor-mayor": f"replay:{file}"},
    }
    assert await run(runtime, "again", same) == hashes


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"max_tokens": 512}, "max_tokens is 512, recorded with 300"),
        ({"subsystems": ["events"]}, "subsystems is [events], recorded with [actions, world]"),
        ({"ascii": False, "temperature": 1}, "ascii is off, recorded with on; temperature is"),
        ({"models": {}}, "models has [], recorded with [actor:actor-mayor]"),
    ],
)
async def test_other_settings_are_refused_before_anything_is_made(
    runtime: Runtime, tape: tuple[Path, list[str]], setting: dict[str, Any], words: str
) -> None:
    file, _ = tape
    with pytest.raises(ConfigurationError) as caught:
        await run(runtime, "again", {"llm": f"replay:{file}", **setting})
    assert caught.value.message.startswith(f"{file} was recorded with other settings: {words}")
    with pytest.raises(SimulationMissingError):
        await runtime.engine.get("again")


async def test_a_simulation_that_goes_on_from_a_cassette_must_be_like_it(
    runtime: Runtime, tape: tuple[Path, list[str]]
) -> None:
    file, _ = tape
    await runtime.simulations.create(
        "simple_town", simulation_id="other", cycles=2, minds={"llm": "scripted", "max_tokens": 99}
    )
    with pytest.raises(ConfigurationError, match="max_tokens is 99, recorded with 300"):
        await runtime.simulations.make_ready("other", minds={"llm": f"replay:{file}"})
    await runtime.simulations.make_ready(
        "other", minds={"llm": f"replay:{file}", "max_tokens": 300}
    )


async def test_a_cassette_without_settings_is_played_as_ever(
    runtime: Runtime, tape: tuple[Path, list[str]]
) -> None:
    file, hashes = tape
    head, *rest = file.read_bytes().splitlines(keepends=True)
    assert set(json.loads(head)) == {"minds", "scrai_cassette"}
    file.write_bytes(b'{"scrai_cassette":1}\n' + b"".join(rest))
    minds = RECORDED | {"llm": f"replay:{file}"}
    minds["models"] = {"actor:actor-mayor": f"replay:{file}"}
    assert await run(runtime, "again", minds) == hashes


async def test_no_provider_and_no_address_is_on_a_cassette(
    runtime: Runtime, tape: tuple[Path, list[str]]
) -> None:
    head = json.loads(tape[0].read_bytes().splitlines()[0])["minds"]
    assert set(head) == {
        "ascii", "brief", "embeddings", "max_events", "max_repairs", "max_tokens", "on_bad_reply",
        "speakers", "subsystems", "temperature",
    }  # fmt: skip
    assert head["speakers"] == ["actor:actor-mayor"]


@pytest.mark.parametrize("text", ["nonsense\n", "[]\n", '{"minds": 1}\n'])
async def test_what_is_no_cassette_is_refused_at_once(
    runtime: Runtime, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    for spec, words in ((file, "line 1: not of a recording"), ("nowhere", "cannot be read")):
        with pytest.raises(ConfigurationError, match=words):
            await run(runtime, "again", {"llm": f"replay:{spec}"})
    file.write_text("")
    with pytest.raises((ConfigurationError, InvalidInputError)):
        await run(runtime, "again", {"llm": f"replay:{file}", "max_tokens": "many"})

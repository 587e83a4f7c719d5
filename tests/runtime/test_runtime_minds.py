"""Minds that no phase could use are refused at every door, in one line that says what would do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from scrai import _wall
from scrai.data import SimulationRepository
from scrai.errors import ConfigurationError, InvalidInputError, RepositoryError, UsageError
from scrai.models import Command, CommandKind, SimulationState
from scrai.runtime import Runtime, Settings
from scrai.store import MemoryStore

BAD: dict[str, Any] = {
    "a number": 5,
    "text": "scripted",
    "a list": ["scripted"],
    "empty": {},
    "no text": {"llm": 5},
    "misspelt": {"llm": "scripted", "modles": {}},
}
every = pytest.mark.parametrize("minds", BAD.values(), ids=BAD.keys())


@pytest.fixture
async def runtime() -> AsyncIterator[Runtime]:
    store = MemoryStore()
    await store.open()
    async with Runtime.open(Settings(backend="memory"), store=store) as found:
        await found.simulations.create("simple_town", simulation_id="town")
        yield found


async def step(runtime: Runtime) -> int:
    return (await runtime.reading.head("town")).step


@every
async def test_configure_refuses_them(runtime: Runtime, minds: Any) -> None:
    before = await step(runtime)
    with pytest.raises(InvalidInputError, match=r"^metadata\.minds") as refusal:
        await runtime.simulations.configure("town", {"metadata": {"minds": minds}})
    assert "\n" not in str(refusal.value)
    assert "{llm: scripted}" in str(refusal.value.hint)
    assert await step(runtime) == before
    assert "minds" not in (await runtime.engine.get("town")).metadata


async def test_configure_refuses_a_model_that_is_not_configured(runtime: Runtime) -> None:
    with pytest.raises(ConfigurationError):
        await runtime.simulations.configure("town", {"metadata": {"minds": {"llm": "no/such"}}})


async def test_configure_takes_good_ones(runtime: Runtime) -> None:
    await runtime.simulations.configure("town", {"metadata": {"minds": {"llm": "scripted"}}})
    assert (await runtime.engine.get("town")).metadata["minds"] == {"llm": "scripted"}


@every
async def test_a_repository_refuses_them(runtime: Runtime, minds: Any) -> None:
    simulations = SimulationRepository(runtime.store)
    with pytest.raises(RepositoryError, match=r"metadata\.minds"):
        await simulations.update("town", {"metadata": {"minds": minds}})
    bad = SimulationState(id="other", name="Other", metadata={"minds": minds})
    with pytest.raises(RepositoryError, match=r"metadata\.minds"):
        await simulations.create(bad)
    assert not await simulations.exists("other")


@every
async def test_a_step_refuses_a_command_that_brings_them(runtime: Runtime, minds: Any) -> None:
    payload = {"metadata": {"minds": minds, "more": 1}}
    command = Command(
        id="set", kind=CommandKind.CONFIGURE, payload=payload, submitted_at=_wall.now()
    )
    await runtime.engine.submit("town", command)
    result = await runtime.engine.apply_commands("town")
    assert result is not None
    assert result.notes[0].startswith("refused configure set: metadata.minds")
    assert not {"minds", "more"} & result.simulation.metadata.keys()


async def test_a_new_simulation_refuses_minds_that_are_no_object(runtime: Runtime) -> None:
    minds: Any = 5
    with pytest.raises(UsageError, match="minds is not an object"):
        await runtime.simulations.create("simple_town", simulation_id="other", minds=minds)

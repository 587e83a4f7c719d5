"""The text that `scenario new` starts from is a scenario that works."""

from __future__ import annotations

from pathlib import Path

import pytest

from _runs import run
from scrai.errors import InvalidInputError
from scrai.models import SimulationStatus
from scrai.scenarios import Scenario, resolve, scaffold


def made(folder: Path, name: str) -> Scenario:
    file = folder / "new.py"
    file.write_text(scaffold(name))
    return resolve(str(file))


@pytest.mark.parametrize("name", ["garden", "river-town", "x", "Two_Words", "a1"])
async def test_it_runs(tmp_path: Path, name: str) -> None:
    scenario = made(tmp_path, name)
    assert scenario.name == name
    assert scenario.description
    found = await run(scenario, 6)
    assert len(found.metric("vegetables")) == 6
    assert found.metric("vegetables")[-1] > 0


async def test_its_knobs_turn(tmp_path: Path) -> None:
    scenario = made(tmp_path, "garden")
    dry = await run(scenario, 12, rain=0)
    wet = await run(scenario, 12, rain=1, goal=1000)
    assert dry.metric("water")[-1] == 0
    assert wet.metric("vegetables")[-1] > dry.metric("vegetables")[-1]
    short = await run(scenario, None, rain=1, goal=5)
    assert short.state.status is SimulationStatus.COMPLETED
    assert short.metric("vegetables")[-1] >= 5
    assert "ended: the season is over" in short.notes


async def test_it_is_reproducible(tmp_path: Path) -> None:
    scenario = made(tmp_path, "garden")
    assert (await run(scenario, 6)).hashes == (await run(scenario, 6)).hashes
    assert (await run(scenario, 6)).hashes != (await run(scenario, 6, seed=2)).hashes


@pytest.mark.parametrize("name", ["", "1town", "a b", "a/b", "../x", "action", "é", "none", 'x"y'])
def test_names_that_are_no_words_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be the name of a scenario"):
        scaffold(name)

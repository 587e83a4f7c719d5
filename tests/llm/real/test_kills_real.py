"""SIGKILL between two calls, again and again: nothing that is recorded is asked or paid twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from _counting_model import COST, PRICES, CountingModel
from _real_runs import HERE, Place, costs, entities, recorded

from _server import serving
from scrai import _wall
from scrai.store.emulator import Emulator

PEOPLE = 50
CALLS = 1 + PEOPLE + 5 + 1
"""Events, one for each person, five batches of outcomes, the world."""
ENV = {**PRICES, "SCRAI_LLM_CONCURRENCY": "4", "SCRAI_LLM_TIMEOUT": "60"}
RUN = ("run", HERE / "_crowd.py", "--cycles", 1, "--id", "crowd", "--set", f"people={PEOPLE}")


async def whole(here: Place) -> tuple[str, float]:
    """Return hash and cost of an uninterrupted run."""
    model = CountingModel()
    async with serving(model) as server:
        code, out, err = await here.ended(*RUN, "--llm", f"{server.url}#m", "--credit-limit", 100)
        assert code == 0, err
    assert len(model.order) == CALLS
    _, out_costs, _ = await here.ended("simulation", "costs", "crowd")
    settled = json.loads(out_costs)["settled_usd"]
    assert settled == pytest.approx(CALLS * COST)
    return json.loads(out)["hash"], settled


class Killer:
    """Kills the program when a request comes in, and knows what it had recorded by then."""

    def __init__(self, here: Place, model: CountingModel, kills: Sequence[int]) -> None:
        self.here = here
        self.model = model
        self.left = list(kills)
        self.recorded: set[str] = set()
        self.again: list[str] = []
        self.process: Any = None
        model.strike = self.strike

    def strike(self, number: int) -> None:
        """Look at a request before it is answered."""
        question = self.model.order[-1]
        if question in self.recorded:
            self.again.append(question[:80])
        if self.left and number >= self.left[0]:
            self.left.pop(0)
            with suppress(ProcessLookupError):
                self.process.kill()

    async def run(self, *args: object) -> int:
        """Run the program to its end or death; learn what is recorded then."""
        self.process = await self.here.spawn(*args)
        _, err = await self.process.communicate()
        assert self.process.returncode in (0, -9), err
        async with self.here.store() as store:
            found = await recorded(store, "crowd")
        self.recorded = {call["request"]["messages"][-1][1] for call in found}
        return int(self.process.returncode)


async def through(here: Place, kills: Sequence[int]) -> Killer:
    """Run to the end through kills at the given requests."""
    model = CountingModel()
    killer = Killer(here, model, kills)
    async with serving(model) as server:
        code = await killer.run(*RUN, "--llm", f"{server.url}#m", "--credit-limit", 100)
        while code:
            code = await killer.run("run", "--resume", "crowd")
    assert not killer.left
    return killer


async def check(here: Place, killer: Killer, wanted: tuple[str, float]) -> None:
    """Hold what is stored against an uninterrupted run and against what the server saw."""
    digest, settled = wanted
    assert killer.again == []
    _, out, _ = await here.ended("simulation", "show", "crowd")
    assert json.loads(out)["hash"] == digest
    async with here.store() as store:
        found = await costs(store, "crowd")
        people = await entities(store, "actors", "crowd")
    lost = [each for each in found if each.get("flag") == "lost"]
    _, out, _ = await here.ended("simulation", "costs", "crowd")
    booked = json.loads(out)
    assert booked["settled_usd"] == pytest.approx(settled)
    assert booked["lost_usd"] == pytest.approx(sum(each["cost"] for each in lost))
    assert booked["open_usd"] == 0
    _check_asked(killer.model.asked, lost)
    assert {each["attributes"]["joy"] for each in people} == {1}


def _check_asked(asked: Counter[str], lost: list[dict[str, Any]]) -> None:
    """Whoever is asked again was lost; a lost one may never have reached the server."""
    assert len(asked) == CALLS
    again = sum(count - 1 for count in asked.values())
    assert again <= len(lost)


async def test_killed_every_few_calls(place: Callable[..., Place]) -> None:
    wanted = await whole(place("whole", **ENV))
    here = place("killed", **ENV)
    killer = await through(here, range(1, CALLS, 5))
    await check(here, killer, wanted)


@pytest.mark.emulator
async def test_killed_on_firestore(place: Callable[..., Place], emulator: Emulator) -> None:
    wanted = await whole(place("whole", **ENV))
    made = place("killed", **ENV)
    here = Place(made.folder, made.env, f"demo-{_wall.nonce(6)}", emulator.host)
    killer = await through(here, [9, 30])
    await check(here, killer, wanted)

"""Many processes at one simulation: nothing is lost, nothing twice, nobody starves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from scrai.runtime import Runtime, Settings

HANDS = Path(__file__).with_name("_hands.py")
PATIENCE = 240
INJECTORS, EACH = 8, (13, 13, 13, 13, 12, 12, 12, 12)

SLOW = """
import asyncio
from scrai.models import Actor
from scrai.scenarios import Scenario


class Slow(Scenario):
    name = "slow"

    def seed(self, context):
        context.extend(actors=[Actor(id="a", name="A")])

    async def prepare(self, context):
        await asyncio.sleep(0.5)
"""


def hands(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(HANDS), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


async def test_a_hundred_injects_from_eight_processes_while_two_step(tmp_path: Path) -> None:
    db, stop = tmp_path / "town.db", tmp_path / "stop"
    settings = Settings(db=db)
    async with Runtime.open(settings) as runtime:
        await runtime.simulations.create("simple_town", simulation_id="town")
        await runtime.simulations.cycle("town")
    steppers = [hands("step", db, "town", stop) for _ in range(2)]
    injectors = [
        hands("inject", db, "town", EACH[number], f"hand{number}") for number in range(INJECTORS)
    ]
    told = [answer(process) for process in injectors]
    stop.touch()
    stepped = [answer(process) for process in steppers]
    wanted = {f"hand{n}-{i}" for n in range(INJECTORS) for i in range(EACH[n])}
    assert len(wanted) == 100
    assert sum(item["applied"] for item in told) <= 100
    async with Runtime.open(settings) as runtime:
        listed = [item["id"] async for item in runtime.entities.listing("town", "actions")]
        assert Counter(key for key in listed if key in wanted) == Counter(wanted)
        await runtime.simulations.cycle("town")
        lines = [line async for line in runtime.reading.history("town")]
        given = [each for line in lines for each in line["commands"]]
        assert Counter(each["by"] for each in given) == Counter(
            {f"hand{n}": EACH[n] for n in range(INJECTORS)}
        )
        assert not [note for line in lines for note in line["notes"] if "refused" in note]
        stored = [item["id"] async for item in runtime.tables.rows("town", "actions")]
        assert Counter(key for key in stored if key in wanted) == Counter(wanted)
        async for _ in runtime.travel.replay("town"):
            pass
    assert [item["starved"] for item in stepped] == [0, 0], stepped
    assert all(item["phases"] > 0 for item in stepped), stepped


async def test_two_steps_at_once_run_one_phase(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    db, go = tmp_path / "slow.db", tmp_path / "go"
    async with Runtime.open(Settings(db=db)) as runtime:
        await runtime.simulations.create(str(tmp_path / "slow.py"), simulation_id="slow")
    racers = [hands("race", db, "slow", go) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    go.touch()
    found = sorted((answer(racer) for racer in racers), key=lambda item: "phase" in item)
    assert found[1] == {"phase": "initialize", "step": 1}
    assert found[0]["conflict"] in {"StepConflictError", "LeaseHeldError"}
    async with Runtime.open(Settings(db=db)) as runtime:
        lines = [line async for line in runtime.reading.history("slow")]
        assert [line["phase"] for line in lines] == ["initialize"]
        assert (await runtime.reading.head("slow")).error_count == 0

"""Decisions and deadlines take effect exactly once, wherever the worker is killed."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mediated import CYCLES, begin, engine_on, go_on
from scrai.engine import PhaseEngine
from scrai.models import SimulationPhase
from scrai.store import MemoryStore, SqliteStore
from test_crash import Cut, Cutter

PHASES = [phase.value for phase in SimulationPhase][1:6]
BOUNDARIES = ("after_load", "before_commit", "after_commit")
SCRIPT = Path(__file__).with_name("mediated.py")


async def account(target: PhaseEngine) -> dict[str, Any]:
    """Return what took effect: decisions taken, deadlines by step, the fate of everything."""
    decided: Counter[str] = Counter()
    lapsed: dict[str, int] = {}
    async for _, entry in target.journal.history("sim"):
        notes = entry.get("notes", [])
        for command in entry.get("commands", []):
            if not any(note.startswith(f"refused decide {command['id']}:") for note in notes):
                decided[command["id"]] += 1
        for note in notes:
            if " by policy, nobody decided" in note:
                assert note not in lapsed, "a deadline was kept twice"
                lapsed[note] = entry["step"]
    world = (await target.get("sim")).world_state
    return {"decided": decided, "lapsed": lapsed, "done": world["done"]}


@pytest.fixture(scope="module")
def whole() -> tuple[list[str], dict[str, Any]]:
    """Hashes and account of the run that nothing interrupts."""

    async def make() -> tuple[list[str], dict[str, Any]]:
        store = MemoryStore()
        await store.open()
        await begin(store)
        target = engine_on(store)
        found = await go_on(target), await account(target)
        await store.close()
        return found

    return asyncio.run(make())


def test_the_run_has_all_that_can_be_decided(whole: tuple[list[str], dict[str, Any]]) -> None:
    _, found = whole
    assert found["decided"] == {
        "decide~e1-social~approval": 1,
        "decide~x1-combat~approval": 1,
        "decide~e1-social~approval-1": 1,
        "decide~e2-social~approval": 1,
        "decide~x3-combat~approval": 1,
    }
    said = {" ".join(note.split()[:3]) for note in found["lapsed"]}
    # Lines of what nobody decided in time; two cycles for combat, one for social.
    assert said == {
        "action x2-combat: reject",
        "action x4-combat: reject",
        "action x1-social: approve",
        "action x2-social: approve",
        "action x3-social: approve",
        "action x4-social: approve",
        "action x5-social: approve",
        "event e3-social: cancel",
        "event e4-social: cancel",
    }
    effects = set(found["done"])
    assert {"changed", "x1-combat", "x3-combat", "x1-social", "e6-political"} <= effects
    assert not {"e1-social", "e2-social", "x2-combat", "x6-social"} & effects
    assert len(found["done"]) == len(effects)


async def test_a_replay_gives_the_same(whole: tuple[list[str], dict[str, Any]]) -> None:
    store = MemoryStore()
    await store.open()
    await begin(store)
    target = engine_on(store)
    hashes = await go_on(target)
    assert [step.hash async for step in target.replay("sim")] == hashes == whole[0]
    await store.close()


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("number", range(1, CYCLES + 1))
async def test_cut_at_every_boundary(
    store: MemoryStore,
    whole: tuple[list[str], dict[str, Any]],
    boundary: str,
    phase: str,
    number: int,
) -> None:
    await begin(store)
    with pytest.raises(Cut):
        await go_on(engine_on(store, Cutter(boundary, phase, number)))
    target = engine_on(store)
    assert await go_on(target) == whole[0]
    assert await account(target) == whole[1]


@pytest.fixture(scope="module")
def server() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ask(process: subprocess.Popen[str], **job: Any) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(job) + "\n")
    process.stdin.flush()
    return int(json.loads(process.stdout.readline()))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("phase", PHASES)
async def test_killed_at_every_boundary(
    tmp_path: Path,
    server: subprocess.Popen[str],
    whole: tuple[list[str], dict[str, Any]],
    boundary: str,
    phase: str,
) -> None:
    place = str(tmp_path / "town.db")
    assert ask(server, place=place, create=True, kill=[boundary, phase, 2]) == -signal.SIGKILL
    assert ask(server, place=place, kill=[boundary, phase, 1]) == -signal.SIGKILL
    assert ask(server, place=place) == 0
    store = SqliteStore(place)
    await store.open()
    try:
        target = engine_on(store)
        assert await go_on(target) == whole[0]
        assert await account(target) == whole[1]
    finally:
        await store.close()

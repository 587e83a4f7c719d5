"""The same run has the same hashes in every process, on every supported Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from _runs import run
from scrai.scenarios import SimpleTownScenario, resolve

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "scenarios" / "scrai_examples" / "scrai_examples"
PROGRAM = """
import asyncio, sys
from scrai.engine import PhaseEngine
from scrai.scenarios import create_default_scenario_service
from scrai.store import MemoryStore

async def main(spec, cycles):
    store = MemoryStore()
    await store.open()
    service = create_default_scenario_service()
    engine = PhaseEngine(store, service)
    await engine.create(service.new_simulation(spec, "sim", seed=1))
    async for result in engine.run("sim", cycles=cycles):
        print(result.hash)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def hashes(python: Path, spec: str, cycles: int, hash_seed: str) -> list[str]:
    done = subprocess.run(
        [str(python), "-c", PROGRAM, spec, str(cycles)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    return done.stdout.split()


@pytest.mark.parametrize("hash_seed", ["1", "77"])
async def test_the_town_is_the_same_everywhere(any_python: Path, hash_seed: str) -> None:
    here = await run(SimpleTownScenario(), 20)
    assert hashes(any_python, "simple_town", 20, hash_seed) == here.hashes


@pytest.mark.parametrize("name", ["boltzmann", "commons"])
async def test_the_examples_are_the_same_everywhere(any_python: Path, name: str) -> None:
    file = str(EXAMPLES / f"{name}.py")
    here = await run(resolve(file), 3)
    assert hashes(any_python, file, 3, "5") == here.hashes

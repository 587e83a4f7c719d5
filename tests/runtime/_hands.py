"""Processes that work on one simulation: run as a script by the tests of concurrency.

python _hands.py inject DB SIMULATION COUNT PREFIX      prints what became of the commands
python _hands.py step DB SIMULATION STOP                steps until the file STOP appears
python _hands.py race DB SIMULATION GO                  steps once as soon as the file GO appears
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from scrai.errors import StepConflictError
from scrai.runtime import Runtime, Settings


async def inject(runtime: Runtime, simulation: str, count: str, prefix: str) -> dict[str, Any]:
    applied = 0
    for number in range(int(count)):
        fields = {"id": f"{prefix}-{number}", "actor_id": "actor-mayor", "intent": "wave"}
        _, receipt = await runtime.entities.inject(simulation, "actions", fields, by=prefix)
        applied += receipt.applied
    return {"applied": applied}


async def step(runtime: Runtime, simulation: str, stop: str) -> dict[str, Any]:
    found = {"phases": 0, "conflicts": 0, "starved": 0}
    while not Path(stop).exists():
        try:
            await runtime.simulations.advance(simulation)
            found["phases"] += 1
        except StepConflictError as conflict:
            found["starved" if "commands kept coming" in conflict.message else "conflicts"] += 1
    return found


def wait_for(file: Path) -> None:
    """Wait in small sleeps: all racers begin within a millisecond."""
    while not file.exists():
        time.sleep(0.001)


async def race(runtime: Runtime, simulation: str, go: str) -> dict[str, Any]:
    await runtime.reading.head(simulation)
    print("ready", flush=True)
    wait_for(Path(go))
    try:
        result = await runtime.simulations.advance(simulation)
    except StepConflictError as conflict:
        return {"conflict": type(conflict).__name__, "message": conflict.message}
    return {"phase": result.executed_phase.value, "step": result.step}


async def main(verb: str, db: str, *rest: str) -> None:
    async with Runtime.open(Settings(db=Path(db))) as runtime:
        print(
            json.dumps(await {"inject": inject, "step": step, "race": race}[verb](runtime, *rest))
        )


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

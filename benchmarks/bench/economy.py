"""The exchange under measurement: an economy on the engine, cycles of a hundred ticks."""

from __future__ import annotations

import asyncio
import math
import resource
import sys
import time
from pathlib import Path
from typing import Any

from scrai.engine import PhaseEngine
from scrai.scenarios import create_default_scenario_service
from scrai.store import SqliteStore
from scrai.worlds.exchange._core import agents_now, set_up
from scrai.worlds.exchange._economy import Economy
from scrai.worlds.exchange._generate_build import build
from scrai.worlds.exchange._generate_presets import recipe

from .calibration import Stopwatch
from .pipe import Requests

CELLS_PER_AGENT = 80  # as in the preset `large`
LISTED = 10_000  # agents that have a utility each; more of them share a mix
NAME = "bench"


def document(
    preset: str, agents: int, level: str, ticks: int, params: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return a scenario: a preset, or the density of `large` with so many agents."""
    sizes: dict[str, Any] = {}
    if agents:
        side = math.ceil(math.sqrt(CELLS_PER_AGENT * agents))
        sizes = {"agents": agents, "grid": side, "per_type": agents > LISTED}
    made = build(recipe(preset, sizes), NAME, 1)
    changed = made["params"] | (params or {})
    return {**made, "params": changed, "telemetry": level, "ticks_per_cycle": ticks}


class Subject:
    """A simulation in a store, on an event loop of its own."""

    def __init__(self, scenario: dict[str, Any], folder: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.found = self.loop.run_until_complete(self._begin(scenario, folder))

    async def _begin(self, scenario: dict[str, Any], folder: str) -> dict[str, Any]:
        spec = Economy.of(scenario).spec(0)
        begun = time.process_time()
        world = set_up(spec, 0)
        set_up_ms = (time.process_time() - begun) * 1000
        begun = time.process_time()
        agents_now(world)
        first_ms = (time.process_time() - begun) * 1000
        path = Path(folder) / f"{time.time_ns()}.db"
        store = SqliteStore(path)
        await store.open()
        service = create_default_scenario_service()
        self.engine = PhaseEngine(store, service)
        state = service.new_simulation("exchange", NAME, configuration=scenario)
        await self.engine.create(state.model_copy(update={"max_phases": None}))
        return {"agents": spec.agents, "side": spec.N, "set_up_ms": set_up_ms, "first_ms": first_ms}

    def run(self, cycles: int) -> None:
        """Run so many cycles, each of them committed."""

        async def work() -> None:
            async for _ in self.engine.run(NAME, cycles=cycles):
                pass

        self.loop.run_until_complete(work())


def main() -> None:
    """Serve requests until the pipe closes."""
    requests = Requests()
    subject: Subject | None = None
    for request in requests:
        try:
            if request["do"] == "open":
                scenario = document(
                    *(request[key] for key in ("preset", "agents", "level", "ticks", "params"))
                )
                subject = Subject(scenario, request["folder"])
                requests.answer(subject.found)
            elif subject is not None:
                watch = Stopwatch()
                subject.run(request["cycles"])
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                kilobytes = peak / 1024 if sys.platform == "darwin" else peak
                requests.answer({**watch.stop(request["cycles"]), "peak_kb": kilobytes})
        except Exception:
            requests.fail()


if __name__ == "__main__":
    main()

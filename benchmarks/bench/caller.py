"""Our calls to models, with a client that answers at once (or after a while) from memory."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from scrai._wall import nonce
from scrai.data import store_simulation
from scrai.llm import (
    Ask,
    Budget,
    CallKey,
    Calls,
    CallSite,
    LLMAttempt,
    LLMClient,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMService,
    LLMServiceConfig,
    LLMUsage,
    ProviderConfig,
    Structured,
    nano,
)
from scrai.models import SimulationState
from scrai.store import MemoryStore, SqliteStore

from .calibration import Stopwatch
from .pipe import Requests

LIMIT = nano(1000)
PROMPT = "You are a villager. " + "The town is quiet and the bread is fresh. " * 12


class Choice(BaseModel):
    """What a villager answers."""

    intent: str = Field(max_length=200)
    targets: list[str] = Field(max_length=4)
    selected: int = Field(ge=0, le=2)


class Instant(LLMClient):
    """Answers well, after `seconds`."""

    label = "instant"
    model = "m"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def complete(
        self, request: LLMRequest, *, key: CallKey | None = None, deadline: float | None = None
    ) -> LLMOutcome:
        """Return the answer."""
        if self.seconds:
            await asyncio.sleep(self.seconds)
        text = '{"intent": "bakes bread", "targets": ["ada"], "selected": 1}'
        attempt = LLMAttempt("instant", "m", 200, None, 1.0)
        usage = LLMUsage(300, 20)
        return LLMOutcome(text, None, "instant", "m", usage, "stop", (attempt,), 1.0)

    async def stream(self, request: LLMRequest) -> AsyncIterator[str]:
        """Not measured."""
        yield (await self.complete(request)).content or ""

    async def list_models(self) -> list[str]:
        """Return the one there is."""
        return ["m"]

    async def validate(self) -> bool:
        """Be there."""
        return True

    async def close(self) -> None:
        """Nothing is open."""


class Phases:
    """Phases of one simulation, each with a call of every actor."""

    def __init__(self, backend: str, actors: int, seconds: float, folder: str) -> None:
        file = Path(folder or tempfile.gettempdir(), f"{nonce(6)}.db")
        self.store: Any = SqliteStore(file) if backend == "sqlite" else MemoryStore()
        config = LLMServiceConfig(
            ProviderConfig("instant"),
            prices={"instant/m": {"input": 1.0, "output": 2.0}},
        )
        self.service = LLMService(config, env={}, clients={"instant": Instant(seconds)})
        self.actors = actors
        self.phase = 0
        self.shape = Structured(Choice)

    async def open(self) -> None:
        """Create the simulation."""
        await self.store.open()
        await store_simulation(self.store, SimulationState(id="town", name="town"))

    async def run(self, phases: int) -> None:
        """Run so many phases: ask, judge, settle, commit."""
        for _ in range(phases):
            self.phase += 1
            calls = Calls(
                self.store,
                "town",
                CallSite(self.phase, "action_collection", 0, step=self.phase),
                self.service,
                Budget(simulation=LIMIT),
            )
            asks = [
                Ask(
                    f"act/{number:05d}",
                    (LLMMessage("system", PROMPT), LLMMessage("user", f"You are {number}.")),
                    self.shape,
                    actor_id=f"a{number}",
                )
                for number in range(self.actors)
            ]
            replies = await calls.ask_all(asks)
            if not all(reply.ok for reply in replies):
                raise RuntimeError(next(reply.failure for reply in replies if not reply.ok))
            settled = await calls.settlement()
            await self.store.commit(settled.writes)


def main() -> None:
    """Serve until the pipe closes."""
    requests = Requests()
    loop = asyncio.new_event_loop()
    phases: Phases | None = None
    for request in requests:
        try:
            if request.pop("do") == "open":
                phases = Phases(**request)
                loop.run_until_complete(phases.open())
                requests.answer(None)
            elif phases is not None:
                watch = Stopwatch()
                loop.run_until_complete(phases.run(request["cycles"]))
                found = watch.stop(request["cycles"] * phases.actors)
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                requests.answer(found | {"peak_mb": peak / (1024 * (1024 if MAC else 1))})
        except Exception:
            requests.fail()


MAC = sys.platform == "darwin"

if __name__ == "__main__":
    main()

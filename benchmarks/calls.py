"""What a recorded, metered, validated model call costs ScrAI itself.

    python benchmarks/calls.py              a table
    python benchmarks/calls.py --json       the same as JSON

A server that answers after a fixed time stands in for the model. CPU is that of the process less
that of asking the stand-in alone; wall time is compared with the fewest rounds
of the latency that the calls can be made in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel

from scrai.llm import (
    Ask,
    Budget,
    CallKey,
    Calls,
    CallSite,
    LLMMessage,
    LLMOutcome,
    LLMRequest,
    LLMUsage,
    Structured,
)
from scrai.store import SqliteStore

CONCURRENCY = 32
LATENCY = 0.2
COUNTS = (1, 100, 1000)
PROMPT = "You live in a small town. " * 40
REPLY = '{"intent":"buy bread","reason":"nothing is left","target":3,"options":["a","b","c"]}'


class Move(BaseModel):
    """What a mind decides."""

    intent: str
    reason: str
    target: int
    options: list[str]


MOVE = Structured(Move)


class StandIn:
    """Answers every request alike, so many at once."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def send(
        self, request: LLMRequest, *, provider: str | None = None, key: CallKey | None = None
    ) -> LLMOutcome:
        """Return the reply after the latency."""
        async with self._slots:
            await asyncio.sleep(LATENCY)
        usage = LLMUsage(len(request.messages) * 200, 40)
        return LLMOutcome(REPLY, provider="stand-in", model="one", usage=usage)

    def worst_case(self, request: LLMRequest, provider: str | None = None) -> int | None:
        """Return a price."""
        return 1_000_000

    def cost(self, outcome: LLMOutcome) -> int | None:
        """Return a price."""
        return outcome.usage.output_tokens * 1000


@dataclass(frozen=True)
class Figures:
    """One row: CPU in ms a call, wall time as a multiple of the ideal."""

    calls: int
    cpu_ms: float
    wall_ratio: float


async def measure(count: int) -> Figures:
    """Run a phase of so many calls on a fresh sqlite file."""
    asks = [
        Ask(
            f"act~{number:05d}",
            [LLMMessage("system", PROMPT), LLMMessage("user", f"You are citizen {number}.")],
            MOVE,
            actor_id=f"citizen-{number}",
        )
        for number in range(count)
    ]
    alone = await _alone([ask.request() for ask in asks])
    budget = Budget(simulation=10**12, cycle=10**12, batch="all", batch_limit=10**12)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "calls.db")
        await store.open()
        cpu, wall = time.process_time(), time.perf_counter()
        site = CallSite(1, "action_collection", 0, step=3)
        calls = Calls(store, "town", site, StandIn(), budget, in_flight=CONCURRENCY)
        replies = await calls.ask_all(asks)
        await store.commit((await calls.settlement()).writes)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        await store.close()
    if not all(reply.ok for reply in replies):
        raise SystemExit("a call failed")
    ideal = math.ceil(count / CONCURRENCY) * LATENCY
    return Figures(count, round(max(0.0, cpu - alone) / count * 1000, 3), round(wall / ideal, 3))


async def _alone(requests: list[LLMRequest]) -> float:
    service, begun = StandIn(), time.process_time()
    await asyncio.gather(*[service.send(request) for request in requests])
    return time.process_time() - begun


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="what a model call costs ScrAI itself")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    asyncio.run(measure(1))  # imports and the first statements are not what is asked about
    rows = [asyncio.run(measure(count)) for count in COUNTS]
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
        return
    print(f"{'calls':>6} {'CPU ms/call':>12} {'wall/ideal':>11}")
    for row in rows:
        print(f"{row.calls:>6} {row.cpu_ms:>12.3f} {row.wall_ratio:>11.3f}")


if __name__ == "__main__":
    main()

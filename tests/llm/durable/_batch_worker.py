"""A process that runs phases of one simulation under a batch budget, until it is killed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from pathlib import Path

import httpx
from _fake import asks, prepare

sys.path.append(str(Path(__file__).parents[1]))

from _fakes import VirtualClock
from _fakes import said as answered
from scrai.errors import ConflictError
from scrai.llm import Budget, Calls, CallSite, LLMService, LLMServiceConfig, ProviderConfig
from scrai.store import SqliteStore, create

BATCH = "all"
CALLS = 6
WORST = 100
"""Tokens of output that a call may have; one costs a nano-USD."""
FAULTS = 3
"""Fewer than this many attempts of a call are lost in one life of a worker."""


class Server:
    """Writes down every request, and what it may bill, before it answers, as a server's log would.

    The first answers to some calls come late or not at all, though the work was done.
    """

    def __init__(self, log: Path, phase: int) -> None:
        self._log = log
        self._phase = phase
        self._asked: Counter[int] = Counter()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        slot = int(json.loads(request.content)["messages"][0]["content"].split()[-1])
        lost = self._asked[slot] < (self._phase + slot) % FAULTS
        self._asked[slot] += 1
        used = WORST if lost else 40 + slot
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, f"{self._phase} slot-{slot:04d} {used}\n".encode())
        os.close(handle)
        await asyncio.sleep(0.01)
        if lost:
            raise httpx.ReadTimeout("late")
        return httpx.Response(200, json=answered("fine", usage=(10, used)))

    def service(self) -> LLMService:
        """Return a service that speaks to it."""
        config = ProviderConfig("openai-compatible", "m", "http://one.example/v1")
        prices = {"openai-compatible/m": {"input": 0, "output": 0.001}}
        return LLMService(
            LLMServiceConfig(config, prices=prices),
            env={},
            transport=httpx.MockTransport(self),
            clock=VirtualClock(),
        )


async def work(database: str, name: str, limit: int, phases: int) -> None:
    store = SqliteStore(Path(database))
    await prepare(store, name)
    path = f"simulations/{name}"
    budget = Budget(batch=BATCH, batch_limit=limit)
    for phase in range(phases):
        if await store.get(f"{path}/steps", f"{phase:010d}") is not None:
            continue
        site = CallSite(phase, "world_update", 0, step=phase)
        server = Server(Path(database).parent / f"{name}.log", phase)
        calls = Calls(store, name, site, server.service(), budget, in_flight=3)
        await calls.ask_all(asks(CALLS, max_tokens=WORST))
        await settle(store, calls, path, phase)
    await store.close()


async def settle(store: SqliteStore, calls: Calls, path: str, phase: int) -> None:
    """Commit the phase; rivals change the batch's account all the time."""
    while True:
        found = await calls.settlement()
        costs = [
            create(f"{path}/costs", f"{phase:010d}-{number:05d}", cost.model_dump(mode="json"))
            for number, cost in enumerate(found.costs)
        ]
        marker = create(f"{path}/steps", f"{phase:010d}", {"commit_id": "c"}, {"step": phase})
        try:
            await store.commit([marker, *found.writes, *costs])
        except ConflictError as error:
            if not found.is_stale(error):
                raise
        else:
            return


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))

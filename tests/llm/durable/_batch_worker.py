"""A process that runs phases of one simulation under a batch budget, until it is killed."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from _fake import FakeService, asks, said

from scrai.errors import ConflictError
from scrai.llm import Budget, Calls, CallSite, LLMOutcome
from scrai.store import SqliteStore, create

BATCH = "all"
CALLS = 6


class Server(FakeService):
    """Writes down every request before it answers, as a server's log would."""

    def __init__(self, log: Path, phase: int) -> None:
        super().__init__()
        self._log = log
        self._phase = phase

    async def send(self, request: Any, *, key: Any = None, **rest: Any) -> LLMOutcome:
        line = f"{self._phase} {key.slot}\n".encode()
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, line)
        os.close(handle)
        await asyncio.sleep(0.01)
        return said("fine", 40 + int(key.slot[-1]))


async def work(database: str, name: str, limit: int, phases: int) -> None:
    store = SqliteStore(Path(database))
    await store.open()
    path = f"simulations/{name}"
    budget = Budget(batch=BATCH, batch_limit=limit)
    for phase in range(phases):
        if await store.get(f"{path}/steps", f"{phase:010d}") is not None:
            continue
        site = CallSite(phase, "world_update", 0, step=phase)
        server = Server(Path(database).parent / f"{name}.log", phase)
        calls = Calls(store, name, site, server, budget, in_flight=3)
        await calls.ask_all(asks(CALLS))
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

"""A process that steps a simulation and kills itself, with SIGKILL, at a chosen boundary.

It serves jobs from standard input, one JSON object a line, each in a fork of its own, so that
hundreds of kills do not pay hundreds of imports. Nothing that a fork could not carry (threads,
gRPC, sqlite connections) exists before the fork.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "engine"))

from scrai.engine import _snapshots
from scrai.models import Action, Command, CommandKind
from scrai.store import SqliteStore
from village import Village, engine, state

VILLAGERS = 3
_snapshots.INLINE_SNAPSHOT = 0  # every physical snapshot is uploaded in chunks, and can be cut


def store_of(job: dict[str, Any]) -> Any:
    if job["backend"] == "sqlite":
        return SqliteStore(job["place"])
    from scrai.store._firestore import FirestoreStore

    return FirestoreStore(project_id=job["place"], emulator_host=job["host"])


class Killer:
    """Kills this process the nth time a boundary is reached."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.boundary = job.get("boundary")
        self.phase = job.get("phase")
        self.left = job.get("number", 1)

    def __call__(self, boundary: str, phase: str) -> None:
        if boundary == self.boundary and phase in ("", self.phase):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def work(job: dict[str, Any]) -> None:
    store = store_of(job)
    await store.open()
    try:
        target = engine(store, Village(VILLAGERS), probe=Killer(job))
        if job.get("create"):
            await target.create(state())
            await target.submit("sim", injection())
        head = await target.journal.head("sim")
        async for _ in target.run("sim", cycles=job["cycles"] - head.cycles):
            pass
        head = await target.journal.head("sim")
        done = json.dumps({"hash": head.hash, "step": head.step})
        Path(job["report"]).write_text(done)
    finally:
        await store.close()


def injection() -> Command:
    """Return one fixed command, so that the inbox is part of what may be cut."""
    action = Action(id="gift", actor_id="v0", source="player", created_at="2000-01-01T00:00:00Z")
    return Command(
        id="inject-gift",
        kind=CommandKind.INJECT_ACTION,
        entity_id="gift",
        payload=action.model_dump(mode="json", exclude_defaults=True)
        | {"scheduled_for": "2000-01-01T01:00:00Z"},
        submitted_at="2000-01-01T00:00:00Z",
    )


def serve() -> None:
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(work(job))
                os._exit(0)
            except BaseException as problem:  # the parent process must hear of anything
                Path(job["report"]).write_text(f"{type(problem).__name__}: {problem}")
                os._exit(1)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        answer = {"killed": killed, "code": os.waitstatus_to_exitcode(status)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve()

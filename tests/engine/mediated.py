"""A run with every kind of decision, by persons and by policy: whole, cut, or as a process.

python mediated.py      serves jobs from standard input, one JSON object a line; each in a fork
                        of its own, which may kill itself with SIGKILL at a boundary of a step
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from market import Market
from scrai.engine import PhaseEngine
from scrai.errors import AlreadyExistsError
from scrai.models import Command, CommandKind
from scrai.store import DocumentStore, SqliteStore
from village import engine, state

CYCLES = 6
AT = "2000-01-01T00:00:00Z"
RULES: list[dict[str, Any]] = [
    {"kind": "actions", "type": "combat", "require": True, "deadline_cycles": 2, "then": "reject"},
    {
        "kind": "actions",
        "type": "social",
        "require": True,
        "who": ["ann"],
        "deadline_cycles": 1,
        "then": "approve",
    },
    {
        "kind": "events",
        "type": "social",
        "require": True,
        "who": ["ann"],
        "escalate_to": ["boss"],
        "deadline_cycles": 2,
        "then": "cancel",
    },
    {"kind": "events", "type": "political", "require": True, "auto": "approve"},
]
CHANGED = [{"op": "append", "target": "world", "path": "done", "value": "changed"}]
PLAN: dict[int, list[tuple[str, str, str, str, str]]] = {
    2: [
        ("events", "e1-social", "approval", "escalate", "ann"),
        ("actions", "x1-combat", "approval", "approve", "bob"),
        ("actions", "x1-social", "approval", "approve", "bob"),  # may not: policy approves it
    ],
    3: [
        ("events", "e1-social", "approval-1", "modify", "boss"),
        ("events", "e2-social", "approval", "reject", "ann"),
    ],
    4: [("actions", "x3-combat", "approval", "approve", "bob")],
    5: [("actions", "x3-combat", "approval", "reject", "late")],
}
"""What reviewers submit before Event Generation of a cycle."""


def decision(kind: str, key: str, gate: str, word: str, by: str) -> Command:
    payload: dict[str, Any] = {"decision": word, "gate": gate}
    if word == "modify":
        payload["changes"] = {"effects": CHANGED}
    return Command(
        id=f"decide~{key}~{gate}",
        kind=CommandKind.DECIDE,
        collection=kind,
        entity_id=key,
        by=by,
        payload=payload,
        submitted_at=AT,
    )


def engine_on(store: DocumentStore, probe: Callable[[str, str], None] | None = None) -> PhaseEngine:
    return engine(store, Market(), probe=probe)


async def begin(store: DocumentStore) -> None:
    await engine_on(store).create(state(metadata={"mediation": {"rules": RULES}}))


async def go_on(target: PhaseEngine) -> list[str]:
    """Run to the end from wherever it stands; return the hashes of the steps."""
    while (head := await target.journal.head("sim")).cycles < CYCLES:
        if head.phase == "event_generation":
            for each in PLAN.get(head.cycles + 1, ()):
                with suppress(AlreadyExistsError):
                    await target.submit("sim", decision(*each))
        await target.step("sim")
    return [entry["hash"] async for _, entry in target.journal.history("sim")]


class Killer:
    """Kills this process the nth time a boundary is reached in a phase."""

    def __init__(self, boundary: str, phase: str, number: int) -> None:
        self.place = (boundary, phase)
        self.left = number

    def __call__(self, boundary: str, phase: str) -> None:
        if (boundary, phase) == self.place:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def work(job: dict[str, Any]) -> None:
    store = SqliteStore(job["place"])
    await store.open()
    try:
        kill = Killer(*job["kill"]) if job.get("kill") else None
        if job.get("create"):
            await begin(store)
        await go_on(engine_on(store, kill))
    finally:
        await store.close()


def serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(work(json.loads(line)))
                os._exit(0)
            except BaseException as problem:  # the parent process must hear of anything
                print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
                os._exit(1)
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


if __name__ == "__main__":
    serve()

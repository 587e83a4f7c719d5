"""Runs one script of operations on a backend and prints all that can be seen of it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from commands import decide
from scrai.models import Command, CommandKind
from scrai.store import DocumentStore, MemoryStore
from village import Village, engine, run, state

AT = "2000-01-01T00:00:00Z"


def fixed(kind: CommandKind, key: str, entity: str | None = None, **payload: Any) -> Command:
    return Command(id=key, kind=kind, entity_id=entity, payload=payload, submitted_at=AT)


async def script(store: DocumentStore, scenario: Any = None) -> dict[str, Any]:
    """Create, run, command, decide, restore, branch; return everything but wall times."""
    target = engine(store, scenario or Village(gated="events"))
    await target.create(state(seed=7))
    held = (await run(target, 1))[-1]
    for gate in held.awaiting:
        await target.submit("sim", decide("events", gate.entity_id, "approve"))
    await run(target, 1)
    await target.submit(
        "sim", fixed(CommandKind.CONFIGURE, "c1", None, auto_approve_events=True, name="Renamed")
    )
    await target.submit(
        "sim", fixed(CommandKind.UPDATE_ACTOR, "c2", "v0", metadata={"é": [1, 2.5, None, "ß"]})
    )
    await run(target, 3)
    await target.restore("sim", 8)
    await run(target, 1)
    await target.branch("sim", 8, "child")
    await run(target, 2, "child")
    return {
        name: {
            "state": json.loads(json.dumps(await seen(target, name))),
            "steps": [entry async for entry in steps(target, name)],
        }
        for name in ("sim", "child")
    }


WALL = {"started_at", "duration_ms", "commit_id", "versions"}


async def steps(target: Any, name: str) -> Any:
    async for _, entry in target.journal.history(name):
        kept = {key: value for key, value in entry.items() if key not in WALL | {"head"}}
        for command in kept.get("commands", []):
            command.pop("submitted_at")
        yield kept


async def seen(target: Any, name: str) -> dict[str, Any]:
    found = (await target.get(name)).model_dump(mode="json")
    walls = ("created_at", "started_at", "updated_at", "last_snapshot_at", "revision")
    for key in (*walls, "phase_statistics"):
        found.pop(key)
    return found  # type: ignore[no-any-return]


async def town() -> list[str]:
    """Return the hashes of thirty cycles of the built-in town."""
    from scrai.engine import PhaseEngine
    from scrai.models import SimulationState
    from scrai.scenarios import create_default_scenario_service

    store = MemoryStore()
    await store.open()
    target = PhaseEngine(store, create_default_scenario_service())
    await target.create(
        SimulationState(id="town", name="Town", scenario_module="simple_town", seed=11)
    )
    found = [result.hash async for result in target.run("town", cycles=30)]
    await store.close()
    return found


async def main() -> dict[str, Any]:
    store = MemoryStore()
    await store.open()
    found = {"village": await script(store), "town": await town()}
    await store.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main()), sort_keys=True))

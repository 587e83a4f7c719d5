"""What came to its end on a branch's line before it branched: a branch begins with what lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from scrai.data import MODELS
from scrai.engine._journal import NO_PATCHES, TERMINAL, Journal, apply_patches
from scrai.models import from_stored


async def inherited(journal: Journal, simulation_id: str, kind: str) -> AsyncIterator[Any]:
    """Yield the events or actions that ended before a simulation branched, in that order.

    They are the ancestors' and lie with them, so they are told from the journals: an ancestor may
    have been restored meanwhile to a time in which they had not ended, or were not there. What an
    ancestor did that is deleted by now is not among them.

    Args:
        journal, simulation_id: the branch; another simulation has none.
        kind: `events` or `actions`.
    """
    head = await journal.head(simulation_id)
    line = await journal.line(simulation_id, head.step)
    before = [segment for segment in line if segment.simulation_id != simulation_id]
    if not before:
        return
    first = await journal.state_at(before[0].simulation_id, before[0].first)
    tables = {kind: first.entities[kind]}
    for segment in before:
        async for entry in journal.entries(segment):
            if entry["kind"] in NO_PATCHES:
                continue
            patches = await journal.patches(entry)
            found = {key: each for key, each in patches.items() if key.startswith(f"{kind}/")}
            apply_patches(tables, found)
            for key in found:
                name = key.partition("/")[2]
                if tables[kind].get(name, {}).get("status") in TERMINAL[kind]:
                    value = tables[kind].pop(name)
                    yield _loaded(kind, value, entry, segment.simulation_id)


def _loaded(kind: str, value: dict[str, Any], entry: dict[str, Any], owner: str) -> Any:
    entity = from_stored(MODELS[kind], value, entry["versions"]["schema"])
    entity.__dict__["simulation_id"] = owner
    return entity

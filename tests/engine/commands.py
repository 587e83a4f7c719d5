"""Short ways to make commands."""

from __future__ import annotations

from itertools import count
from typing import Any

from scrai import _wall
from scrai.models import Command, CommandKind

_numbers = count()


def make(kind: CommandKind, entity_id: str | None = None, **fields: Any) -> Command:
    return Command(
        id=fields.pop("id", f"c{next(_numbers)}"),
        kind=kind,
        entity_id=entity_id,
        submitted_at=_wall.now(),
        **fields,
    )


def pause() -> Command:
    return make(CommandKind.PAUSE)


def resume() -> Command:
    return make(CommandKind.RESUME)


def stop() -> Command:
    return make(CommandKind.STOP)


def decide(
    collection: str,
    entity_id: str,
    decision: str,
    by: str = "ada",
    gate: str = "approval",
    **rest: Any,
) -> Command:
    return make(
        CommandKind.DECIDE,
        entity_id,
        id=f"decide~{entity_id}~{gate}",
        collection=collection,
        by=by,
        payload={"decision": decision, "gate": gate, **rest},
    )

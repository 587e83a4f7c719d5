"""The lifecycle messages of a simulation. They are derived from the journal, never stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

PHASE_COMPLETED = "phase_completed"
PHASE_FAILED = "phase_failed"
CYCLE_COMPLETED = "cycle_completed"
COMMANDS_APPLIED = "commands_applied"
ENTITY_CREATED = "entity_created"
ENTITY_CHANGED = "entity_changed"
ENTITY_REMOVED = "entity_removed"
WORLD_CHANGED = "world_changed"
RESTORED = "restored"
STATUS_CHANGED = "status_changed"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that a step did.

    Attributes:
        name: one of the names of this module.
        simulation_id: where it happened.
        step, index: its place in the feed; a subscriber resumes after the last it saw.
        data: what belongs to it.
    """

    name: str
    simulation_id: str
    step: int
    index: int
    data: Mapping[str, Any] = field(default_factory=dict)


def messages_of(simulation_id: str, entry: Mapping[str, Any]) -> list[Message]:
    """Return the messages of a journal entry, numbered in a fixed order."""
    return [
        Message(name, simulation_id, entry["step"], index, data)
        for index, (name, data) in enumerate(_derive(entry))
    ]


def _derive(entry: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    where = {"cycle": entry.get("cycle"), "phase": entry.get("phase")}
    for key, patch in sorted(entry.get("patches", {}).items()):
        kind, _, name = key.partition("/")
        if kind == "parts":
            yield WORLD_CHANGED, {"part": name} | where
        elif kind in ("actors", "events", "actions"):
            yield _of_entity(patch), {"collection": kind, "id": name} | where
    if entry.get("commands"):
        ids = [command["id"] for command in entry["commands"]]
        yield COMMANDS_APPLIED, {"commands": ids} | where
    if entry.get("failure"):
        yield PHASE_FAILED, {"error": entry["failure"]} | where
    if entry.get("kind") == "restore":
        yield RESTORED, {"target": entry.get("target")}
    if entry.get("kind") == "phase":
        yield PHASE_COMPLETED, {"hash": entry.get("hash")} | where
        if "snapshot" in entry:
            yield CYCLE_COMPLETED, {"metrics": entry.get("metrics", {})} | where
    if "status" in entry:
        yield STATUS_CHANGED, {"status": entry["status"]}


def _of_entity(patch: Mapping[str, Any]) -> str:
    if "new" in patch:
        return ENTITY_CREATED
    return ENTITY_REMOVED if "gone" in patch else ENTITY_CHANGED

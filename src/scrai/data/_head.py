"""The head of a simulation: position, status, lease, counts and digests, at most 8 KiB.

The head is the one document that every step of a simulation rewrites; its revision fences them.
World, environment, configuration and metadata are parts beside it, rewritten when they change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import orjson

from scrai.data._mapping import stamp
from scrai.errors import (
    InvalidInputError,
    SimulationEndedError,
    SimulationMissingError,
    StoreCorruptError,
)
from scrai.models import (
    SCHEMA_VERSION,
    SimulationPhase,
    SimulationState,
    SimulationStatus,
    check_schema,
    parse_time,
)
from scrai.store import Column, Document, Payload, trusted

PARTS: Final = ("configuration", "environment", "metadata", "world_state")
MAX_HEAD_BYTES: Final = 8192
MAX_NAME_BYTES: Final = 400
MAX_DESCRIPTION_BYTES: Final = 2000


def check_texts(name: str, description: str) -> None:
    """Refuse texts that would make the head large; raises InvalidInputError."""
    for what, text, limit in (
        ("name", name, MAX_NAME_BYTES),
        ("description", description, MAX_DESCRIPTION_BYTES),
    ):
        # As JSON, which the head is: a quotation mark takes two bytes, a control character six.
        size = len(json.dumps(text, ensure_ascii=False).encode("utf-8", "surrogatepass")) - 2
        if size > limit:
            raise InvalidInputError(
                f"the {what} of a simulation has {size:,} bytes, over {limit:,}",
                hint="put long texts into metadata; the head of a simulation stays small",
            )


@dataclass(slots=True)
class Head:
    """What the head document holds. Times are strings; enums their values."""

    name: str
    scenario: str | None
    seed: int
    description: str = ""
    status: str = SimulationStatus.CREATED.value
    phase: str = SimulationPhase.INITIALIZE.value
    cycles: int = 0
    step: int = 0
    max_phases: int | None = None
    epoch: str = "2000-01-01T00:00:00.000000Z"
    cycle_seconds: float = 3600.0
    created_at: str = ""
    started_at: str | None = None
    updated_at: str = ""
    completed_at: str | None = None
    auto_approve_events: bool = False
    auto_approve_actions: bool = False
    researcher_mode: bool = False
    log: list[dict[str, Any]] = field(default_factory=list)
    passes: dict[str, int] = field(default_factory=dict)
    redo_until: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    retired_digest: str = ""
    hash: str = ""
    last_error: str | None = None
    error_count: int = 0
    tries: int = 0
    snapshot_count: int = 0
    last_snapshot_at: str | None = None
    snapshot_step: int | None = None
    patch_bytes: int = 0
    phase_statistics: dict[str, Any] = field(default_factory=dict)
    parent: dict[str, Any] | None = None
    fork: dict[str, Any] | None = None
    lease: dict[str, Any] | None = None
    token: int = 0
    beat: int = 0
    sweep: list[int] | None = None
    deleting: bool = False
    schema_version: int = 1

    def value(self) -> dict[str, Any]:
        """Return the head as a JSON object, defaults left out."""
        every = zip(_DEFAULTS.items(), _FIELDS(self), strict=True)
        return {name: value for (name, default), value in every if value != default}

    def copy(self) -> Head:
        """Return a shallow copy; faster than `dataclasses.replace`, and steps make two."""
        return Head(*_FIELDS(self))

    def payload(self) -> Payload:
        """Return the head in canonical bytes; all that is in it was checked on its way in."""
        return trusted(orjson.dumps(self.value(), option=orjson.OPT_SORT_KEYS))

    @classmethod
    def read(cls, value: dict[str, Any], where: str) -> Head:
        """Rebuild a head from its stored object; raises StoreCorruptError naming `where`."""
        check_schema(value.get("schema_version", 1), where)
        try:
            return cls(**value)
        except TypeError as problem:
            raise StoreCorruptError(f"{where}: not a simulation head ({problem})") from None

    def columns(self) -> dict[str, Column]:
        """Return the indexed columns of the head document."""
        return {
            "name": self.name,
            "status": self.status,
            "scenario": self.scenario,
            "created_at": self.created_at,
            "parent": self.parent["simulation_id"] if self.parent else None,
        }

    def position(self) -> dict[str, Any]:
        """Return what a journal entry must hold so that a restore can stand here again."""
        position = {name: getattr(self, name) for name in POSITION_FIELDS}
        return position | {"retired": self.counts.get("retired", 0)}


_ALWAYS: Final = frozenset({"name", "scenario", "seed", "created_at", "updated_at"})
POSITION_FIELDS: Final = ("cycles", "passes", "phase", "redo_until", "retired_digest", "status")


def _defaults() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in fields(Head):
        if item.name in _ALWAYS:
            found[item.name] = object()
        elif callable(item.default_factory):
            found[item.name] = item.default_factory()
        else:
            found[item.name] = item.default
    return found


_DEFAULTS: Final = _defaults()
_FIELDS: Final = attrgetter(*(item.name for item in fields(Head)))


def read_head(document: Document) -> Head:
    """Return the head in a simulation's document; raises StoreCorruptError."""
    return Head.read(document.value(), f"{document.collection}/{document.id}")


def not_whole(simulation_id: str) -> SimulationEndedError:
    """Return the error for a simulation of which there is only a part (now)."""
    return SimulationEndedError(
        f"simulation {simulation_id} is not whole: it is being deleted, or made",
        hint=f"scrai simulation delete {simulation_id} removes what is left of one",
    )


def missing(simulation_id: str) -> SimulationMissingError:
    """Return the error for a simulation that does not exist."""
    return SimulationMissingError(
        f"no simulation {simulation_id!r}", hint="scrai simulation list shows those there are"
    )


def head_of(state: SimulationState) -> Head:
    """Return the head of a simulation that is about to be created."""
    return Head(
        name=state.name,
        scenario=state.scenario_module,
        seed=state.seed,
        description=state.description,
        max_phases=state.max_phases,
        epoch=stamp(state.epoch) or "",
        cycle_seconds=state.cycle_seconds,
        created_at=stamp(state.created_at) or "",
        updated_at=stamp(state.updated_at) or "",
        auto_approve_events=state.auto_approve_events,
        auto_approve_actions=state.auto_approve_actions,
        researcher_mode=state.researcher_mode,
        schema_version=SCHEMA_VERSION,
    )


def moment(text: str | None) -> datetime | None:
    """Return a stored time as an aware datetime."""
    return None if text is None else parse_time(text)

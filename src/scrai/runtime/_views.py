"""The shapes in which every door shows things: plain JSON objects, documented in
docs/json-shapes.md. Scripts depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from scrai.data import Head
from scrai.engine import PhaseResult
from scrai.models import SimulationState

COMPLETED: Final = "completed"
ENTRY: Final = (
    "step",
    "cycle",
    "phase",
    "next_phase",
    "notes",
    "generated_event_ids",
    "generated_action_ids",
    "hash",
    "started_at",
    "duration_ms",
)
"""The fields of a history line that are always there."""

_EMPTY: Final[Mapping[str, Any]] = {
    "notes": (),
    "generated_event_ids": (),
    "generated_action_ids": (),
    "duration_ms": 0.0,
    "cycle": 0,
}


def summary(state: SimulationState, digest: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return a simulation in nine fields."""
    return {
        "simulation_id": state.id,
        "name": state.name,
        "scenario": state.scenario_module,
        "status": state.status.value,
        "current_phase": state.current_phase.value,
        "phase_number": state.phase_number,
        "revision": state.revision,
        "hash": digest,
        "metrics": dict(metrics),
    }


def listed(simulation_id: str, head: Head, revision: str) -> dict[str, Any]:
    """Return a simulation as a line of a list; it needs nothing but its head."""
    ended = head.status == COMPLETED
    return {
        "simulation_id": simulation_id,
        "name": head.name,
        "scenario": head.scenario,
        "status": head.status,
        "current_phase": COMPLETED if ended else head.phase,
        "phase_number": head.cycles,
        "max_phases": head.max_phases,
        "step": head.step,
        "revision": revision,
        "hash": head.hash,
        "parent": head.parent,
        "created_at": head.created_at,
        "updated_at": head.updated_at,
        "deleting": head.deleting,
    }


def phase_result(result: PhaseResult) -> dict[str, Any]:
    """Return what one phase did."""
    return {
        "simulation_id": result.simulation.id,
        "step": result.step,
        "cycle": result.cycle,
        "executed_phase": result.executed_phase.value,
        "next_phase": result.next_phase.value,
        "outcome": result.outcome.value,
        "generated_event_ids": result.generated_event_ids,
        "generated_action_ids": result.generated_action_ids,
        "notes": result.notes,
        "awaiting": _awaiting(result),
        "hash": result.hash,
        "metrics": dict(result.metrics),
        "duration_ms": result.duration_ms,
        "simulation": result.simulation.model_dump(mode="json"),
    }


def _awaiting(result: PhaseResult) -> list[dict[str, str]]:
    return [
        {"collection": gate.kind, "id": gate.entity_id, "gate": gate.name}
        for gate in result.awaiting
    ]


def ended(found: Mapping[str, Any], last: PhaseResult | None) -> dict[str, Any]:
    """Return a summary after a run; if gates hold it, with `outcome` and `awaiting`."""
    if last is None or not last.awaiting:
        return dict(found)
    return dict(found) | {"outcome": last.outcome.value, "awaiting": _awaiting(last)}


def history_line(simulation_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a journal entry without its patches and bookkeeping."""
    line: dict[str, Any] = {"simulation_id": simulation_id, "kind": entry["kind"]}
    for name in ENTRY:
        value = entry.get(name, _EMPTY.get(name))
        line[name] = list(value) if isinstance(value, tuple) else value
    line["metrics"] = entry.get("metrics", {})
    line["failure"] = entry.get("failure")
    line["status"] = entry.get("status")
    line["target"] = entry.get("target")
    line["commands"] = [
        {"id": each["id"], "kind": each["kind"], "by": each.get("by")}
        for each in entry.get("commands", ())
    ]
    return line

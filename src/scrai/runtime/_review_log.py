"""The audit trail: who decided what, when, and what it changed, as the journal has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from scrai.data import AUTO, MEDIATION, POLICY
from scrai.models import StepKind
from scrai.runtime._reading import Reading

Json = Mapping[str, Any]
_FLAGS: Final = ("auto_approve_actions", "auto_approve_events", "researcher_mode", MEDIATION)
_RECORDED: Final = frozenset({StepKind.PHASE.value, StepKind.COMMANDS.value})


async def decisions(
    reading: Reading, simulation_id: str, entity_id: str | None = None
) -> AsyncIterator[dict[str, Any]]:
    """Yield what was decided along the line that led to the present state, oldest first.

    Decisions that were refused are there, too, with the reason; so are changes of the policies,
    and what policies and flags let pass or ended.

    Args:
        entity_id: only about the event or action of this local id.
    """
    await reading.head(simulation_id)
    known: dict[str, Any] = {}
    async for owner, entry in reading.journal.history(simulation_id):
        if entry["kind"] not in _RECORDED:
            known |= await _beginning(reading, owner, entry)
            continue
        patches = await reading.journal.patches(entry)
        for line in _lines(entry, patches, known):
            if entity_id is None or line["id"] == entity_id:
                yield {"simulation_id": owner} | line


async def _beginning(reading: Reading, owner: str, entry: Json) -> dict[str, Any]:
    """Return the settings of mediation where a line begins, or goes back to."""
    if entry["kind"] == StepKind.CREATE.value:
        head, first = entry["head"], entry["patches"]["parts/metadata"]["new"]
        flags = {name: head.get(name, False) for name in _FLAGS if name != MEDIATION}
        return flags | {MEDIATION: first.get(MEDIATION)}
    if entry["kind"] == StepKind.CONTROL.value:
        return {}
    state = await reading.journal.state_at(owner, entry["step"])
    return {MEDIATION: state.parts["metadata"].get(MEDIATION)}


def _lines(entry: Json, patches: Json, known: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the decisions of one step; `known` are the settings before it, and then after it."""
    records = dict(_records(patches))
    for command in entry.get("commands", ()):
        if command["kind"] == "decide":
            line = _decision(entry, command, records)
        elif command["kind"] in ("cancel_event", "cancel_action"):
            line = _line(entry, command, decision="cancel")
        elif command["kind"] == "configure" and (given := _settings(command, known)):
            changes = {name: {"old": known.get(name), "new": new} for name, new in given.items()}
            line = _line(entry, command, decision="configure", changes=changes)
            known |= given if not line["refused"] else {}
        else:
            continue
        yield line
    for (kind, key, gate), record in sorted(records.items()):
        if record.get("by") == POLICY:
            yield _line(
                entry,
                {"collection": kind, "entity_id": key, "by": POLICY},
                gate=gate,
                decision=record["decision"],
                reason=record["reason"],
            )
    for kind, key, by in _waved_through(patches, records):
        about = {"collection": kind, "entity_id": key, "by": by}
        yield _line(entry, about, decision="approve")


def _decision(entry: Json, command: Json, records: Mapping[Any, Json]) -> dict[str, Any]:
    payload = command["payload"]
    gate = payload.get("gate", "approval")
    record = records.get((command["collection"], command["entity_id"], gate), {})
    return _line(
        entry,
        command,
        gate=gate,
        decision=payload["decision"],
        reason=payload.get("reason"),
        changes=record.get("changes"),
    )


def _line(
    entry: Json,
    about: Json,
    *,
    decision: str,
    gate: str | None = None,
    reason: str | None = None,
    changes: Any = None,
) -> dict[str, Any]:
    why = _refusal(entry, about)
    return {
        "step": entry["step"],
        "cycle": entry["cycle"],
        "phase": entry["phase"],
        "at": about.get("submitted_at") or entry["started_at"],
        "collection": about.get("collection"),
        "id": about.get("entity_id"),
        "gate": gate,
        "decision": decision,
        "by": about.get("by"),
        "reason": reason or about.get("payload", {}).get("reason"),
        "changes": {} if why else changes or {},
        "refused": why,
    }


def _refusal(entry: Json, command: Json) -> str | None:
    """Return why the step refused a command, None if it did not."""
    mark = f"refused {command.get('kind')} {command.get('id')}: "
    found = (note for note in entry.get("notes", ()) if note.startswith(mark))
    return next((note.removeprefix(mark) for note in found), None)


def _settings(command: Json, known: Json) -> dict[str, Any]:
    """Return what a command sets about mediation, whole."""
    payload = command["payload"]
    within = payload.get("metadata")
    given = (within if isinstance(within, dict) else {}) | payload
    found = {name: given[name] for name in _FLAGS if name in given}
    if isinstance(found.get(MEDIATION), dict):
        found[MEDIATION] = (known.get(MEDIATION) or {}) | found[MEDIATION]
    return found


def _records(patches: Json) -> Iterator[tuple[tuple[str, str, str], Json]]:
    """Yield what a step wrote into `modifications`, by collection, id and gate."""
    for place, patch in patches.items():
        kind, _, key = place.partition("/")
        if kind not in ("events", "actions"):
            continue
        written = dict(patch.get("new", {}).get("modifications", {}))
        for pointer, value in patch.get("set", {}).items():
            if pointer == "/modifications":
                written |= value
            elif pointer.startswith("/modifications/") and pointer.count("/") == 2:  # noqa: PLR2004
                written[pointer.rpartition("/")[2]] = value
        for gate, record in written.items():
            if isinstance(record, dict) and "decision" in record:
                yield (kind, key, gate), record


def _waved_through(
    patches: Json, records: Mapping[tuple[str, str, str], Json]
) -> Iterator[tuple[str, str, str]]:
    """Yield (collection, id, by) of what a policy or flag approved without a record."""
    told = {(kind, key) for kind, key, _ in records}
    for place, patch in sorted(patches.items()):
        kind, _, key = place.partition("/")
        by = patch.get("new", {}).get("approved_by") or patch.get("set", {}).get("/approved_by")
        if kind in ("events", "actions") and by in (POLICY, AUTO) and (kind, key) not in told:
            yield kind, key, by

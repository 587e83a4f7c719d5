"""Commands, journal entries, leases, costs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from _model_samples import COMMAND, COST, ENTRY, LEASE
from scrai.models import Command, CommandKind, Decision, Model


@pytest.mark.parametrize("kind", CommandKind)
def test_a_command_of_every_kind(kind: CommandKind) -> None:
    plural = {"actor": "actors", "event": "events", "action": "actions"}.get(kind.split("_")[-1])
    if kind is CommandKind.DECIDE:
        command = Command(**COMMAND.__dict__)
        assert command.decision is Decision.APPROVE
        return
    command = Command(id="c", kind=kind, entity_id="x" if plural else None)
    assert (command.collection, command.decision) == (plural, None)
    assert Command.model_validate_json(command.model_dump_json()) == command


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": "dance"}, "kind"),
        ({"kind": "inject_actor"}, "inject_actor needs an entity_id"),
        ({"kind": "inject_actor", "entity_id": "a", "collection": "events"}, "not about events"),
        ({"kind": "pause", "entity_id": "a"}, "pause takes none"),
        ({"kind": "pause", "collection": "actors", "entity_id": "a"}, "not about actors"),
        ({"kind": "decide", "entity_id": "a", "payload": {"decision": "approve"}}, "collection"),
        ({"kind": "decide", "collection": "actors", "entity_id": "a"}, "collection"),
        ({"kind": "decide", "collection": "events", "entity_id": "a"}, "approve, modify, reject"),
        (
            {
                "kind": "decide",
                "collection": "events",
                "entity_id": "a",
                "payload": {"decision": "x"},
            },
            "payload.decision",
        ),
        (
            {"kind": "decide", "collection": "events", "payload": {"decision": "reject"}},
            "decide needs an entity_id",
        ),
        ({"kind": "stop", "expected_step": -1}, "expected_step"),
    ],
)
def test_bad_commands(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Command(id="c", **fields)


@pytest.mark.parametrize("record", [COMMAND, ENTRY, LEASE, COST], ids=lambda r: type(r).__name__)
def test_records_do_not_change(record: Model) -> None:
    for name in type(record).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(record, name, getattr(record, name))


@pytest.mark.parametrize(
    ("record", "field", "value"),
    [
        (LEASE, "ttl_seconds", 0),
        (LEASE, "owner", ""),
        (LEASE, "token", -1),
        (COST, "cost", -0.01),
        (COST, "input_tokens", -1),
        (COST, "phase", "lunch"),
        (ENTRY, "step", -1),
        (ENTRY, "kind", "nap"),
        (ENTRY, "duration_ms", float("nan")),
        (ENTRY, "commands", [{"id": "c"}]),
    ],
)
def test_bad_records(record: Model, field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        record.model_copy(update={field: value})

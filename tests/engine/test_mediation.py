"""Policies of mediation: who has to decide, who may, until when, and what happens then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commands import decide, make
from market import Market
from scrai.engine import PhaseEngine, StepOutcome
from scrai.errors import InvalidInputError
from scrai.models import EPOCH, CommandKind, SimulationStatus
from scrai.store import MemoryStore
from village import engine, run, state

BAD = [
    ({"rules": [{"kind": "acts", "require": True}]}, "rules[0].kind: 'acts' is not one of"),
    ({"rules": [{"kind": "events"}]}, "says nothing"),
    ({"rules": [{"kind": "events", "type": "combat", "require": True}]}, "type 'combat' is not"),
    ({"rules": [{"kind": "actions", "type": "combta", "require": True}]}, "did you mean combat?"),
    ({"rules": [{"kind": "actions", "require": True, "deadline_cycles": 2}]}, "belong together"),
    ({"rules": [{"kind": "actions", "then": "reject"}]}, "belong together"),
    (
        {"rules": [{"kind": "actions", "deadline_cycles": 0, "then": "reject"}]},
        "greater than or equal to 1",
    ),
    (
        {"rules": [{"kind": "actions", "deadline_cycles": True, "then": "reject"}]},
        "valid integer",
    ),
    ({"rules": [{"kind": "actions", "auto": "approve", "who": ["ann"]}]}, "nobody decides"),
    ({"rules": [{"kind": "actions", "require": False, "who": ["ann"]}]}, "nothing else"),
    ({"rules": [{"kind": "actions", "require": True, "whom": ["ann"]}]}, "is no field"),
    ({"rules": [{"kind": "actions", "source": "bot", "require": True}]}, "'bot' is not one of"),
    ({"rules": [{"kind": "actions", "who": [""]}]}, "at least 1 character"),
    ({"events": "maybe"}, "events: 'maybe' is not one of hold, pass"),
    ({"rules": "none"}, "rules"),
    ("hold", "mediation"),
]


def rule(kind: str = "actions", **fields: Any) -> dict[str, Any]:
    return {"kind": kind, **fields}


async def begun(
    store: MemoryStore, *rules: dict[str, Any], marked: bool = False, **policies: Any
) -> PhaseEngine:
    target = engine(store, Market(marked=marked))
    mediation = {"rules": list(rules), **policies}
    await target.create(state(metadata={"mediation": mediation}))
    return target


async def stored(store: MemoryStore, kind: str, key: str) -> dict[str, Any]:
    document = await store.get(kind, f"sim~{key}")
    assert document is not None
    return {"status": "pending"} | document.value()


async def done(target: PhaseEngine) -> list[str]:
    found: list[str] = (await target.get("sim")).world_state["done"]
    return found


async def to_cycle(target: PhaseEngine, cycle: int) -> Any:
    """Run to the end of a cycle, which nothing may hold up."""
    completed = (await target.get("sim")).phase_number
    results = await run(target, cycle - completed)
    assert {result.outcome for result in results} == {StepOutcome.COMMITTED}
    return results


async def note_of(target: PhaseEngine) -> str:
    """Apply the inbox; return what the journal says about it."""
    result = await target.apply_commands("sim")
    assert result is not None
    return "; ".join(result.notes)


@pytest.mark.parametrize(("policies", "words"), BAD, ids=lambda value: str(value)[:40])
async def test_what_makes_no_sense_is_refused(
    store: MemoryStore, policies: Any, words: str
) -> None:
    target = engine(store)
    with pytest.raises(InvalidInputError) as refusal:
        await target.create(state(metadata={"mediation": policies}))
    assert words in refusal.value.message
    assert "\n" not in refusal.value.message
    await target.create(state())
    for payload in ({"mediation": policies}, {"metadata": {"mediation": policies}}):
        await target.submit("sim", make(CommandKind.CONFIGURE, payload=payload))
        assert "refused configure" in await note_of(target)
    assert "mediation" not in (await target.get("sim")).metadata


async def test_what_a_rule_asks_for_waits_and_nothing_else(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True))
    held = (await run(target, 1))[-1]
    assert [gate.entity_id for gate in held.awaiting] == ["x1-combat"]
    await target.submit("sim", decide("actions", "x1-combat", "approve"))
    await run(target, 1)
    assert len(await done(target)) == 6


@pytest.mark.parametrize(
    ("source", "held"),
    [
        ("llm", ["x1-combat"]),
        ("npc", ["x1-combat", "x1-social"]),
        ("system", ["x1-economic"]),
        ("player", []),
        ("*", ["x1-combat", "x1-economic", "x1-social"]),
    ],
)
async def test_rules_know_sources(store: MemoryStore, source: str, held: list[str]) -> None:
    target = await begun(store, rule(source=source, require=True))
    last = (await run(target, 1))[-1]
    assert [gate.entity_id for gate in last.awaiting] == held


@pytest.mark.parametrize(
    ("source", "held"),
    [("llm", ["e1-social"]), ("player", ["e1-political"]), ("system", ["e1-economic"])],
)
async def test_events_have_sources_too(store: MemoryStore, source: str, held: list[str]) -> None:
    target = await begun(store, rule("events", source=source, require=True))
    last = (await run(target, 1))[-1]
    assert [gate.entity_id for gate in last.awaiting] == held


async def test_the_first_rule_that_matches_decides(store: MemoryStore) -> None:
    target = await begun(
        store,
        rule(type="social", require=False),
        rule(type="combat", auto="approve"),
        rule(require=True),
        marked=True,
        events="pass",
    )
    held = (await run(target, 1))[-1]
    assert [gate.entity_id for gate in held.awaiting] == ["x1-economic"]
    assert (await stored(store, "actions", "x1-combat"))["approved_by"] == "policy"
    assert "approved_by" not in await stored(store, "actions", "x1-social")


async def test_only_those_named_may_decide(store: MemoryStore) -> None:
    target = await begun(store, rule(require=True, who=["ann"], escalate_to=["boss"]))
    held = (await run(target, 1))[-1]
    key = held.awaiting[0].entity_id
    for by in ("bob", None, "policy", "auto"):
        for decision in ("approve", "modify", "reject", "terminate", "escalate"):
            await target.submit("sim", decide("actions", key, decision, by=by))
            assert "refused decide" in await note_of(target)
    cancel = make(CommandKind.CANCEL_ACTION, key, by="bob")
    await target.submit("sim", cancel)
    assert "bob may not decide" in await note_of(target)
    await target.submit("sim", decide("actions", key, "escalate", by="ann"))
    await note_of(target)
    await target.submit("sim", decide("actions", key, "approve", by="ann", gate="approval-1"))
    assert "ann may not decide" in await note_of(target)
    await target.submit("sim", decide("actions", key, "approve", by="boss", gate="approval-1"))
    assert await note_of(target) == f"action {key}: approve by boss"


@pytest.mark.parametrize(
    ("then", "status", "by"),
    [
        ("approve", "completed", "policy"),
        ("reject", "cancelled", None),
        ("cancel", "cancelled", None),
    ],
)
async def test_a_deadline_holds_nothing_and_is_kept(
    store: MemoryStore, then: str, status: str, by: str | None
) -> None:
    target = await begun(store, rule(type="combat", require=True, deadline_cycles=2, then=then))
    await to_cycle(target, 2)
    early = await stored(store, "actions", "x1-combat")
    assert (early["status"], early["metadata"]["waits_since"]) == ("pending", 1)
    results = await to_cycle(target, 3)
    found = await stored(store, "actions", "x1-combat")
    assert (found["status"], found.get("approved_by")) == (status, by)
    record = {"decision": then, "by": "policy", "reason": "nobody decided within 2 cycles"}
    assert found["modifications"] == {"approval": record}
    assert ("x1-combat" in await done(target)) is (then == "approve")
    assert (await stored(store, "actions", "x2-combat"))["status"] == "pending"
    line = f"action x1-combat: {then} by policy, nobody decided within 2 cycles"
    assert [result.executed_phase.value for result in results if line in result.notes] == [
        "event_generation"
    ]


async def test_a_decision_that_comes_in_time_wins(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True, deadline_cycles=1, then="reject"))
    await to_cycle(target, 1)
    # It waits in the inbox of the very step that would carry out the deadline.
    await target.submit("sim", decide("actions", "x1-combat", "approve"))
    await to_cycle(target, 2)
    found = await stored(store, "actions", "x1-combat")
    assert (found["status"], found["approved_by"]) == ("completed", "ada")
    assert found["modifications"] == {"approval": {"decision": "approve"}}
    await target.submit("sim", decide("actions", "x2-combat", "approve"))
    await target.submit("sim", decide("actions", "x1-combat", "reject", by="bob"))
    await to_cycle(target, 3)
    assert (await stored(store, "actions", "x1-combat"))["status"] == "completed"


async def test_a_decision_that_comes_too_late_is_refused(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True, deadline_cycles=1, then="reject"))
    await to_cycle(target, 1)
    await target.step("sim")
    await target.submit("sim", decide("actions", "x1-combat", "approve"))
    assert "refused decide" in await note_of(target)
    await to_cycle(target, 2)
    assert "x1-combat" not in await done(target)


async def test_a_deadline_may_end_the_simulation(store: MemoryStore) -> None:
    target = await begun(
        store, rule("events", type="social", require=True, deadline_cycles=1, then="terminate")
    )
    await to_cycle(target, 1)
    result = await target.step("sim")
    assert result.simulation.status is SimulationStatus.COMPLETED
    assert (await stored(store, "events", "e1-social"))["status"] == "cancelled"
    assert await store.get("events", "sim~e2-social") is None  # nothing ran any more
    assert [step.hash async for step in target.replay("sim")][-1] == result.hash


async def test_what_a_deadline_escalates_waits_for_somebody(store: MemoryStore) -> None:
    target = await begun(
        store,
        rule(
            type="combat",
            require=True,
            who=["ann"],
            escalate_to=["boss"],
            deadline_cycles=1,
            then="escalate",
        ),
    )
    await to_cycle(target, 1)
    held = (await run(target, 3))[-1]
    assert held.outcome is StepOutcome.AWAITING_APPROVAL
    assert [(gate.entity_id, gate.name) for gate in held.awaiting] == [("x1-combat", "approval-1")]
    assert held.cycle == 2
    command = decide("actions", "x1-combat", "approve", by="boss", gate="approval-1")
    await target.submit("sim", command)
    assert (await target.step("sim")).outcome is StepOutcome.COMMITTED


async def test_the_time_of_an_escalated_gate_runs_anew(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True, deadline_cycles=2, then="reject"))
    await to_cycle(target, 2)
    await target.submit("sim", decide("actions", "x1-combat", "escalate"))
    await to_cycle(target, 4)
    assert (await stored(store, "actions", "x1-combat"))["status"] == "pending"
    await to_cycle(target, 5)
    found = await stored(store, "actions", "x1-combat")
    assert found["status"] == "cancelled"
    assert set(found["modifications"]) == {"approval", "approval-1"}


async def test_policies_change_while_gates_are_open(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True))
    assert (await run(target, 1))[-1].outcome is StepOutcome.AWAITING_APPROVAL

    async def configure(*rules: dict[str, Any]) -> None:
        payload = {"mediation": {"rules": list(rules)}}
        await target.submit("sim", make(CommandKind.CONFIGURE, payload=payload))

    await configure(rule(type="combat", require=True, deadline_cycles=1, then="reject"))
    await to_cycle(target, 1)  # under a deadline it holds nothing
    assert (await stored(store, "actions", "x1-combat"))["status"] == "pending"
    await configure(rule(type="combat", auto="approve"))
    await to_cycle(target, 2)
    assert (await stored(store, "actions", "x1-combat"))["approved_by"] == "policy"
    assert {"x1-combat", "x2-combat"} <= set(await done(target))
    assert [step.hash async for step in target.replay("sim")]


NEWCOMER = {"id": "late", "actor_id": "b", "type": "combat", "source": "player"}


@pytest.mark.parametrize(
    "claim",
    [
        {"status": "approved"},
        {"status": "executing", "outcome": {"success": True}},
        {"requires_approval": True, "approved_by": "me"},
        {"metadata": {"waits_since": -50}},
        {"metadata": {"escalations": 1}},
    ],
    ids=str,
)
async def test_nothing_from_outside_comes_with_its_approval(
    store: MemoryStore, claim: dict[str, Any]
) -> None:
    only = {"require": True, "who": ["ann"], "escalate_to": ["me"]}
    target = await begun(
        store, rule(source="player", deadline_cycles=1, then="approve", **only), rule(require=False)
    )
    await to_cycle(target, 1)
    effect = {"op": "append", "target": "world", "path": "done", "value": "late"}
    payload = NEWCOMER | {"parameters": {"effects": [effect]}} | claim
    await target.submit("sim", make(CommandKind.INJECT_ACTION, "late", payload=payload))
    await to_cycle(target, 2)
    assert (await stored(store, "actions", "late"))["status"] == "pending"
    assert "late" not in await done(target)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "approved"},
        {"approved_by": "me"},
        {"requires_approval": False},
        {"type": "social"},
        {"source": "system"},
        {"metadata": {}},
        {"status": "cancelled"},
    ],
    ids=str,
)
async def test_an_update_is_no_decision(store: MemoryStore, changes: dict[str, Any]) -> None:
    only = {"require": True, "who": ["ann"], "deadline_cycles": 9, "then": "reject"}
    target = await begun(store, rule(type="combat", **only))
    await to_cycle(target, 1)
    before = await stored(store, "actions", "x1-combat")
    await target.submit(
        "sim", make(CommandKind.UPDATE_ACTION, "x1-combat", payload=changes, by="me")
    )
    assert "refused update_action" in await note_of(target)
    assert await stored(store, "actions", "x1-combat") == before
    await target.submit(
        "sim", make(CommandKind.UPDATE_ACTION, "x1-combat", payload={"intent": "x"})
    )
    assert "updated" in await note_of(target)


async def test_what_was_approved_is_what_happens(store: MemoryStore) -> None:
    target = await begun(store, rule(type="combat", require=True))
    held = (await run(target, 1))[-1]
    assert held.outcome is StepOutcome.AWAITING_APPROVAL
    await target.submit("sim", decide("actions", "x1-combat", "approve"))
    await note_of(target)
    for key in ("x1-combat", "x1-social"):  # of the one the contents, of the other the type
        changes = {"parameters": {}} if key == "x1-combat" else {"type": "combat"}
        await target.submit("sim", make(CommandKind.UPDATE_ACTION, key, payload=changes))
        assert "refused update_action" in await note_of(target)
    await run(target, 1)
    assert "x1-combat" in await done(target)


class Planned(Market):
    """Events of the first cycle are planned for the third."""

    def seed(self, context: Any) -> None:
        super().seed(context)
        for event in context.events:
            event.scheduled_for = EPOCH + timedelta(hours=2)
            event.requires_approval = self.marked


async def test_who_approved_ahead_of_time_stays_on_record(store: MemoryStore) -> None:
    target = engine(store, Planned(marked=True))
    await target.create(state(auto_approve_actions=True))
    results = await run(target, 1)
    assert results[-1].outcome is StepOutcome.COMMITTED
    await target.submit("sim", decide("events", "e1-social", "approve"))
    await note_of(target)
    await target.submit("sim", decide("events", "e1-social", "reject", by="bob"))
    assert "gate approval is not open" in await note_of(target)
    payload = {"auto_approve_events": True}
    await target.submit("sim", make(CommandKind.CONFIGURE, payload=payload))
    await to_cycle(target, 3)
    found = await stored(store, "events", "e1-social")
    assert (found["status"], found["approved_by"]) == ("resolved", "ada")
    assert (await stored(store, "events", "e1-economic"))["approved_by"] == "auto"


async def test_a_rule_that_comes_later_holds_what_is_there(store: MemoryStore) -> None:
    target = engine(store, Planned())
    await target.create(state())
    await to_cycle(target, 1)
    rules = [rule("events", type="social", require=True, deadline_cycles=2, then="reject")]
    await target.submit("sim", make(CommandKind.CONFIGURE, payload={"mediation": {"rules": rules}}))
    await to_cycle(target, 3)
    found = await stored(store, "events", "e1-social")
    assert (found["status"], found["metadata"]) == ("pending", {"waits_since": 2})
    await to_cycle(target, 4)
    assert (await stored(store, "events", "e1-social"))["status"] == "cancelled"
    assert not {"e1-social", "e2-social"} & set(await done(target))
    assert "e1-economic" in await done(target)


async def test_what_asks_for_no_approval_is_not_decided_on(store: MemoryStore) -> None:
    target = engine(store, Planned())
    await target.create(state())
    await to_cycle(target, 1)
    await target.submit("sim", decide("events", "e1-social", "reject"))
    assert "does not ask for approval" in await note_of(target)

"""What a model makes of words goes through the gates like everything else."""

from __future__ import annotations

from typing import Any

import pytest
from model import Model, minds

from scrai import _wall
from scrai.data import ActionRepository
from scrai.engine import PhaseEngine, StepOutcome
from scrai.models import Action, ActionStatus, Command, CommandKind
from scrai.scenarios import create_default_scenario_service
from scrai.store import MemoryStore

SOCIAL = {"kind": "actions", "type": "social", "source": "player", "require": True}


def words(**fields: Any) -> Command:
    payload = {"id": "said", "actor_id": "actor-mayor", "source": "player", "type": "custom"}
    return Command(
        id="inject-said",
        kind=CommandKind.INJECT_ACTION,
        entity_id="said",
        payload=payload | {"intent": "show everybody the kite"} | fields,
        submitted_at=_wall.now(),
    )


def decided(word: str) -> Command:
    return Command(
        id="decide~said~approval",
        kind=CommandKind.DECIDE,
        collection="actions",
        entity_id="said",
        by="ann",
        payload={"decision": word, "gate": "approval"},
        submitted_at=_wall.now(),
    )


@pytest.fixture
async def engine(store: MemoryStore) -> PhaseEngine:
    service = create_default_scenario_service()
    made = PhaseEngine(store, service, models=Model())
    metadata = minds(subsystems=["actions"]) | {"mediation": {"rules": [SOCIAL]}}
    await made.create(service.new_simulation("simple_town", "town", metadata=metadata))
    async for _ in made.run("town", cycles=1):
        pass
    return made


async def said(store: MemoryStore) -> Action:
    found = await ActionRepository(store, simulation_id="town").get("said")
    assert found is not None
    return found


async def test_words_that_turn_out_to_need_approval_wait_for_it(
    store: MemoryStore, engine: PhaseEngine
) -> None:
    await engine.submit("town", words())
    results = [result async for result in engine.run("town", cycles=1)]
    assert results[-1].outcome is StepOutcome.AWAITING_APPROVAL
    assert [gate.entity_id for gate in results[-1].awaiting] == ["said"]
    found = await said(store)
    assert (found.type.value, found.status) == ("social", ActionStatus.PENDING)
    await engine.submit("town", decided("approve"))
    async for _ in engine.run("town", cycles=1):
        pass
    assert (await said(store)).approved_by == "ann"


async def test_what_was_approved_is_not_rewritten(store: MemoryStore, engine: PhaseEngine) -> None:
    later = (await engine.get("town")).now.replace(hour=23)
    await engine.submit("town", words(type="social", scheduled_for=later.isoformat()))
    await engine.submit("town", decided("approve"))
    await engine.apply_commands("town")
    found = await said(store)
    assert (found.status, found.approved_by) == (ActionStatus.PENDING, "ann")
    await engine.step("town")
    await engine.step("town")
    after = await said(store)
    assert (after.llm_parsed, after.parameters, after.parsed_options) == (False, {}, [])

"""A newer version opens what an older one wrote, as a step of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from scrai.errors import StoreSchemaError
from scrai.models import MIGRATIONS
from scrai.store import MemoryStore
from village import engine, hashes, run, state


@pytest.fixture
def version_two() -> Iterator[Any]:
    """Let all of ScrAI be of schema version 2, in which mood is called spirits."""
    from scrai.data import VERSIONS

    def rename(value: dict[str, Any]) -> dict[str, Any]:
        attributes = value.get("attributes", {})
        if "mood" in attributes:
            attributes["spirits"] = attributes.pop("mood")
        return value

    patch = pytest.MonkeyPatch()

    def begin() -> None:
        for name, module in list(sys.modules.items()):
            if name.startswith("scrai.") and "SCHEMA_VERSION" in vars(module):
                patch.setattr(module, "SCHEMA_VERSION", 2)
        patch.setitem(VERSIONS, "schema", 2)  # type: ignore[arg-type]
        patch.setitem(MIGRATIONS, ("Actor", 1), rename)

    yield begin
    patch.undo()


async def test_migration_is_a_step_with_a_snapshot(store: MemoryStore, version_two: Any) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    version_two()
    newer = engine(store)
    step = (await newer.journal.head("sim")).step
    results = await run(newer, 1)
    entry = await newer.journal.entry("sim", step + 1)
    assert entry["kind"] == "migrate"
    assert entry["snapshot"]["kind"] == "physical"
    assert entry["versions"]["schema"] == 2
    assert results[0].step == step + 2
    actor = await store.get("actors", "sim~v0")
    assert actor is not None
    assert actor.columns["schema"] == 2
    assert "spirits" in actor.value()["attributes"]
    assert (await newer.get("sim")).schema_version == 2
    head = await newer.journal.head("sim")
    for number, recorded in await hashes(newer):
        if number > step:
            assert (await newer.journal.state_at("sim", number)).hash(head) == recorded


async def test_time_travel_crosses_a_migration(store: MemoryStore, version_two: Any) -> None:
    target = engine(store)
    await target.create(state())
    await run(target, 2)
    version_two()
    newer = engine(store)
    await run(newer, 1)
    child = await newer.branch("sim", 7, "child")
    actor = await store.get("actors", "child~v0")
    assert actor is not None
    assert "spirits" in actor.value()["attributes"]
    assert child.schema_version == 2
    await run(newer, 1, "child")
    await newer.restore("sim", 8)
    assert len(await run(newer, 1)) == 3


async def test_an_older_version_refuses_what_a_newer_one_wrote(
    store: MemoryStore, version_two: Any
) -> None:
    from scrai.data import SIMULATIONS
    from scrai.store import update

    target = engine(store)
    await target.create(state())
    document = await store.get(SIMULATIONS, "sim")
    assert document is not None
    value = document.value() | {"schema_version": 9, "a_field_of_the_future": 1}
    await store.commit([update(SIMULATIONS, "sim", value, dict(document.columns))])
    with pytest.raises(StoreSchemaError, match="schema version 9"):
        await target.step("sim")

"""Stored forms: recorded ones still load, older ones migrate, newer ones are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from _model_samples import MINIMAL, SAMPLES
from scrai.errors import ModelError, StoreCorruptError, StoreSchemaError
from scrai.models import (
    MIGRATIONS,
    SCHEMA_VERSION,
    Action,
    Actor,
    CostRecord,
    Event,
    Model,
    check_schema,
    from_stored,
    to_stored,
)
from scrai.models import _codec as codec

FIXTURES = Path(__file__).parent / "fixtures"
VERSIONS = sorted(int(folder.name.removeprefix("v")) for folder in FIXTURES.iterdir())
OLD = [
    pytest.param(version, cls, id=f"v{version}-{cls.__name__}")
    for version in VERSIONS
    for cls in SAMPLES
]


def fixture(version: int, cls: type[Model]) -> Any:
    path = FIXTURES / f"v{version}" / f"{cls.__name__}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_version_has_fixtures() -> None:
    assert list(range(1, SCHEMA_VERSION + 1)) == VERSIONS


@pytest.mark.parametrize(("version", "cls"), OLD)
def test_recorded_forms_load(version: int, cls: type[Model]) -> None:
    assert from_stored(cls, fixture(version, cls), version) == SAMPLES[cls]


@pytest.mark.parametrize("cls", SAMPLES, ids=lambda cls: cls.__name__)
def test_what_we_write_today_is_what_is_recorded(cls: type[Model]) -> None:
    # A difference means a new schema version with fixtures of its own, never an edited fixture.
    assert to_stored(SAMPLES[cls]) == fixture(SCHEMA_VERSION, cls)


@pytest.mark.parametrize("cls", SAMPLES, ids=lambda cls: cls.__name__)
def test_a_default_is_part_of_the_schema(cls: type[Model]) -> None:
    """Defaults are not stored, so a changed default changes the meaning of what is stored."""
    recorded = json.loads((FIXTURES / f"v{SCHEMA_VERSION}" / "defaults.json").read_text())
    filled = cls(**MINIMAL[cls]).model_dump(mode="json", exclude=set(MINIMAL[cls]))
    wall = {"created_at", "updated_at", "submitted_at"}
    assert {k: v for k, v in filled.items() if k not in wall} == recorded[cls.__name__]


def test_a_cost_recorded_before_calls_had_slots() -> None:
    path = FIXTURES / "v1" / "CostRecord-before-calls.json"
    old = from_stored(CostRecord, json.loads(path.read_text()), 1)
    new = {"call_id": None, "slot": None, "turn": 0, "prices": None}
    assert old == SAMPLES[CostRecord].model_copy(update=new)


@pytest.fixture
def version_three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that two versions came after the first."""

    def split_name(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"name": f"{data.pop('first')} {data.pop('last')}"}

    def rename(data: dict[str, Any]) -> dict[str, Any]:
        data["attributes"] = data.pop("attrs")
        data["name"] = data["name"].upper()
        return data

    monkeypatch.setattr(codec, "SCHEMA_VERSION", 3)
    monkeypatch.setitem(MIGRATIONS, ("Actor", 1), split_name)
    monkeypatch.setitem(MIGRATIONS, ("Actor", 2), rename)


@pytest.mark.usefixtures("version_three")
def test_migrations_run_in_order_from_the_stored_version() -> None:
    first = {"id": "a", "first": "Ada", "last": "L", "attrs": {"x": 1}}
    second = {"id": "a", "name": "Ada L", "attrs": {"x": 1}}
    third = {"id": "a", "name": "ADA L", "attributes": {"x": 1}}
    for version, data in enumerate((first, second, third), start=1):
        before = json.dumps(data)
        actor = from_stored(Actor, data, version)
        assert (actor.name, actor.attributes) == ("ADA L", {"x": 1})
        assert json.dumps(data) == before, "the caller's copy is left alone"
    event = from_stored(Event, {"id": "e", "title": "E"}, 1)
    assert event.title == "E", "a model without migrations is as it was"


@pytest.mark.usefixtures("version_three")
def test_a_form_that_needed_a_migration_and_claims_none() -> None:
    with pytest.raises(ModelError, match=r"actor a: attrs: is no field"):
        from_stored(Actor, {"id": "a", "name": "A", "attrs": {}}, 3)


@pytest.mark.parametrize("cls", SAMPLES, ids=lambda cls: cls.__name__)
def test_a_newer_version_is_refused_with_both_versions_and_the_remedy(cls: type[Model]) -> None:
    newer = SCHEMA_VERSION + 1
    with pytest.raises(StoreSchemaError) as caught:
        from_stored(cls, fixture(SCHEMA_VERSION, cls), newer)
    assert f"version {newer}" in str(caught.value)
    assert f"up to version {SCHEMA_VERSION}" in str(caught.value)
    assert "upgrade ScrAI" in str(caught.value.hint)


@pytest.mark.parametrize("version", [0, -1, None, "1", True, 1.0])
def test_what_is_no_version(version: Any) -> None:
    with pytest.raises(StoreCorruptError, match="simulation town has no valid schema version"):
        check_schema(version, "simulation town")


def test_invalid_data_name_the_entity_the_field_and_the_problem() -> None:
    with pytest.raises(ModelError) as caught:
        from_stored(Action, {"id": "x", "actor_id": "a", "status": "pendign"}, 1)
    assert str(caught.value).startswith("action x: status: 'pendign' is not one of pending")
    assert "did you mean pending?" in str(caught.value)


def test_many_problems_are_counted_not_listed() -> None:
    data = {"id": "a", "name": "A", "p": 1, "q": 1, "r": 1, "s": 1, "t": 1}
    with pytest.raises(ModelError, match=r"p: .*; .*q: .*; .*r: .*; and 2 more$"):
        from_stored(Actor, data, 1)

"""Validation errors for people: one line per problem, with what is near."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from scrai.models import Action, Actor, Command, Event, Model, SimulationState, explain

A: dict[str, Any] = {"id": "a", "name": "A"}
X: dict[str, Any] = {"id": "x", "actor_id": "a"}
E: dict[str, Any] = {"id": "e", "title": "E"}


@pytest.mark.parametrize(
    ("cls", "fields", "lines"),
    [
        (Actor, {"id": "a"}, ["name: is missing"]),
        (Actor, A | {"atributes": {}}, ["atributes: is no field (did you mean attributes?)"]),
        (Event, E | {"affects": []}, ["affects: is no field (did you mean affected_actors?)"]),
        (
            Event,
            E | {"affected_actor_ids": []},
            ["affected_actor_ids: is no field (did you mean affected_actors?)"],
        ),
        (Actor, A | {"affects": []}, ["affects: is no field"]),
        (Actor, A | {"zzz": {}}, ["zzz: is no field"]),
        (
            Actor,
            A | {"type": "npcc"},
            [
                "type: 'npcc' is not one of player, npc, organization, entity (did you mean npc?)",
            ],
        ),
        (Actor, A | {"id": "a/b"}, ["id: must not contain '/', '~' or NUL"]),
        (Actor, A | {"name": 3}, ["name: input should be a valid string, not 3"]),
        (
            Actor,
            A | {"attributes": "x" * 100},
            [f"attributes: input should be a valid dictionary, not '{'x' * 59}..."],
        ),
        (
            Action,
            X | {"resource_costs": {"money": -1}},
            ["resource_costs.money: input should be greater than or equal to 0, not -1"],
        ),
        (
            Event,
            E | {"effects": [{"op": "xx", "target": "world", "path": "x", "vaule": 1}]},
            [
                "effects[0].op: 'xx' is not one of set, add, append, remove, move",
                "effects[0].vaule: is no field (did you mean value?)",
            ],
        ),
        (
            Event,
            E | {"effects": [{"op": "add", "target": "world", "path": "x", "value": "1"}]},
            ["effects[0]: add needs a finite number as value, not '1'"],
        ),
        (
            SimulationState,
            {"id": "s", "name": "S", "parent": {"simulation": "p", "step": 1}},
            [
                "parent.simulation_id: is missing",
                "parent.simulation: is no field (did you mean simulation_id?)",
            ],
        ),
        (
            SimulationState,
            {"id": "s", "name": "S", "epoch": 5},
            ["epoch: must be a datetime or ISO 8601 text such as 2000-01-01T08:00:00Z"],
        ),
        (
            Command,
            {"id": "c", "kind": "decide", "collection": "events", "entity_id": "e"},
            ["decide needs payload.decision: approve, modify, reject, terminate, escalate"],
        ),
    ],
)
def test_lines(cls: type[Model], fields: dict[str, Any], lines: list[str]) -> None:
    with pytest.raises(ValidationError) as caught:
        cls(**fields)
    assert explain(caught.value, "town.yaml") == [f"town.yaml: {line}" for line in lines]


def test_no_where_no_prefix() -> None:
    with pytest.raises(ValidationError) as caught:
        Actor()  # type: ignore[call-arg]
    assert explain(caught.value, "") == ["id: is missing", "name: is missing"]


def test_models_of_others_are_explained_too() -> None:
    """A scenario's own Config is a plain pydantic model."""
    from pydantic import BaseModel, ConfigDict

    class Config(BaseModel):
        model_config = ConfigDict(extra="forbid")
        people: int = 7

    with pytest.raises(ValidationError) as caught:
        Config(people=[], pepole=3)  # type: ignore[arg-type, call-arg]
    assert explain(caught.value, "config", Config) == [
        "config: people: input should be a valid integer, not []",
        "config: pepole: is no field (did you mean people?)",
    ]

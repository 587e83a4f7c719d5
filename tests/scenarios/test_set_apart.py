"""What was set differently for simulations, as `compare` tells it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, Field

from scrai._paths import MISSING, differences
from scrai.scenarios import panel_of, set_apart


class Rain(BaseModel):
    litres: int = 10
    often: bool = True


class Config(BaseModel):
    share: int = Field(4, ge=0)
    rain: Rain = Rain()
    names: list[str] = Field(default_factory=list)


class Hooks:
    def schema(self) -> dict[str, Any]:
        return Config.model_json_schema()


class Source:
    def hooks(self, key: str) -> Hooks:
        assert key == "well"
        return Hooks()


def state(id_: str, seed: int = 0, **configuration: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "scenario_module": "well",
        "seed": seed,
        "max_phases": 3,
        "auto_approve_events": False,
        "auto_approve_actions": False,
        "researcher_mode": False,
        "metadata": {},
        "configuration": configuration,
    }


@pytest.mark.parametrize(
    ("documents", "found"),
    [
        ([{"a": 1}, {"a": 1.0}], []),
        ([{"a": 1}, {"a": True}], [("a", [1, True])]),
        ([{"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}], [("a.c", [2, 3])]),
        ([{"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}], [("a.1.b", [2, 3])]),
        ([{"a": [1]}, {"a": [1, 2]}], [("a", [[1], [1, 2]])]),
        ([{"a": [1] * 9}, {"a": [2] * 9}], [("a", [[1] * 9, [2] * 9])]),
        ([{}, {"a": {"b": 1}}], [("a.b", [MISSING, 1])]),
        ([{"a": 5}, {"a": {"b": 1}}], [("a", [5, {"b": 1}])]),
        ([{"a": 1}, {"a": 1}, {"a": 2}], [("a", [1, 1, 2])]),
    ],
)
def test_differences_stand_at_the_deepest_place(
    documents: list[Any], found: list[tuple[str, list[Any]]]
) -> None:
    assert differences(documents) == found


def test_settings_that_differ_are_told_with_what_holds_unless_set() -> None:
    rows = set_apart(
        Source(), [state("one", share=4), state("two", seed=3, rain={"litres": 2}), state("three")]
    )
    assert rows == [
        {"setting": "seed", "values": {"one": 0, "two": 3, "three": 0}},
        {"setting": "configuration.rain.litres", "values": {"two": 2}, "default": 10},
    ]


def test_of_unknown_scenarios_there_is_no_default() -> None:
    rows = set_apart(None, [state("one"), state("two", share=4)])
    assert rows == [{"setting": "configuration.share", "values": {"two": 4}}]
    cells = panel_of(["one", "two"], rows).rows
    assert cells == [("share", "not set", "4")]


def test_minds_and_approval_are_settings() -> None:
    other = state("two") | {"metadata": {"minds": {"llm": "scripted"}}, "researcher_mode": True}
    assert [row["setting"] for row in set_apart(Source(), [state("one"), other])] == [
        "researcher_mode",
        "minds.llm",
    ]


def test_people_see_twenty_and_how_many_more_there_are() -> None:
    one, two = ({f"k{each:02}": each + more for each in range(25)} for more in (0, 1))
    panel = panel_of(["one", "two"], set_apart(None, [state("one", **one), state("two", **two)]))
    assert len(panel.rows) == 20
    assert panel.notes == ["and 5 more: --json has all"]


def test_a_run_without_end_has_no_number_of_cycles() -> None:
    endless = state("two") | {"max_phases": None}
    rows = set_apart(Source(), [state("one"), endless])
    assert panel_of(["one", "two"], rows).rows == [("cycles", "3", "none")]


def test_long_lists_are_counted() -> None:
    rows = set_apart(None, [state("one", n=[1] * 50), state("two", n=[2] * 50)])
    assert panel_of(["one", "two"], rows).rows == [("n", "50 values", "50 values")]

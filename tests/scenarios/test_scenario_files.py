"""Scenario files: a world says which are its own, and what is in them makes the simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrai.errors import InvalidInputError, ScenarioError
from scrai.scenarios import Scenario, ScenarioContext, ScenarioRegistry, ScenarioService, merged


class Garden(Scenario):
    name = "garden"
    word = "beds"

    def seed(self, context: ScenarioContext) -> None:
        pass

    def recognises(self, path: Path, head: str) -> bool:
        return self.word in head or (path / "beds").is_dir()

    def read(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(path.read_text())
        if "beds" not in found:
            raise InvalidInputError(f"{path}: no beds")
        return found


def service(**scenarios: Scenario) -> ScenarioService:
    registry = ScenarioRegistry()
    for key, scenario in scenarios.items():
        registry.register(key, scenario)
    return ScenarioService(registry)


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.json"
    path.write_text('{"beds": [1, 2], "soil": {"clay": 3, "sand": 4}}')
    return str(path)


def test_a_simulation_is_made_of_what_is_in_the_file(plan: str) -> None:
    state = service(garden=Garden()).new_simulation(
        plan, "s", configuration={"soil": {"clay": 9}, "beds": {"1": 7}}
    )
    assert state.scenario_module == "garden"
    assert state.configuration == {"beds": [1, 7], "soil": {"clay": 9, "sand": 4}}


def test_a_file_leads_to_its_world(plan: str) -> None:
    found = service(garden=Garden())
    assert found.select(plan).name == "garden"
    assert found.key_of(plan) == "garden"
    assert found.key_of("garden") == "garden"


def test_a_folder_may_be_a_scenario_too(tmp_path: Path) -> None:
    (tmp_path / "beds").mkdir()
    assert service(garden=Garden()).key_of(f"{tmp_path}/") == "garden"


def test_what_is_wrong_with_the_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"bed": "beds"}')
    with pytest.raises(InvalidInputError, match="no beds"):
        service(garden=Garden()).new_simulation(str(path), "s")


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"{}", "no world knows"), (b"\0", "no text: byte 0 is 0"), (None, "cannot read")],
)
def test_a_file_of_no_world_is_told(tmp_path: Path, data: bytes | None, told: str) -> None:
    path = tmp_path / "x.yaml"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        service(garden=Garden()).select(str(path))
    assert told in (caught.value.message + " " + (caught.value.hint or "")).replace(
        "is no text", "no text"
    )


CUT = "note: x\n" * 10_000


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("x.yaml", "a: 1\nname: [oops\nb: 2\n", ":3: not YAML: expected ',' or ']', but got ':'"),
        ("x.yaml", "a: 1\nname: [oops\nb: 2\n", "a flow sequence that begins in line 2)"),
        ("x.yml", "a: 1\n\tb: 2\n", ":2: not YAML: found character"),
        ("x.yaml", "name: [oops\n" + CUT, ":2: not YAML: expected"),
        ("x.json", '{"a": 1,\n"b": }', ":2: not JSON: Expecting value"),
        ("x.yaml", "a: *b\nb: !c 1\n", ": no world knows"),
        ("x.yaml", CUT + "name: [oops\nb: 2\n", ": no world knows"),
        ("x.yaml", "[" * 5_000, ": "),
    ],
)
def test_a_file_that_is_broken_says_where(tmp_path: Path, name: str, text: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        service(garden=Garden()).select(str(path))
    assert caught.value.message.startswith(f"{path}:")
    assert told in caught.value.message


def test_a_file_that_is_cut_off_in_a_list_is_not_called_broken(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"a: [{'1, ' * 30_000}1]\n")
    with pytest.raises(ScenarioError, match="no world knows"):
        service(garden=Garden()).select(str(path))


def test_a_file_of_two_worlds_is_told(plan: str) -> None:
    with pytest.raises(ScenarioError, match="garden, park"):
        service(garden=Garden(), park=Garden()).select(plan)


def test_a_world_without_files_takes_none(plan: str) -> None:
    class Plain(Garden):
        recognises = Scenario.recognises
        read = Scenario.read

    with pytest.raises(ScenarioError, match="no world"):
        service(plain=Plain()).select(plan)
    with pytest.raises(ScenarioError, match="cannot be read"):
        Plain().read(Path(plan))


def test_a_number_leads_to_a_place_of_a_list_or_is_told() -> None:
    base = {"mix": [{"weight": 1}, {"weight": 2}]}
    over = {"mix": {"1": {"weight": 3}}}
    assert merged(base, over) == {"mix": [{"weight": 1}, {"weight": 3}]}
    with pytest.raises(InvalidInputError, match=r"mix\.2: there is no place '2' in a list of 2"):
        merged(base, {"mix": {"2": {"weight": 3}}})


values = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@given(values, values)
def test_merging_lays_one_upon_the_other(base: Any, over: Any) -> None:
    assert merged(base, base) == base
    assert merged(base, over) == (
        over
        if not (isinstance(base, dict) and isinstance(over, dict))
        else {
            key: merged(base[key], over[key])
            if key in base and key in over
            else over.get(key, base.get(key))
            for key in base | over
        }
    )

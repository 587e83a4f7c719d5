"""The class itself: the contract, its description, and its typed configuration."""

from __future__ import annotations

import ast
import inspect
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator

import scrai.scenarios
from scrai.engine import ScenarioContext as EngineContext
from scrai.errors import InvalidInputError, ScenarioError
from scrai.models import EPOCH, SimulationPhase
from scrai.scenarios import Scenario, ScenarioContext

CONTRACT = """
class Scenario(ABC):
    name: str

    @abstractmethod
    def seed(self, context: ScenarioContext) -> None: ...

    def before_phase(self, context: ScenarioContext) -> None: ...
    def after_phase(self, context: ScenarioContext) -> None: ...
    def on_snapshot(self, context: ScenarioContext) -> None: ...
"""


class Lamp(Scenario):
    """A lamp that is lit.

    It has more to say, but not here.
    """

    name = "lamp"

    class Config(BaseModel):
        lamps: int = Field(5, ge=1, le=10)
        colour: Literal["red", "green"] = "red"

        @field_validator("lamps")
        @classmethod
        def _check(cls, value: int) -> int:
            if value == 7:
                raise ValueError("seven is unlucky")
            if value == 8:
                raise KeyError("eight")
            return value

    def seed(self, context: ScenarioContext) -> None:
        """Do nothing."""


def test_the_signatures_are_those_of_the_contract() -> None:
    block = ast.parse(CONTRACT).body[0]
    assert isinstance(block, ast.ClassDef)
    methods = [node for node in block.body if isinstance(node, ast.FunctionDef)]
    assert len(methods) == 4
    for method in methods:
        found = inspect.signature(getattr(Scenario, method.name))
        assert list(found.parameters) == [argument.arg for argument in method.args.args]
        assert found.parameters["context"].annotation == "ScenarioContext"
        abstract = any(
            getattr(mark, "id", "") == "abstractmethod" for mark in method.decorator_list
        )
        assert (method.name in Scenario.__abstractmethods__) is abstract
    assert Scenario.__abstractmethods__ == {"seed"}
    assert "name" in Scenario.__annotations__
    assert ScenarioContext is EngineContext


def test_hooks_but_seed_have_empty_defaults() -> None:
    nothing: Any = None
    lamp = Lamp()
    for hook in (lamp.prepare, lamp.before_phase, lamp.after_phase, lamp.on_snapshot):
        assert hook(nothing) is None
    assert lamp.metrics(nothing) == {}
    assert lamp.finished(nothing) is None
    assert lamp.handlers() == {}
    assert Scenario.phases == {SimulationPhase.EVENT_GENERATION}
    assert (Scenario.default_cycles, Scenario.epoch, Scenario.cycle_seconds) == (None, EPOCH, 3600)


def test_the_description_is_the_first_line_of_the_docstring() -> None:
    assert Lamp.description == "A lamp that is lit."

    class Bare(Lamp):
        pass

    class Told(Lamp):
        """Not this."""

        description = "but this"

    # Not that of the parent: without a docstring of its own, the module speaks for it.
    assert Bare.description == __doc__.splitlines()[0]
    assert Told.description == "but this"


def test_configuration_is_typed_and_defaults_are_filled_in() -> None:
    found = Lamp().configure({"lamps": "3"})
    assert isinstance(found, Lamp.Config)
    assert (found.lamps, found.colour) == (3, "red")


def test_all_problems_of_a_configuration_are_told_at_once() -> None:
    with pytest.raises(InvalidInputError) as caught:
        Lamp().configure({"lmaps": 3, "lamps": 99, "colour": "gren"})
    text = str(caught.value)
    assert "\n" not in text
    assert "lmaps: is no field (did you mean lamps?)" in text
    assert "lamps: input should be less than or equal to 10, not 99" in text
    assert "colour: 'gren' is not one of red, green (did you mean green?)" in text
    assert caught.value.hint == "lamp takes lamps, colour"


@pytest.mark.parametrize(
    ("lamps", "kind", "text"),
    [
        (7, InvalidInputError, "lamp: lamps: seven is unlucky"),
        (8, ScenarioError, "lamp: its Config failed: KeyError: 'eight'"),
    ],
)
def test_validators_of_the_scenario_are_heard(lamps: int, kind: type, text: str) -> None:
    with pytest.raises(kind) as caught:
        Lamp().configure({"lamps": lamps})
    assert str(caught.value) == text


def test_unknown_keys_are_taken_where_the_model_says_so() -> None:
    class Open(Lamp):
        class Config(BaseModel, extra="allow"):
            pass

    assert Open().configure({"x": 1}).x == 1


def test_without_config_the_plain_mapping_is_passed_on() -> None:
    class Free(Lamp):
        Config = None

    given = {"x": 1}
    found = Free().configure(given)
    assert found == given
    assert found is not given


def test_the_built_in_scenario_is_imported_when_asked_for() -> None:
    from scrai.scenarios import SimpleTownScenario
    from scrai.worlds.simple_town import SimpleTownScenario as TheSame

    assert SimpleTownScenario is TheSame
    with pytest.raises(AttributeError, match="has no attribute 'SimpleTwonScenario'"):
        scrai.scenarios.SimpleTwonScenario  # noqa: B018

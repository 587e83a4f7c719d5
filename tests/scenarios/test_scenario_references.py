"""References: `module:Class`, `file.py`, `file.py:Class`, and every way in which they are wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scrai.errors import ScenarioError
from scrai.scenarios import Scenario, canonical, create_default_scenario_service, resolve

HEAD = "from scrai.scenarios import Scenario\n"
LAMP = HEAD + "class Lamp(Scenario):\n    name = 'lamp'\n    def seed(self, context): ...\n"
TWO = LAMP + "class Other(Lamp):\n    name = 'other'\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_file_is_run_as_a_module_of_a_private_name(here: Path) -> None:
    (here / "lamp.py").write_text(LAMP)
    found = resolve("lamp.py")
    assert found.name == "lamp"
    module = type(found).__module__
    assert module.startswith("_scrai_scenario_lamp_")
    assert type(resolve(str(here / "lamp.py"))) is type(found)
    assert sys.modules[module].__file__ == str(here / "lamp.py")
    assert "lamp" not in sys.modules


def test_files_of_one_name_do_not_meet(here: Path) -> None:
    (here / "lamp.py").write_text(LAMP)
    (here / "sub").mkdir()
    (here / "sub" / "lamp.py").write_text(LAMP.replace("'lamp'", "'another'"))
    assert [resolve("lamp.py").name, resolve("sub/lamp.py").name] == ["lamp", "another"]


def test_a_file_that_changed_is_run_again(here: Path) -> None:
    (here / "lamp.py").write_text(LAMP)
    before = resolve("lamp.py")
    (here / "lamp.py").write_text(LAMP.replace("'lamp'", "'lamb'"))
    assert (before.name, resolve("lamp.py").name) == ("lamp", "lamb")
    assert list(here.iterdir()) == [here / "lamp.py"]


def test_a_class_of_a_file_and_of_a_module(here: Path) -> None:
    (here / "two.py").write_text(TWO)
    assert resolve("two.py:Other").name == "other"
    assert resolve("two:Lamp").name == "lamp"
    assert type(resolve("scrai.scenarios:SimpleTownScenario")).__name__ == "SimpleTownScenario"


def test_an_instance_does_as_well_as_a_class(here: Path) -> None:
    (here / "made.py").write_text(LAMP + "lamp = Lamp()\nlamp.name = 'made'\n")
    assert resolve("made.py:lamp").name == "made"


def test_abstract_and_imported_scenarios_do_not_count(here: Path) -> None:
    text = (
        HEAD
        + "from scrai.scenarios import SimpleTownScenario\n"
        + "class Base(Scenario):\n    pass\n"
        + "class Lamp(Base):\n    name = 'lamp'\n    def seed(self, context): ...\n"
    )
    (here / "base.py").write_text(text)
    assert resolve("base.py").name == "lamp"


def test_files_may_use_dataclasses_and_pydantic(here: Path) -> None:
    (here / "typed.py").write_text(TYPED)
    found = resolve("typed.py:Bright").configure({"bulbs": [{"colour": "red"}]})
    assert found.bulbs[0].colour == "red"


TYPED = """
from __future__ import annotations
from dataclasses import dataclass
from pydantic import BaseModel
from scrai.scenarios import Scenario

@dataclass
class Bulb:
    watts: int = 5

class Bright(Scenario):
    name = "bright"

    class Config(BaseModel):
        bulbs: list[Shade] = []

    def seed(self, context): ...

class Shade(BaseModel):
    colour: str
"""

WRONG = [
    ("missing.py", None, "there is no file {here}/missing.py", None),
    ("bad.py", "x = 1\ndef f(:\n", "bad.py line 2: invalid syntax", None),
    ("nul.py", "x = 1\0", "nul.py: source code string cannot contain null bytes", None),
    ("boom.py", "\n\n1 / 0\n", "boom.py line 3: ZeroDivisionError: division by zero", None),
    ("exit.py", "raise SystemExit(3)", "exit.py line 1: SystemExit: 3", None),
    ("none.py", "x = 1", "none.py defines no class that is a scrai.scenarios.Scenario", None),
    ("two.py", TWO, "two.py defines 2 scenarios: Lamp, Other", "name one: two.py:Lamp"),
    ("two.py:Lmap", TWO, "two.py has no 'Lmap'", "did you mean Lamp?"),
    ("num.py:x", "x = 1", "num.py:x: int is no scrai.scenarios.Scenario", None),
    ("cls.py:X", "class X: ...", "cls.py:X: class X is no scrai.scenarios.Scenario", None),
    (
        "bare.py",
        LAMP.replace("    name = 'lamp'\n", ""),
        "bare.py: class Lamp has no name",
        'give it one: name = "..."',
    ),
    (
        "void.py",
        HEAD + "class Lamp(Scenario):\n    name = 'x'\n",
        "void.py: class Lamp has no seed",
        None,
    ),
    (
        "init.py",
        LAMP + "    def __init__(self): raise OSError('dark\\nvery dark')\n",
        "init.py: Lamp() failed: OSError: dark very dark",
        "a scenario is made without arguments",
    ),
    (
        "needs.py",
        "import bad_one_of_these",
        "needs.py line 1: ModuleNotFoundError: No module named 'bad_one_of_these'",
        None,
    ),
    ("nomod:X", None, "there is no module 'nomod'", None),
    ("scrai.nomod:X", None, "there is no module 'scrai.nomod'", None),
    ("json:Lamp", None, "json has no 'Lamp'", None),
    (
        "json:JSONDecoder",
        None,
        "json:JSONDecoder: class JSONDecoder is no scrai.scenarios.Scenario",
        None,
    ),
    (
        "a:b:c",
        None,
        "'a:b:c' is no scenario",
        "write a key, module:Class, file.py or file.py:Class",
    ),
    (":", None, "':' is no scenario", "write a key, module:Class, file.py or file.py:Class"),
    ("nul\0.py", None, "'nul\\x00.py' is no path: embedded null byte", None),
]


@pytest.mark.parametrize(("spec", "text", "line", "hint"), WRONG, ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_in_one_line(
    here: Path, spec: str, text: str | None, line: str, hint: str | None
) -> None:
    if text is not None:
        (here / spec.partition(":")[0]).write_text(text)
    before = set(sys.modules)
    with pytest.raises(ScenarioError) as caught:
        resolve(spec)
    assert str(caught.value) == line.format(here=here)
    assert caught.value.hint == hint
    left = "_scrai_scenario_exit", "_scrai_scenario_bad"
    assert not {name for name in set(sys.modules) - before if name.startswith(left)}


def test_hostile_names_are_refused_too(here: Path) -> None:
    for spec in ("x" * 5000 + ".py", "\ud800.py", "\ud800", "~no-such-user/x.py", "", "../", "."):
        with pytest.raises(ScenarioError) as caught:
            resolve(spec)
        assert len(str(caught.value)) < 300


def test_a_file_that_was_mended_can_be_resolved(here: Path) -> None:
    (here / "lamp.py").write_text("def f(:")
    with pytest.raises(ScenarioError):
        resolve("lamp.py")
    (here / "lamp.py").write_text(LAMP)
    assert resolve("lamp.py").name == "lamp"


def test_a_file_that_wants_a_neighbour_is_told_what_to_do(here: Path) -> None:
    (here / "alone.py").write_text("from .helpers_of_mine import x")
    (here / "helpers_of_mine.py").write_text("x = 1")
    with pytest.raises(ScenarioError, match=r"alone\.py line 1: ImportError"):
        resolve("alone.py")
    sys.path.remove(str(here))
    (here / "alone.py").write_text("import helpers_of_mine")
    with pytest.raises(ScenarioError) as caught:
        resolve("alone.py")
    assert caught.value.hint == "a file stands alone; for several files write module:Class"


def test_a_module_that_breaks_is_not_called_missing(here: Path) -> None:
    (here / "half_a_module.py").write_text("import nowhere_at_all\n")
    with pytest.raises(ScenarioError) as caught:
        resolve("half_a_module:Lamp")
    assert str(caught.value) == (
        "module half_a_module (half_a_module.py line 1):"
        " ModuleNotFoundError: No module named 'nowhere_at_all'"
    )


def test_a_file_is_stored_by_its_absolute_path(here: Path) -> None:
    assert canonical("sub/../lamp.py") == str(here / "lamp.py")
    assert canonical("lamp.py:Lamp") == f"{here / 'lamp.py'}:Lamp"
    assert canonical("two:Lamp") == "two:Lamp"
    assert canonical("simple_town") == "simple_town"


def test_a_simulation_finds_its_file_from_elsewhere(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "lamp.py").write_text(LAMP)
    stored = create_default_scenario_service().new_simulation("lamp.py", "s").scenario_module
    assert stored
    (here / "sub").mkdir()
    monkeypatch.chdir(here / "sub")
    hooks = create_default_scenario_service().hooks(stored)
    assert isinstance(hooks, Scenario)
    code = f"from scrai.scenarios import resolve; print(resolve({stored!r}).name)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd="/"
    )
    assert done.stdout == "lamp\n"

"""The registry and the finding of plug-ins."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from _runs import Recorder
from scrai.errors import ScenarioError
from scrai.scenarios import (
    Plugin,
    Scenario,
    ScenarioPluginWarning,
    ScenarioRegistry,
    create_default_scenario_service,
)

GOOD = '''
from scrai.scenarios import Scenario

class Good(Scenario):
    """A scenario of a package."""
    name = "good"
    def seed(self, context): ...
'''

TAKEN = "scenario 'simple_town' is registered already"
MISSING = (
    "module plug_sick (plug_sick.py line 1):"
    " ModuleNotFoundError: No module named 'nothing_of_that_name'"
)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages: two plug-ins that work and three that do not."""
    monkeypatch.delenv("SCRAI_DISABLE_PLUGINS", raising=False)
    _install(tmp_path, "nice", {"nice": "plug_nice:Good", "zeal": "plug_nice:Good"})
    _install(tmp_path, "sick", {"broken": "plug_sick:Good", "gone": "plug_gone:Good"})
    _install(tmp_path, "thief", {"simple_town": "plug_nice:Good"})
    (tmp_path / "plug_nice.py").write_text(GOOD)
    (tmp_path / "plug_sick.py").write_text("import nothing_of_that_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in ("plug_nice", "plug_sick"):
        sys.modules.pop(name, None)


def _install(folder: Path, package: str, points: dict[str, str]) -> None:
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[scrai.scenarios]\n{lines}")


# -- the registry -----------------------------------------------------------------------------


def test_scenarios_are_kept_by_key() -> None:
    registry = ScenarioRegistry()
    one, two = Recorder(), Recorder()
    registry.register("two", two)
    registry.register("one", one)
    assert registry.get("one") is one
    assert "two" in registry
    assert "three" not in registry
    assert len(registry) == 2
    assert list(registry) == registry.keys() == ["one", "two"]
    assert registry.items() == [("one", one), ("two", two)]
    assert registry.list_all() == [one, two]
    registry.unregister("one")
    assert registry.keys() == ["two"]
    registry.register("one", two)
    assert registry.get("one") is two


def test_a_key_is_taken_once() -> None:
    registry = ScenarioRegistry()
    first = Recorder()
    registry.register("town", first)
    with pytest.raises(ScenarioError, match=r"^scenario 'town' is registered already$"):
        registry.register("town", Recorder())
    assert registry.get("town") is first


class Nameless(Recorder):
    name = " "


@pytest.mark.parametrize(
    ("value", "text", "hint"),
    [
        (Recorder, "is no scenario", "register an instance, not the class"),
        (object(), "cannot register 'x': <object object", None),
        (None, "cannot register 'x': None is no scenario", None),
        (Nameless(), "class Nameless has no name", 'give it one: name = "..."'),
    ],
)
def test_what_is_no_scenario_is_refused(value: Scenario, text: str, hint: str | None) -> None:
    registry = ScenarioRegistry()
    with pytest.raises(ScenarioError) as caught:
        registry.register("x", value)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint == hint
    assert len(registry) == 0


@pytest.mark.parametrize("key", ["", "a b", "a:b", "a/b", "a~b", "town.py", "a\n"])
def test_a_key_cannot_be_taken_for_a_reference(key: str) -> None:
    with pytest.raises(ScenarioError, match="cannot be the key of a scenario"):
        ScenarioRegistry().register(key, Recorder())


def test_an_unknown_key_names_near_ones() -> None:
    registry = create_default_scenario_service().registry
    for call in (registry.get, registry.unregister):
        with pytest.raises(ScenarioError, match=r"^unknown scenario 'simple_twon'$") as caught:
            call("simple_twon")
        assert caught.value.hint == "did you mean simple_town?"


def test_an_unknown_key_names_the_file_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "wells.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ScenarioError) as caught:
        create_default_scenario_service().select("wells")
    assert caught.value.hint == "for the file write wells.py"


# -- plug-ins ---------------------------------------------------------------------------------


def test_the_default_service_has_the_town_and_the_plug_ins(packages: Path) -> None:
    registry = create_default_scenario_service().registry
    assert registry.get("simple_town").name == "simple_town"
    with pytest.warns(ScenarioPluginWarning):
        assert registry.get("nice").description == "A scenario of a package."


def test_broken_plug_ins_are_named_in_one_line_each_and_take_none_down(packages: Path) -> None:
    registry = create_default_scenario_service().registry
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        keys = [key for key, _ in registry.items()]
        again = [key for key, _ in registry.items()]
    assert keys == again
    assert {"nice", "simple_town", "zeal"} <= set(keys)
    assert not {"broken", "gone"} & set(keys)
    texts = [str(warning.message) for warning in caught]
    assert texts == [
        f"scenario 'simple_town' of package thief is left out: {TAKEN}",
        f"scenario 'broken' of package sick is broken: {MISSING}",
        "scenario 'gone' of package sick is broken: there is no module 'plug_gone'",
    ]
    assert all(warning.category is ScenarioPluginWarning for warning in caught)


def test_asking_for_a_broken_plug_in_says_what_is_wrong(packages: Path) -> None:
    service = create_default_scenario_service()
    with pytest.warns(ScenarioPluginWarning), pytest.raises(ScenarioError) as caught:
        service.select("broken")
    assert str(caught.value).startswith("scenario 'broken' of package sick is broken: module ")
    assert "\n" not in str(caught.value)


def test_nothing_is_imported_before_it_is_asked_for(packages: Path) -> None:
    registry = create_default_scenario_service().registry
    with pytest.warns(ScenarioPluginWarning):
        assert "broken" in registry
    assert "plug_nice" not in sys.modules
    registry.get("nice")
    assert "plug_nice" in sys.modules


@pytest.mark.parametrize(
    ("switch", "left"),
    [("1", set()), ("all", set()), ("broken, nice", {"gone", "zeal"}), ("", {"nice", "zeal"})],
)
def test_plug_ins_can_be_switched_off(
    packages: Path, monkeypatch: pytest.MonkeyPatch, switch: str, left: set[str]
) -> None:
    monkeypatch.setenv("SCRAI_DISABLE_PLUGINS", switch)
    registry = create_default_scenario_service().registry
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScenarioPluginWarning)
        found = set(registry.keys())
    assert "simple_town" in found
    assert left <= found
    if switch:
        assert found & {"broken", "gone", "nice", "zeal"} == left


def test_ours_is_no_duplicate_of_itself() -> None:
    points = metadata.entry_points(group="scrai.scenarios", name="simple_town")
    assert [point.value for point in points] == ["scrai.worlds.simple_town:SimpleTownScenario"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "simple_town" in set(create_default_scenario_service().registry)


def test_a_plug_in_is_made_once() -> None:
    registry = ScenarioRegistry(
        lambda: [Plugin("town", "scrai.worlds.simple_town:SimpleTownScenario", "pack")]
    )
    assert registry.get("town") is registry.get("town")


def test_a_plug_in_warned_of_is_one_line_on_a_terminal(packages: Path) -> None:
    code = (
        "from scrai.scenarios import create_default_scenario_service as make\n"
        "print([key for key, _ in make().registry.items()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(packages)!r})\n{code}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "'nice'" in done.stdout
    assert done.stderr.count("is broken") == 2
    assert "Traceback" not in done.stderr

"""The public face: every package says what it exports, sorted, and has what it says."""

from __future__ import annotations

import importlib
import inspect
import re

import pytest

from _tree import SOURCE, packages


def isort_key(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """Sort as ruff's RUF022 does: CONSTANTS, Classes, the rest; numbers by value."""
    bare = name.replace("_", "")
    constant = len(bare) > 1 and name.isupper()
    rank = 0 if constant else 1 + (not name[0].isupper())
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return rank, [(not p.isdigit(), int(p) if p.isdigit() else 0, p) for p in parts]


def test_sorting_by_kind_and_number() -> None:
    names = ["T", "a_b", "__version__", "B10", "MAX", "Actor", "aB", "B2", "ActorType"]
    wanted = ["B2", "B10", "MAX", "Actor", "ActorType", "T", "__version__", "aB", "a_b"]
    assert sorted(names, key=isort_key) == wanted


def test_there_are_packages_to_test() -> None:
    assert {"scrai", "scrai.models", "scrai.store", "scrai.engine"} <= set(packages())


@pytest.mark.parametrize("package", packages())
def test_exports_are_sorted_unique_and_there(package: str) -> None:
    module = importlib.import_module(package)
    exported = getattr(module, "__all__", None)
    assert exported, f"{package} has no __all__"
    assert list(exported) == sorted(set(exported), key=isort_key)
    missing = [name for name in exported if not hasattr(module, name)]
    assert missing == []


@pytest.mark.parametrize("package", packages())
def test_the_package_and_what_it_exports_are_described(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__doc__
    exported = {name: getattr(module, name) for name in getattr(module, "__all__", ())}
    bare = [
        name
        for name, value in exported.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not value.__doc__
    ]
    assert bare == []


@pytest.mark.parametrize("package", packages())
def test_public_names_do_not_live_in_two_places(package: str) -> None:
    """A package's modules are private, except those that `python -m` runs."""
    folder = SOURCE.joinpath(*package.split("."))
    allowed = {"__init__", "__main__"} | ({"errors"} if package == "scrai" else set())
    public = [
        path.stem
        for path in folder.glob("*.py")
        if not path.stem.startswith("_")
        and path.stem not in allowed
        and 'if __name__ == "__main__":' not in path.read_text("utf-8")
    ]
    assert public == []

"""Pages that scripts write are as the scripts write them, and the exception tree is one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import scrai
from _tree import ROOT
from scrai import errors


@pytest.mark.parametrize(
    "script", ["generate-cli-docs", "generate-error-docs", "generate-exchange-docs"]
)
def test_the_page_is_as_the_script_writes_it(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def defined() -> dict[str, type[errors.ScraiError]]:
    """Return the exceptions of scrai.errors by name."""
    return {
        name: value
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.ScraiError)
    }


def drawn() -> dict[str, str | None]:
    """Return name -> parent as the docstring of scrai.errors draws them."""
    parents: dict[str, str | None] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^( {4,})((?:\w+(?:Error)(?:, *)?)+)", line)
        if not match:
            continue
        indent = len(match[1])
        above = [item for item in above if item[0] < indent]
        for name in re.findall(r"\w+", match[2]):
            parents[name] = above[-1][1] if above else None
        above.append((indent, re.findall(r"\w+", match[2])[-1]))
    return parents


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    tree = drawn()
    classes = defined()
    assert set(tree) == set(classes)
    wrong = [
        (name, parent)
        for name, parent in tree.items()
        if parent is not None and not issubclass(classes[name], classes[parent])
    ]
    assert wrong == []


def test_every_exported_exception_is_in_the_one_tree() -> None:
    names = [scrai.__name__]
    names += [
        item.name
        for item in pkgutil.walk_packages(scrai.__path__, "scrai.")
        if item.ispkg and "._" not in item.name
    ]
    stray = [
        f"{module.__name__}.{name}"
        for module in map(importlib.import_module, names)
        for name in getattr(module, "__all__", ())
        if is_stray(getattr(module, name))
    ]
    assert stray == []


def is_stray(value: object) -> bool:
    """Say whether `value` is an error of ours that is defined elsewhere.

    Warnings are no errors, and a failed assertion of the conformance suite is no error of ScrAI.
    """
    return (
        inspect.isclass(value)
        and issubclass(value, Exception)
        and not issubclass(value, Warning | AssertionError)
        and value.__module__ != errors.__name__
    )

"""The lock file: plain pins that meet what the package asks for."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from _tree import ROOT

PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([0-9][0-9a-z.+!]*)$")


def pins() -> dict[str, str]:
    """Return name -> version; fail on any line that is not a plain pin."""
    lines = (ROOT / "requirements" / "dev.txt").read_text("utf-8").splitlines()
    odd = [line for line in lines if not PIN.match(line)]
    assert odd == []
    return {canonicalize_name(name): version for name, version in map(_split, lines)}


def _split(line: str) -> tuple[str, str]:
    name, _, version = line.partition("==")
    return name, version


def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_every_declared_dependency_is_pinned_within_its_bounds() -> None:
    declared = project()
    wanted = list(declared["project"]["dependencies"])
    for extra in declared["project"].get("optional-dependencies", {}).values():
        wanted += extra
    wanted += declared["dependency-groups"]["dev"]
    locked = pins()
    unmet = []
    for requirement in map(Requirement, wanted):
        if requirement.name == declared["project"]["name"]:  # an extra made of others
            continue
        version = locked.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            unmet.append(f"{requirement} (locked: {version})")
    assert unmet == [], "run scripts/lock"


def test_the_lock_is_sorted_and_has_no_name_twice() -> None:
    lines = (ROOT / "requirements" / "dev.txt").read_text("utf-8").splitlines()
    names = [_split(line)[0] for line in lines]
    assert names == sorted(set(names))

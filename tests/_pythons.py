"""Interpreters of every supported Python with this package installed.

`interpreter("3.12")` gives the path of one, or skips the test and says why. The environments
are made once by `scripts/test-pythons`; a lock keeps parallel test workers from making them
twice.
"""

from __future__ import annotations

import fcntl
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


@functools.cache
def interpreters() -> dict[str, Path]:
    """Return version -> interpreter for all that this machine has, the running one included."""
    others = [version for version in VERSIONS if version != RUNNING]
    script = ROOT / "scripts" / "test-pythons"
    lock = ROOT / ".pytest_cache" / "pythons.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        done = subprocess.run(
            ["bash", str(script), *others], check=False, capture_output=True, text=True
        )
    if done.returncode != 0:
        pytest.fail(f"{script} failed:\n{done.stderr}", pytrace=False)
    found = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    return {RUNNING: Path(sys.executable)} | {key: Path(path) for key, path in found.items()}


def interpreter(version: str) -> Path:
    """Return the interpreter of `version`; skip the running test if there is none."""
    found = interpreters()
    if version not in found:
        pytest.skip(f"Python {version} is NOT on this machine: this version went untested")
    return found[version]

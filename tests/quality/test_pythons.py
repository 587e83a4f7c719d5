"""The package imports on every supported Python."""

from __future__ import annotations

import subprocess
from pathlib import Path

import scrai


def test_the_package_imports_on_every_supported_python(any_python: Path) -> None:
    code = "import scrai, sys; print(scrai.__version__, scrai.__file__)"
    done = subprocess.run(
        [str(any_python), "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == [scrai.__version__, scrai.__file__]

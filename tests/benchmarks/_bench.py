"""Runs `benchmarks/run`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


def run(
    folder: Path, *arguments: str, code: int = 0, **environment: str
) -> tuple[dict[str, Any], str]:
    """Run `benchmarks/run`; return its JSON and what it printed."""
    report = folder / "report.json"
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run"), "--json", str(report), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(report.read_text("utf-8")), done.stdout

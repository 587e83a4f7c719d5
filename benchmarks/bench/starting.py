"""What starting costs: `startup.py`, in a process of its own that is small."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .plan import Plan
from .report import EXCEEDED, KEPT, Section

PROGRAM = Path(__file__).resolve().parent.parent / "startup.py"


def starting(_: Plan) -> Section:
    """Run `startup.py`."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), "--json"], check=True, stdout=subprocess.PIPE
    )
    rows = json.loads(done.stdout)["cases"]
    for row in rows:
        bounded = row["cpu_bound"] is not None or row["memory_bound"] is not None
        row["verdict"] = (KEPT if row["kept"] else EXCEEDED) if bounded else None
    return Section(
        "start",
        "start-up",
        [
            ("", "name", ""),
            ("CPU s", "cpu_seconds", ".3f"),
            ("bound", "cpu_bound", "g"),
            ("peak MB", "megabytes", ".1f"),
            ("bound", "memory_bound", "g"),
            ("", "verdict", ""),
        ],
        rows,
        ["medians of fresh processes with compiled bytecode, as measured (no reference speed)"],
    )

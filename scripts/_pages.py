"""Shared by the scripts that generate pages of the documentation."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def generate(script: str, page: str, build: Callable[[], str]) -> int:
    """Write `page`, or with --check say how it differs; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"scripts/{script}", description=f"Write {page}.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if it is stale")
    options = parser.parse_args()
    place = ROOT / page
    old = place.read_text("utf-8") if place.exists() else ""
    new = build()
    if old == new:
        return 0
    if not options.check:
        place.write_text(new, "utf-8")
        print(f"{page} written")
        return 0
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), page, "generated", lineterm="")
    print("\n".join(lines))
    print(f"{page} is stale: run scripts/{script}", file=sys.stderr)
    return 1

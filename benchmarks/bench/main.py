"""The command line of the benchmarks."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .calibration import calibration
from .calls import calls
from .cost import cost
from .exchange import exchange
from .flat import flat
from .peers import peers
from .pipe import BrokenCaseError
from .plan import BACKENDS, FULL, QUICK, Plan, scaled
from .report import Section
from .spots import growth, profile
from .starting import starting
from .stored import stored
from .trips import trips

SECTIONS: dict[str, Callable[[Plan], Section | None]] = {
    "cost": cost,
    "flat": flat,
    "stored": stored,
    "trips": trips,
    "start": starting,
    "exchange": exchange,
    "peers": peers,
    "calls": calls,
}
ON_DEMAND: dict[str, Callable[[Plan], Section | None]] = {"profile": profile, "growth": growth}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the JSON; return the exit code."""
    options = _parser().parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scrai-bench-")))
        plan = stack.enter_context(_with_server(_plan(options, folder)))
        report = _report(plan, options.only or list(SECTIONS))
    report["size"] = options.size
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    return 1 if report["broken"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run", description="Measure ScrAI; README.md beside this says how."
    )
    size = parser.add_mutually_exclusive_group()
    size.set_defaults(size="usual")
    for name, what in (
        ("quick", "minutes: fewer windows, no cycle 10,000"),
        ("full", "10,000 cycles on the emulator as well"),
    ):
        size.add_argument(f"--{name}", dest="size", action="store_const", const=name, help=what)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument(
        "--only", action="append", choices=[*SECTIONS, *ON_DEMAND], help="(may be repeated)"
    )
    parser.add_argument(
        "--backend", action="append", choices=BACKENDS, help="(may be repeated; default: all)"
    )
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="install nothing")
    parser.add_argument(
        "--peers-folder", type=Path, metavar="DIR", help="keep peers' environments there"
    )
    parser.add_argument("--actors", type=_numbers, help="populations, such as 0,10,100")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="multiply all numbers of cycles, to try things out"
    )
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _plan(options: argparse.Namespace, folder: Path) -> Plan:
    base = Plan(folder=folder, peers=options.peers, peer_folder=options.peers_folder)
    sizes = {"quick": QUICK, "usual": {"ages": base.ages}, "full": FULL}[options.size]
    plan = replace(base, **(scaled(sizes, options.scale) if options.scale != 1 else sizes))
    if options.backend:
        plan = replace(plan, backends=tuple(dict.fromkeys(options.backend)))
    return replace(plan, actors=options.actors) if options.actors else plan


@contextmanager
def _with_server(plan: Plan) -> Iterator[Plan]:
    """Start the emulator if it is wanted; leave Firestore out, and say so, if it is not here."""
    if "emulator" not in plan.backends:
        yield plan
        return
    running = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if running:
        yield replace(plan, host=running)
        return
    from scrai.store.emulator import Emulator, why_unavailable

    missing = why_unavailable()
    if missing:
        _say(f"FIRESTORE IS NOT MEASURED: {missing}\n")
        yield replace(plan, backends=tuple(name for name in plan.backends if name != "emulator"))
        return
    with Emulator() as emulator:
        yield replace(plan, host=emulator.host)


def _report(plan: Plan, names: Sequence[str]) -> dict[str, Any]:
    report: dict[str, Any] = {"machine": _machine(), "sections": {}, "broken": {}}
    report["calibration"] = {"before": _calibrate("before")}
    for name in dict.fromkeys(names):
        try:
            section = (SECTIONS | ON_DEMAND)[name](plan)
        except BrokenCaseError as broken:
            report["broken"][name] = str(broken)
            _say(f"== {name}: NOT MEASURED: {broken}\n")
            continue
        if section is not None:
            report["sections"][name] = section.value()
            _say(section.text())
    report["calibration"]["after"] = _calibrate("after")
    return report


def _machine() -> dict[str, Any]:
    import scrai

    found = {
        "scrai": scrai.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }
    _say(", ".join(f"{name} {value}" for name, value in found.items()))
    return found


def _calibrate(when: str) -> dict[str, dict[str, float]]:
    found = calibration()
    parts = (f"{name} {each['median']:.2f} ({each['fastest']:.2f})" for name, each in found.items())
    _say(f"calibration {when}, CPU ms, median (fastest): {'; '.join(parts)}\n")
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()

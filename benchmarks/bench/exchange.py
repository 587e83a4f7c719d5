"""How fast the exchange lives, from ten agents to a hundred thousand."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .pipe import Child
from .plan import Plan
from .report import EXCEEDED, KEPT, Section

PRESETS = ("minimal", "standard", "large", "money_demo", "mixed_economy")
SIZES = (200, 1_000, 10_000, 100_000)
LEVELS = ("off", "trades")
REGIMES = {
    "money": {"exchange_regime": "money_only"},
    "mixed": {"exchange_regime": "mixed"},
    "gated": {"exchange_regime": "mixed_liquidity_gated"},
    "kkt_lambda": {"exchange_regime": "mixed", "money_mode": "kkt_lambda"},
}
"""What else than barter is measured at every size that has a bound: parameters, by name."""

TICKS = 100
BOUNDS = {80: 5_000, 1_000: 500, 10_000: 40}
"""Ticks per CPU second with telemetry off that are to be reached, by agents."""

VMT = {80: 131, 200: 47, 1_000: 6.2}
"""What the peer reached on the machine that the bounds were set on."""

LONG = 5_000
"""Agents from which a window has one cycle."""


def exchange(plan: Plan) -> Section:
    """Measure presets and sizes, telemetry off and trades."""
    section = Section(
        "exchange",
        f"exchange: ticks per CPU second, cycles of {TICKS} ticks committed to sqlite",
        [
            ("economy", "name", ""),
            ("agents", "agents", ",d"),
            ("telemetry", "level", ""),
            ("ticks/s", "ticks_per_second", ",.1f"),
            ("bound", "bound", ",d"),
            ("", "verdict", ""),
            ("VMT", "vmt", "g"),
            ("set-up ms", "set_up_ms", ",.1f"),
            ("first call ms", "first_ms", ",.0f"),
            ("peak MB", "peak_mb", ",.0f"),
        ],
    )
    with _cache(plan.folder) as note:
        section.notes.append(note)
        for case in _cases(plan):
            section.rows.append(_measured(plan, case))
    section.notes += [
        "first call: loading the compiled core from its cache; VMT: as measured on another machine",
        "utilities are drawn per agent up to 10,000 agents, above that from a mix",
        *_generator(plan.folder),
    ]
    return section


@dataclass(frozen=True)
class Case:
    """An economy to measure.

    Attributes:
        preset: where it comes from.
        agents: their number at the density of `large`; 0 for the preset's own.
        level: of telemetry.
        params: what is set otherwise.
        regime: a name for that.
    """

    preset: str
    agents: int = 0
    level: str = "off"
    params: dict[str, str] = field(default_factory=dict)
    regime: str = ""

    @property
    def name(self) -> str:
        """What the table calls it."""
        size = [f"{self.agents:,}"] if self.agents else []
        return ", ".join([self.preset, *([self.regime] if self.regime else []), *size])

    @property
    def bounded(self) -> bool:
        """Whether it has to keep a bound: all of the density of `large` without telemetry."""
        return self.level == "off" and (self.preset == "large" or self.agents > 0)


def _cases(plan: Plan) -> Iterator[Case]:
    most = max(SIZES) if plan.effort >= Plan.effort else 1_000
    for preset in PRESETS:
        yield from (Case(preset, level=level) for level in LEVELS)
    for agents in SIZES:
        if agents <= most:
            yield from (Case("large", agents, level) for level in LEVELS)
    for agents in BOUNDS:
        if agents <= most:
            for name, params in REGIMES.items():
                yield Case("mixed_economy", agents, params=params, regime=name)


@contextmanager
def _cache(folder: Path) -> Iterator[str]:
    """Compile once, into a cache of the benchmark's own; say how long that took."""
    before = os.environ.get("NUMBA_CACHE_DIR")
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "compiled")
    try:
        with _child(folder, Case("minimal")) as (_, found):
            seconds = found["first_ms"] / 1000
        yield f"compiling into an empty cache: {seconds:.1f} CPU s, once for each version"
    finally:
        if before is None:
            del os.environ["NUMBA_CACHE_DIR"]
        else:
            os.environ["NUMBA_CACHE_DIR"] = before


@contextmanager
def _child(folder: Path, case: Case) -> Iterator[tuple[Child, Any]]:
    with Child("bench.economy") as child:
        yield (
            child,
            child.ask(
                do="open",
                preset=case.preset,
                agents=case.agents,
                level=case.level,
                params=case.params,
                ticks=TICKS,
                folder=str(folder),
            ),
        )


def _measured(plan: Plan, case: Case) -> dict[str, Any]:
    with _child(plan.folder, case) as (child, found):
        cycles = 1 if found["agents"] >= LONG else max(1, plan.effort // found["agents"] // 4)
        child.ask(do="run", cycles=1)
        windows = plan.repetitions if found["agents"] < LONG else min(3, plan.repetitions)
        samples = [child.ask(do="run", cycles=cycles) for _ in range(windows)]
    speed = TICKS * 1000 / statistics.median(sample["cpu"] for sample in samples)
    bound = BOUNDS.get(found["agents"]) if case.bounded else None
    barter = case.preset == "large"
    return {
        **found,
        "name": case.name,
        "level": case.level,
        "ticks_per_second": speed,
        "bound": bound,
        "verdict": None if bound is None else KEPT if speed >= bound else EXCEEDED,
        "vmt": VMT.get(found["agents"]) if case.bounded and barter else None,
        "peak_mb": max(sample["peak_kb"] for sample in samples) / 1024,
    }


def _generator(folder: Path) -> Iterator[str]:
    """Time the generator, each preset and fifty files, as a program of its own."""
    for preset in PRESETS:
        yield f"scrai generate --preset {preset}: {_generated(folder, preset, 1):.2f} s wall"
    yield f"fifty files of the preset standard: {_generated(folder, 'standard', 50):.2f} s wall"


def _generated(folder: Path, preset: str, count: int) -> float:
    out = folder / f"{preset}-{count}"
    if count > 1:
        out.mkdir()
    target = str(out) if count > 1 else f"{out}.yaml"
    command = [sys.executable, "-m", "scrai.cli", "generate", preset, "--preset", preset]
    begun = time.perf_counter()
    subprocess.run(
        [*command, "--count", str(count), "--output", target], check=True, capture_output=True
    )
    return time.perf_counter() - begun

"""What starting costs: CPU time and memory of `import scrai` and `scrai --help`.

    python benchmarks/startup.py            a table
    python benchmarks/startup.py --json     the same as JSON
    python benchmarks/startup.py --check    exit with 1 if a bound is exceeded

Every figure is the median of seven fresh processes, after one that leaves compiled bytecode
behind. Processes are spawned, not forked, and this program imports little, because a child's
peak memory on Linux is never less than what its parent had when it was started.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

RUNS = 7
KILOBYTE = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss, in bytes


@dataclass(frozen=True)
class Case:
    """One command, with the bounds that it must keep (None: for comparison only)."""

    name: str
    command: tuple[str, ...]
    cpu_bound: float | None = None
    memory_bound: float | None = None


@dataclass(frozen=True)
class Figures:
    """The medians of one case."""

    name: str
    cpu_seconds: float
    megabytes: float
    cpu_bound: float | None
    memory_bound: float | None

    @property
    def kept(self) -> bool:
        """Say whether both bounds are kept."""
        pairs = ((self.cpu_seconds, self.cpu_bound), (self.megabytes, self.memory_bound))
        return all(bound is None or value <= bound for value, bound in pairs)


def cases() -> list[Case]:
    """Return what is measured, with the interpreter that runs this."""
    program = Path(sys.executable).with_name("scrai")
    return [
        Case("python -c pass", (sys.executable, "-c", "pass")),
        Case("import scrai", (sys.executable, "-c", "import scrai"), 0.3, 45.0),
        Case(
            "import scrai.engine, scrai.scenarios",
            (sys.executable, "-c", "import scrai.engine, scrai.scenarios"),
        ),
        Case("scrai --help", (str(program), "--help"), 0.2),
        Case("scrai version", (str(program), "version")),
    ]


def measure(case: Case, runs: int = RUNS) -> Figures:
    """Run a case once to warm up and then `runs` times."""
    once(case)
    samples = [once(case) for _ in range(runs)]
    cpu = statistics.median(sample[0] for sample in samples)
    memory = statistics.median(sample[1] for sample in samples)
    return Figures(case.name, cpu, memory, case.cpu_bound, case.memory_bound)


def once(case: Case) -> tuple[float, float]:
    """Run a case; return CPU seconds and peak megabytes of that process alone."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(case.command[0], case.command, environment, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{case.name}: ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss * KILOBYTE / 1e6


def table(figures: list[Figures]) -> str:
    """Return the figures as a plain table."""
    rows = [("", "CPU s", "bound", "peak MB", "bound", "")]
    for item in figures:
        bounds = item.cpu_bound, item.memory_bound
        verdict = "" if bounds == (None, None) else "kept" if item.kept else "EXCEEDED"
        rows.append(
            (
                item.name,
                f"{item.cpu_seconds:.3f}",
                "" if bounds[0] is None else f"{bounds[0]:g}",
                f"{item.megabytes:.1f}",
                "" if bounds[1] is None else f"{bounds[1]:g}",
                verdict,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def main() -> int:
    """Measure and print; return the exit code."""
    parser = argparse.ArgumentParser(description="Measure what starting costs.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--check", action="store_true", help="fail if a bound is exceeded")
    options = parser.parse_args()
    figures = [measure(case) for case in cases()]
    if options.json:
        found = [asdict(item) | {"kept": item.kept} for item in figures]
        print(json.dumps({"python": sys.version.split()[0], "runs": RUNS, "cases": found}))
    else:
        print(table(figures))
    return 1 if options.check and not all(item.kept for item in figures) else 0


if __name__ == "__main__":
    sys.exit(main())

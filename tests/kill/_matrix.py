"""The kill matrix: SIGKILL at every boundary of a step x every phase x every durable backend.

    python tests/kill/_matrix.py [sqlite] [firestore]

prints it as a table. Each cell kills a process at the boundary, lets another finish the run, and
compares: the final hash and the number of steps with an uninterrupted run's, every entity and
part with it, and the journal with itself (no step missing, none twice).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scrai.engine import BOUNDARIES
from scrai.models import SimulationPhase

PHASES = [phase.value for phase in list(SimulationPhase)[:6]]
CYCLES = 6
HERE = Path(__file__).parent


@dataclass
class Cell:
    """One kill and what came of it."""

    backend: str
    boundary: str
    phase: str
    number: int
    killed: bool = False
    problem: str = ""

    @property
    def expected_kill(self) -> bool:
        """Whether the boundary exists in this phase: only Snapshot uploads chunks here."""
        return self.boundary != "in_upload" or self.phase == "snapshot"


class Workers:
    """The worker process that forks the jobs."""

    def __init__(self, backend: str, folder: Path, host: str = "") -> None:
        self.backend, self.folder, self.host = backend, folder, host
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )

    def run(self, place: str, **job: Any) -> tuple[dict[str, Any], str]:
        """Run a job; return how the process ended and what it reported."""
        report = self.folder / f"{place}.report"
        report.unlink(missing_ok=True)
        where = str(self.folder / f"{place}.db") if self.backend == "sqlite" else f"demo-{place}"
        request = job | {
            "backend": self.backend,
            "place": where,
            "host": self.host,
            "report": str(report),
            "cycles": CYCLES,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer, report.read_text() if report.exists() else ""

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def workers(backend: str, folder: Path, host: str = "") -> Iterator[Workers]:
    found = Workers(backend, folder, host)
    try:
        yield found
    finally:
        found.close()


async def contents(store: Any) -> dict[str, Any]:
    """Return all that the simulation is, and its journal's step numbers and hashes."""
    from scrai.engine import Journal
    from scrai.store import Query, Where

    found: dict[str, Any] = {}
    for kind in ("actors", "events", "actions"):
        where = (Where("simulation_id", "==", "sim"),)
        for document in await store.query(Query(kind, where)):
            found[f"{kind}/{document.id}"] = (document.columns["state"], document.value())
    for name in ("world_state", "environment", "metadata", "configuration"):
        part = await store.get("simulations/sim/parts", name)
        found[f"parts/{name}"] = part.value()
    found["inbox"] = len(await store.query(Query("simulations/sim/inbox")))
    found["steps"] = [(e["step"], e["hash"]) async for _, e in Journal(store).history("sim")]
    return found


def cells(backend: str) -> list[Cell]:
    """Return the matrix: a kill in the first cycle and one in the third."""
    return [
        Cell(backend, boundary, phase, number)
        for boundary in BOUNDARIES
        for phase in PHASES
        for number in ((1,) if phase == "initialize" or boundary == "before_load" else (1, 3))
    ]


def read(backend: str, folder: Path, place: str, host: str) -> dict[str, Any]:
    """Read a finished run in this process."""
    import asyncio

    from scrai.store import SqliteStore
    from scrai.store._firestore import FirestoreStore

    async def look() -> dict[str, Any]:
        if backend == "sqlite":
            store: Any = SqliteStore(folder / f"{place}.db")
        else:
            store = FirestoreStore(project_id=f"demo-{place}", emulator_host=host)
        await store.open()
        try:
            return await contents(store)
        finally:
            await store.close()

    return asyncio.run(look())


def judge(pool: Workers, cell: Cell, place: str, want: dict[str, Any]) -> Cell:
    """Kill, resume, compare."""
    job = {"boundary": cell.boundary, "phase": cell.phase, "number": cell.number}
    answer, text = pool.run(place, create=True, **job)
    cell.killed = answer["killed"]
    if cell.killed != cell.expected_kill or (not cell.killed and answer["code"] != 0):
        cell.problem = f"killed: {cell.killed}, expected {cell.expected_kill} {text}"
        return cell
    answer, text = pool.run(place)
    if answer["code"] != 0:
        cell.problem = f"resume failed: {text}"
        return cell
    got = read(pool.backend, pool.folder, place, pool.host)
    different = [key for key in want.keys() | got.keys() if want.get(key) != got.get(key)]
    cell.problem = f"differs: {sorted(different)[:3]}" if different else ""
    return cell


def matrix(backend: str, folder: Path, host: str = "", tag: str = "") -> Iterator[Cell]:
    """Yield every cell, judged."""
    with workers(backend, folder, host) as pool:
        answer, text = pool.run(f"{tag}whole", create=True)
        assert answer["code"] == 0, text
        want = read(backend, folder, f"{tag}whole", host)
        for index, cell in enumerate(cells(backend)):
            yield judge(pool, cell, f"{tag}cell{index}", want)


def table(found: list[Cell]) -> str:
    """Return the matrix as Markdown."""
    lines = [f"| killed at | {' | '.join(PHASES)} |", "|---" * (len(PHASES) + 1) + "|"]
    for boundary in BOUNDARIES:
        row = []
        for phase in PHASES:
            here = [c for c in found if (c.boundary, c.phase) == (boundary, phase)]
            kills = sum(cell.killed for cell in here)
            bad = [cell.problem for cell in here if cell.problem]
            row.append(f"FAILED {bad[0]}" if bad else f"{kills} same" if kills else "no such step")
        lines.append(f"| {boundary} | {' | '.join(row)} |")
    return "\n".join(lines)


def main() -> int:
    import tempfile

    from scrai.store.emulator import Emulator

    failed = 0
    for backend in sys.argv[1:] or ["sqlite", "firestore"]:
        with tempfile.TemporaryDirectory() as folder:
            if backend == "firestore":
                with Emulator() as emulator:
                    found = list(matrix(backend, Path(folder), emulator.host))
            else:
                found = list(matrix(backend, Path(folder)))
        kills = sum(cell.killed for cell in found)
        print(f"\n{backend}: {kills} processes killed\n\n{table(found)}")
        failed += sum(bool(cell.problem) for cell in found)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Four processes share one budget on one sqlite file, and are killed (SIGKILL) again and again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from _batch_worker import BATCH, CALLS, FAULTS
from _fake import everything

from scrai.engine import Rng
from scrai.store import Query, SqliteStore

NAMES = ("ada", "bob", "cyd", "dan")
PHASES = 8
LIFE = FAULTS
"""The most attempts of a call that a worker can be killed in."""
WORKER = Path(__file__).with_name("_batch_worker.py")


def start(database: Path, name: str, limit: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WORKER), str(database), name, str(limit), str(PHASES)]
    return subprocess.Popen(command)


async def watch(store: SqliteStore, limit: int) -> tuple[int, int, int]:
    document = await store.get("budgets", BATCH)
    if document is None:
        return 0, 0, 0
    value = document.value()
    settled, lost, held = value["settled"], value["lost"], sum(value["grants"].values())
    assert settled + lost + held <= limit
    assert min(value["grants"].values(), default=0) >= 0
    return settled, lost, held


async def run(database: Path, limit: int, kills: int, seed: int) -> SqliteStore:
    """Run all four to their ends through so many kills; the limit is watched all the time."""
    rng = Rng(seed.to_bytes(8))
    store = SqliteStore(database)
    await store.open()
    workers = {name: start(database, name, limit) for name in NAMES}
    try:
        await _run(store, database, limit, kills, rng, workers)
    finally:
        for worker in workers.values():
            worker.kill()
            worker.wait()
    return store


async def _run(
    store: SqliteStore,
    database: Path,
    limit: int,
    kills: int,
    rng: Rng,
    workers: dict[str, subprocess.Popen[bytes]],
) -> None:
    while workers:
        await watch(store, limit)
        await asyncio.sleep(0.02)
        for name, worker in list(workers.items()):
            if worker.poll() is not None:
                assert worker.returncode == 0
                del workers[name]
        running = await store.get("budgets", BATCH) is not None
        if workers and kills and running and rng.random() < 0.2:
            kills -= 1
            name = sorted(workers)[rng.integer(0, len(workers) - 1)]
            workers[name].send_signal(signal.SIGKILL)
            workers[name].wait()
            workers[name] = start(database, name, limit)


@pytest.mark.parametrize(("limit", "kills"), [(10**9, 8), (5_000, 6)])
async def test_four_processes_one_budget(tmp_path: Path, limit: int, kills: int) -> None:
    store = await run(tmp_path / "runs.db", limit, kills, seed=limit)
    settled, lost, held = await watch(store, limit)
    assert held == 0
    sums = Counter[str]()
    for name in NAMES:
        ledger = await store.get(f"simulations/{name}/money", "ledger")
        assert ledger is not None
        total = ledger.value()["total"]
        sums += Counter(settled=total["settled"], lost=total["lost"])
        records = [each.value() for each in await store.query(Query(f"simulations/{name}/costs"))]
        losses = Counter[tuple[int, str]]()
        for row in records:
            if row["flag"] == "lost":
                losses[row["cycle"], row["slot"]] += row["attempts"] or LIFE
        log = tmp_path / f"{name}.log"  # there is none where the others were first to the money
        lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
        billed = sum(int(used) for _, _, used in lines)
        assert billed <= total["settled"] + total["lost"]
        asked = Counter((int(phase), slot) for phase, slot, _ in lines)
        for call, count in asked.items():
            assert count <= 1 + losses[call], "a recorded reply is not asked again"
        if limit == 10**9:
            paid = [round(r["cost"] * 1e9) for r in records if r["flag"] != "lost"]
            assert sum(paid) == PHASES * sum(40 + number for number in range(CALLS))
    assert (sums["settled"], sums["lost"]) == (settled, lost)
    assert settled + lost <= limit
    if limit != 10**9:
        assert settled + lost > limit // 2
        refused = [
            call
            for name in NAMES
            for call in await everything(store, f"simulations/{name}/calls")
            if call["figures"]["failure"] == "budget"
        ]
        assert refused
    await store.close()

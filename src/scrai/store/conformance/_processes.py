"""Other processes on the same data: started, spoken to, killed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from scrai.store.conformance._kit import ConformanceError, Opener

_WORKER = "scrai.store.conformance.worker"
_BOUND = 120


async def start_worker(
    opener: Opener, task: str, arguments: dict[str, Any]
) -> asyncio.subprocess.Process:
    """Start a worker; its standard output is what it acknowledges."""
    order = {
        "target": opener.target,
        "open": dict(opener.arguments),
        "task": task,
        "arguments": arguments,
    }
    path = os.pathsep.join(each for each in sys.path if each)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _WORKER,
        json.dumps(order),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


async def run_workers(opener: Opener, task: str, arguments: Sequence[dict[str, Any]]) -> list[str]:
    """Run a task in several processes at once; return what each printed."""
    workers = [await start_worker(opener, task, each) for each in arguments]
    try:
        async with asyncio.timeout(_BOUND):
            outputs = await asyncio.gather(*[worker.communicate() for worker in workers])
    finally:
        for worker in workers:
            await _end(worker)
    for worker, (_, errors) in zip(workers, outputs, strict=True):
        if worker.returncode:
            raise ConformanceError(f"a worker ended with {worker.returncode}: {errors.decode()}")
    return [printed.decode() for printed, _ in outputs]


async def _end(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is None:
        worker.kill()
        await worker.wait()


@asynccontextmanager
async def killable(
    opener: Opener, task: str, arguments: dict[str, Any]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker that the block kills, or that is killed at its end."""
    worker = await start_worker(opener, task, arguments)
    try:
        yield worker
    finally:
        await _end(worker)
        await worker.communicate()

"""Several reads that do not wait for one another."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from scrai.store import DocumentStore


async def together(store: DocumentStore, *reads: Coroutine[Any, Any, Any]) -> list[Any]:
    """Await reads: at once where that saves round trips, else one by one, which costs no tasks.

    When one fails, the others are ended before its error is raised: none runs on unseen.
    """
    if store.capabilities.remote:
        return await _at_once(reads)
    found: list[Any] = []
    try:
        for read in reads:
            found.append(await read)  # noqa: PERF401 - what was found so far is asked for below
    finally:
        for read in reads[len(found) :]:
            read.close()  # after a failure nobody awaits the rest, which Python would warn of
    return found


async def _at_once(reads: tuple[Coroutine[Any, Any, Any], ...]) -> list[Any]:
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read) for read in reads]
    except BaseExceptionGroup as failed:
        error = failed.exceptions[0]
    else:
        return [task.result() for task in tasks]
    raise error  # out here, so that its own cause stays with it

"""`python -m scrai.store.conformance.worker ORDER`: what the cases let other processes do."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from typing import Any

from scrai.errors import AlreadyExistsError
from scrai.store._steps import change_document, commit_step
from scrai.store._types import DocumentStore, create, update
from scrai.store.conformance._e_concurrency import plus_one
from scrai.store.conformance._kit import DOCS, PARTS, declare_collections


async def count(store: DocumentStore, times: int) -> None:
    """Count up a document under compare-and-set."""
    for _ in range(times):
        await change_document(store, DOCS, "a", plus_one)


async def race(store: DocumentStore, names: list[str], by: int) -> None:
    """Create documents that others create too; print those that were ours."""
    won = []
    for name in names:
        try:
            await store.commit([create(DOCS, name, {"by": by})])
        except AlreadyExistsError:
            continue
        won.append(name)
    _say(json.dumps(won))


async def step(store: DocumentStore, start: int) -> None:
    """Commit one step after the other until killed; print each that was acknowledged."""
    head = await store.get(DOCS, "head")
    if head is None:
        raise SystemExit("no head")
    revision, number = head.revision, int(head.value()["step"])
    while True:
        number += 1
        commit_id = f"{start}-{number}"
        result = await commit_step(
            store,
            head=update(DOCS, "head", {"step": number}, {"n": number}, expected=revision),
            step=create(
                f"{DOCS}/head/steps", f"{number:06d}", {"commit_id": commit_id}, {"step": number}
            ),
            writes=[
                create(
                    f"{DOCS}/head/{PARTS}", f"{number:06d}-{part}", {"of": number}, {"n": number}
                )
                for part in "abc"
            ],
            commit_id=commit_id,
            after=number - 1,
        )
        revision = result.revisions[0] or ""
        _say(str(number))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


_TASKS = {"count": count, "race": race, "step": step}


async def work(order: dict[str, Any]) -> None:
    """Open the store that the order names and do its task."""
    declare_collections()
    module, _, function = order["target"].partition(":")
    store: DocumentStore = getattr(importlib.import_module(module), function)(**order["open"])
    await store.open()
    try:
        await _TASKS[order["task"]](store, **order["arguments"])  # type: ignore[operator]
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1])))

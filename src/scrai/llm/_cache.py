"""A cache of replies across runs. Off unless a `ReplyCache` is given to `Calls`.

A reply is a sample of what a model may say. Replicas of one experiment must not be given the
same one, or they would be one replica counted twice. So the cache keeps samples of each request
in a row, and every experiment walks along that row: no sample is served to it twice, and where
the row ends the model is asked and the row grows.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from scrai.errors import AlreadyExistsError, ConflictError
from scrai.llm._types import LLMOutcome, canonical
from scrai.store import Document, DocumentStore, Query, create, delete_matching, update

SAMPLES: Final = "samples"
_LONGEST: Final = 40_000
_MOST: Final = 600_000
_ROUNDS: Final = 20


class ReplyCache:
    """What one simulation may be served from earlier runs.

    Args:
        store: where the samples are; all simulations of a store can share them.
        models: what answers, such as `openrouter/vendor/model`: samples of another model, or of
            another chain of providers, are never served.
        experiment: the name under which replicas run. Simulations without one share samples only
            with runs of the same seed.
        seed: of the simulation.
        simulation_id: the simulation.
    """

    def __init__(
        self,
        store: DocumentStore,
        *,
        models: str,
        simulation_id: str,
        seed: int,
        experiment: str | None = None,
    ) -> None:
        self._store = store
        self._scope = [models, None if experiment else seed]
        self._walker = f"e~{experiment}" if experiment else f"s~{simulation_id}"

    async def take(self, request_hash: str) -> LLMOutcome | None:
        """Return the next sample that this experiment has not been served, None if there is none.

        The place in the row is taken before the sample is used; a crash in between skips it.
        """
        name = self._name(request_hash)
        for _ in range(_ROUNDS):
            document = await self._store.get(SAMPLES, name)
            if document is None:
                return None
            row, served = _row(document), _served(document)
            at = served.get(self._walker, 0)
            if at >= len(row):
                return None
            if await self._write(document, served | {self._walker: at + 1}, row):
                return LLMOutcome.from_json(orjson.loads(row[at]))
        return None

    async def put(self, request_hash: str, outcome: LLMOutcome) -> None:
        """Add a sample, served to this experiment already; failures are no samples."""
        line = canonical(outcome.to_json())
        if outcome.failure is not None or len(line) > _LONGEST:
            return
        name = self._name(request_hash)
        for _ in range(_ROUNDS):
            document = await self._store.get(SAMPLES, name)
            row = _row(document) if document else []
            served = _served(document) if document else {}
            if sum(map(len, row)) + len(line) > _MOST:
                return
            at = served.get(self._walker, 0)
            row.insert(at, line)
            # Who has passed this place has one more behind it.
            moved = {who: n + (n > at) for who, n in served.items()} | {self._walker: at + 1}
            if await self._put(name, document, moved, row):
                return

    async def _put(
        self, name: str, document: Document | None, served: dict[str, int], row: list[bytes]
    ) -> bool:
        if document is not None:
            return await self._write(document, served, row)
        try:
            await self._store.commit([create(SAMPLES, name, {"served": served}, data=row[0])])
        except AlreadyExistsError:
            return False
        return True

    async def _write(self, document: Document, served: dict[str, int], row: list[bytes]) -> bool:
        data, expected = b"\n".join(row), document.revision
        write = update(SAMPLES, document.id, {"served": served}, data=data, expected=expected)
        try:
            await self._store.commit([write])
        except ConflictError:
            return False
        return True

    def _name(self, request_hash: str) -> str:
        return hashlib.sha256(canonical([request_hash, *self._scope])).hexdigest()[:40]


async def clear_cache(store: DocumentStore) -> int:
    """Forget all samples; return of how many requests."""
    return await delete_matching(store, Query(SAMPLES))


def _row(document: Document) -> list[bytes]:
    return document.data.split(b"\n") if document.data else []


def _served(document: Document) -> dict[str, Any]:
    return dict(document.value()["served"])

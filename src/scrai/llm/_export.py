"""A run's calls as one portable file: a cassette that a replay provider plays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from scrai.data import SIMULATIONS
from scrai.llm._records import DONE, outcome_of, read_entry, request_of
from scrai.llm._types import canonical
from scrai.store import DocumentStore, Query, Where, stream

CASSETTE: Final = 1
"""The version of the file's form."""


async def export_cassette(
    store: DocumentStore, simulation_id: str, minds: Mapping[str, Any] | None = None
) -> AsyncIterator[bytes]:
    """Yield a line that says what it is, then one line of JSON for each recorded turn.

    The first line also has `minds`, the settings that a run from it needs, if they are given. A
    line has `id` and `key` (which name no simulation), `request` and `outcome`; requests that
    were never answered are left out. No key of a provider is ever recorded, so none is in it.
    """
    settings = {} if minds is None else {"minds": dict(minds)}
    yield canonical({"scrai_cassette": CASSETTE, **settings}) + b"\n"
    query = Query(f"{SIMULATIONS}/{simulation_id}/calls", (Where("state", "==", DONE),))
    async for document in stream(store, query, page=100):
        entry = read_entry(document)
        request = await request_of(store, entry)
        outcome = await outcome_of(store, entry)
        line: dict[str, Any] = {
            "id": entry.id,
            "key": entry.key.to_json(),
            "outcome": outcome.to_json(),
            "request": request.to_json(),
        }
        yield canonical(line) + b"\n"

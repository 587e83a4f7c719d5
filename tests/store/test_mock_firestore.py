"""A quick leg without Java: the Firestore backend on `mockfirestore`, an in-memory fake.

It proves nothing beyond the cases named in `DECLARED`: single documents are created, read,
replaced and deleted, and our envelope goes in and comes out unharmed. The fake has no
preconditions, no atomic commits, no revisions, and no queries that agree with Firestore's, so
none is tried; the adapter below supplies existence checks and stamps itself. What holds on
Firestore is shown by the same suite on Google's emulator, in `test_conformance.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from google.cloud.firestore_v1 import types
from mockfirestore import MockFirestore

from scrai.errors import AlreadyExistsError, DocumentMissingError
from scrai.store import DocumentStore, FirestoreStore
from scrai.store._firestore_codec import put_list, put_scalar, read_column
from scrai.store._firestore_session import Session
from scrai.store.conformance import Feature, LocalFactory, cases, run_case

DECLARED = {
    "create_returns_a_revision_and_reads_back",
    "a_second_create_is_refused_and_the_value_unchanged",
    "upsert_creates_and_replaces_wholly",
    "update_replaces_wholly",
    "get_many_keeps_order_duplicates_and_gaps",
    "hostile_collections_are_refused",
    "undeclared_columns_are_refused",
    "changing_what_was_given_changes_nothing",
    "every_kind_of_value_reads_back",
    "types_are_kept_exactly",
    "data_are_any_bytes",
}
_ROOT = "projects/mock/databases/(default)/documents/"
_EPOCH = 1_700_000_000


class MockRpc:
    """Stands in for the calls to a server: `mockfirestore` under Firestore's messages."""

    def __init__(self) -> None:
        self._client = MockFirestore()
        self._ticks = _EPOCH

    async def batch_get(self, request: Any, doing: str) -> list[Any]:
        return [self._reply(name) for name in request.documents]

    def _reply(self, name: str) -> Any:
        self._ticks += 1
        reply = types.BatchGetDocumentsResponse.pb()()
        reply.read_time.seconds = self._ticks
        kept = self._client.document(name.removeprefix(_ROOT)).get().to_dict()
        if not kept:
            reply.missing = name
            return reply
        reply.found.name = name
        reply.found.create_time.seconds = kept["created"]
        reply.found.update_time.seconds = kept["updated"]
        for field, value in kept["fields"].items():
            _put(reply.found.fields[field], value)
        return reply

    async def commit(self, request: Any, doing: str) -> Any:
        reply = types.CommitResponse.pb()()
        for write in request.writes:
            self._ticks += 1
            reply.write_results.add().update_time.seconds = self._ticks
            self._apply(write)
        return reply

    def _apply(self, write: Any) -> None:
        path = (write.delete or write.update.name).removeprefix(_ROOT)
        reference = self._client.document(path)
        kept = reference.get().to_dict()
        if write.current_document.HasField("exists"):
            wanted = write.current_document.exists
            if kept and not wanted:
                raise AlreadyExistsError(f"{path} exists")
            if wanted and not kept:
                raise DocumentMissingError(f"{path} does not exist")
        if not write.delete:
            fields = {name: _value(value) for name, value in write.update.fields.items()}
            created = kept.get("created", self._ticks)
            reference.set({"fields": fields, "created": created, "updated": self._ticks})
        elif kept:
            reference.delete()

    async def close(self) -> None:
        return None


def _put(target: Any, value: Any) -> None:
    if isinstance(value, bytes):
        target.bytes_value = value
    elif isinstance(value, tuple):
        put_list(target, value)
    else:
        put_scalar(target, value)


def _value(value: Any) -> Any:
    return value.bytes_value if value.HasField("bytes_value") else read_column(value)


class MockFactory(LocalFactory):
    """The backend's own code over the fake."""

    name = "mockfirestore"
    features: frozenset[Feature] = frozenset()

    async def fresh(self) -> DocumentStore:
        store = FirestoreStore("mock")
        database = _ROOT.removesuffix("/documents/")
        store._session = Session(MockRpc(), database, store.stats)  # type: ignore[arg-type]
        return await self.opened(store)


@pytest.mark.parametrize("name", sorted(DECLARED))
async def test_the_declared_cases_hold_on_the_fake(name: str) -> None:
    (each,) = [each for each in cases() if each.name == name]
    result = await run_case(each, MockFactory())
    assert result.outcome == "passed", result.detail

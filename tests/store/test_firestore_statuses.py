"""What a server's statuses become, and what is tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from grpc import StatusCode

from _fake_firestore import FakeFirestore, fake_firestore
from _operations import OPERATIONS
from scrai import errors
from scrai.store._firestore import FirestoreStore
from scrai.store._firestore_bounds import Bounds
from scrai.store._types import Query, create, delete, upsert

QUICK = Bounds(attempt=0.4, commit=0.8, total=2.0, probe=2.0, retrying=1.0)
METHODS = {
    "get": "BatchGetDocuments",
    "get_many": "BatchGetDocuments",
    "query": "RunQuery",
    "count": "RunAggregationQuery",
    "commit": "Commit",
    "subcollections": "RunQuery",
}
PLUGIN = "Getting metadata from plugin failed with error: "


@pytest.fixture
async def fake() -> AsyncIterator[FakeFirestore]:
    async with fake_firestore() as running:
        yield running


@pytest.fixture
async def store(fake: FakeFirestore) -> AsyncIterator[FirestoreStore]:
    async with FirestoreStore("demo", emulator_host=fake.host, bounds=QUICK) as opened:
        fake.calls.clear()
        yield opened


@pytest.mark.parametrize(
    ("code", "detail", "expected", "hint"),
    [
        (StatusCode.INVALID_ARGUMENT, "bad value", errors.InvalidDocumentError, None),
        (
            StatusCode.INVALID_ARGUMENT,
            "Request payload size exceeds the limit: it exceeds the maximum",
            errors.ChangeSetTooLargeError,
            "pack",
        ),
        (
            StatusCode.RESOURCE_EXHAUSTED,
            "Received message larger than max (5 vs. 4)",
            errors.ChangeSetTooLargeError,
            "pack",
        ),
        (StatusCode.RESOURCE_EXHAUSTED, "Quota", errors.StoreUnavailableError, "quota"),
        (StatusCode.PERMISSION_DENIED, "no", errors.StoreCredentialsError, "gcloud auth"),
        (StatusCode.UNAUTHENTICATED, "no", errors.StoreCredentialsError, "gcloud auth"),
        (
            StatusCode.UNAVAILABLE,
            PLUGIN + "('invalid_grant: Bad Request', {})",
            errors.StoreCredentialsError,
            "gcloud auth",
        ),
        (
            StatusCode.UNAVAILABLE,
            PLUGIN + "HTTPSConnectionPool: Max retries exceeded",
            errors.StoreUnavailableError,
            "network",
        ),
        (
            StatusCode.NOT_FOUND,
            "The database (default) does not exist for project demo",
            errors.StoreError,
            "Native mode",
        ),
        (
            StatusCode.FAILED_PRECONDITION,
            "The query requires an index. You can create it here",
            errors.StoreError,
            "firestore.indexes.json",
        ),
        (
            StatusCode.FAILED_PRECONDITION,
            "The Cloud Firestore API is not available for Firestore in Datastore Mode",
            errors.StoreError,
            "Native mode",
        ),
        (StatusCode.DATA_LOSS, "gone", errors.StoreError, None),
        (StatusCode.UNKNOWN, "", errors.StoreError, None),
    ],
)
async def test_a_status_becomes_one_of_our_errors(
    fake: FakeFirestore,
    store: FirestoreStore,
    code: StatusCode,
    detail: str,
    expected: type[errors.StoreError],
    hint: str | None,
) -> None:
    fake.plan("RunQuery", *[(code, detail)] * 10)
    with pytest.raises(errors.StoreError) as caught:
        await OPERATIONS["query"](store)
    assert type(caught.value) is expected
    assert (hint or "") in (caught.value.hint or "")
    assert "query actors" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("code", [code for code in StatusCode if code is not StatusCode.OK])
async def test_no_operation_lets_an_error_of_grpc_out(
    fake: FakeFirestore, store: FirestoreStore, operation: str, code: StatusCode
) -> None:
    fake.plan(METHODS[operation], *[(code, "why")] * 20)
    with pytest.raises(errors.StoreError):
        await OPERATIONS[operation](store)


@pytest.mark.parametrize("operation", [name for name in OPERATIONS if name != "commit"])
@pytest.mark.parametrize(
    "code", [StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED, StatusCode.INTERNAL]
)
async def test_a_read_is_tried_again(
    fake: FakeFirestore, store: FirestoreStore, operation: str, code: StatusCode
) -> None:
    fake.plan(METHODS[operation], (code, "blip"), (code, "blip"))
    await OPERATIONS[operation](store)
    assert fake.calls == [METHODS[operation]] * 3
    assert store.stats.retries == 2


async def test_a_refused_read_is_not_tried_again(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.plan("BatchGetDocuments", (StatusCode.PERMISSION_DENIED, "no"))
    with pytest.raises(errors.StoreCredentialsError):
        await OPERATIONS["get"](store)
    assert fake.calls == ["BatchGetDocuments"]


@pytest.mark.parametrize(
    "code",
    [
        StatusCode.UNAVAILABLE,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.INTERNAL,
        StatusCode.UNKNOWN,
        StatusCode.CANCELLED,
        StatusCode.RESOURCE_EXHAUSTED,
    ],
)
async def test_a_commit_of_unknown_outcome_is_never_sent_again(
    fake: FakeFirestore, store: FirestoreStore, code: StatusCode
) -> None:
    fake.plan("Commit", (code, "who knows"))
    with pytest.raises(errors.StoreError) as caught:
        await store.commit([upsert("actors", "a", {})])
    assert fake.calls == ["Commit"]
    if code in {StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED}:
        assert "unknown" in (caught.value.hint or "")


async def test_an_aborted_commit_was_not_applied_and_is_sent_again(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.plan("Commit", (StatusCode.ABORTED, "contention"))
    result = await store.commit([upsert("actors", "a", {}), delete("actors", "b")])
    assert len(result.revisions) == 2
    assert fake.calls == ["Commit", "Commit"]


async def test_endless_contention_ends_as_a_conflict(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.plan("Commit", *[(StatusCode.ABORTED, "contention")] * 50)
    with pytest.raises(errors.ConflictError):
        await store.commit([create("actors", "a", {})])
    assert 2 < fake.calls.count("Commit") < 50


async def test_the_winner_is_left_out_where_it_cannot_be_read(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.plan("Commit", (StatusCode.ALREADY_EXISTS, "Document already exists"))
    fake.plan("BatchGetDocuments", *[(StatusCode.UNAVAILABLE, "down")] * 20)
    with pytest.raises(errors.AlreadyExistsError) as caught:
        await store.commit([create("actors", "a", {})])
    assert caught.value.winner is None


@pytest.mark.parametrize(
    ("code", "detail", "expected"),
    [
        (StatusCode.PERMISSION_DENIED, "Missing permissions", errors.StoreCredentialsError),
        (StatusCode.NOT_FOUND, "The database x does not exist", errors.StoreError),
        (StatusCode.UNAVAILABLE, "down", errors.StoreUnavailableError),
    ],
)
async def test_open_asks_once_and_says_what_is_wrong(
    fake: FakeFirestore, code: StatusCode, detail: str, expected: type[errors.StoreError]
) -> None:
    fake.plan("BatchGetDocuments", (code, detail))
    store = FirestoreStore("demo", emulator_host=fake.host, bounds=QUICK)
    with pytest.raises(errors.StoreError) as caught:
        await store.open()
    assert type(caught.value) is expected
    assert caught.value.hint
    assert fake.calls == ["BatchGetDocuments"]
    await store.open()  # and it can be tried again
    await store.close()


async def test_a_long_answer_is_no_failure_while_it_goes_on(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.drip = (15, QUICK.total / 10)
    assert await store.query(Query("actors")) == []
    assert fake.calls == ["RunQuery"]


async def test_an_answer_that_stops_is_asked_for_again(
    fake: FakeFirestore, store: FirestoreStore
) -> None:
    fake.drip = (2, QUICK.attempt * 2)
    with pytest.raises(errors.StoreTimeoutError):
        await store.query(Query("actors"))
    assert len(fake.calls) > 1

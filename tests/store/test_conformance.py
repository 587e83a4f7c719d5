"""Every case of the shipped conformance suite on every backend of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from _fixtures import unpack_fixtures
from scrai.store.conformance import (
    Case,
    Feature,
    MemoryFactory,
    SqliteFactory,
    StoreFactory,
    cases,
    report,
    run_case,
    run_suite,
)

CASES = cases()
Make = Callable[[Case], StoreFactory]


@pytest.fixture
def memory() -> Make:
    return lambda each: MemoryFactory()


@pytest.fixture
def sqlite(tmp_path: Path) -> Make:
    return lambda each: SqliteFactory(unpack_fixtures(tmp_path))


@pytest.fixture
def sqlite_full(tmp_path: Path) -> Make:
    """Every operation in the store's own thread, every commit on the disk."""
    return lambda each: SqliteFactory(unpack_fixtures(tmp_path), synchronous="FULL")


@pytest.fixture
def firestore(request: pytest.FixtureRequest) -> Make:
    from _firestore_factory import FirestoreFactory

    host = request.getfixturevalue("emulator").host
    return lambda each: FirestoreFactory(host, each.needs)


@pytest.mark.parametrize(
    "backend",
    ["memory", "sqlite", "sqlite_full", pytest.param("firestore", marks=pytest.mark.emulator)],
)
@pytest.mark.parametrize("each", CASES, ids=[f"{each.letter}-{each.name}" for each in CASES])
async def test_backend_conforms(each: Case, backend: str, request: pytest.FixtureRequest) -> None:
    make: Make = request.getfixturevalue(backend)
    result = await run_case(each, make(each))
    if result.outcome == "not applicable":
        pytest.skip(f"not applicable to {backend}: {result.detail}")
    assert result.outcome == "passed", result.detail


def test_every_letter_has_cases_with_names_of_their_own() -> None:
    assert {each.letter for each in CASES} == set("ABCDEFGHIJS")
    assert len({each.name for each in CASES}) == len(CASES)


def test_every_feature_is_needed_by_a_case_and_had_by_a_backend(tmp_path: Path) -> None:
    from _firestore_factory import FirestoreFactory

    sqlite = SqliteFactory(unpack_fixtures(tmp_path))
    had = MemoryFactory.features | sqlite.features | FirestoreFactory.features
    assert had == frozenset(Feature)
    assert {feature for each in CASES for feature in each.needs} == frozenset(Feature)


async def test_the_report_names_what_failed_and_what_does_not_apply() -> None:
    results = await run_suite(MemoryFactory, "HJ")
    text = report(results)
    assert "H not applicable a reopened store has all that was acknowledged" in text
    assert "needs data that outlive the store" in text
    assert "J passed         two stores share nothing" in text
    assert text.endswith("not applicable")
    assert "0 failed" in text

"""The index file is what the registry declares, within Firestore's limits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scrai.store import groups, spec_of
from scrai.store._registry import built_in_groups

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "infra" / "firestore.indexes.json"


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    return dict(json.loads(FILE.read_text("utf-8")))


def test_the_file_is_as_the_script_writes_it() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "generate-indexes"), "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_collection_is_covered(declared: dict[str, Any]) -> None:
    covered = {field["collectionGroup"] for field in declared["fieldOverrides"]}
    assert covered == set(built_in_groups()) <= set(groups())


def test_nothing_but_declared_columns_is_indexed(declared: dict[str, Any]) -> None:
    overrides = {
        (field["collectionGroup"], field["fieldPath"]): field["indexes"]
        for field in declared["fieldOverrides"]
    }
    for group in built_in_groups():
        spec = spec_of(group)
        assert overrides[group, "*"] == []  # payload and data with everything else
        indexed = {path for (of, path), indexes in overrides.items() if of == group and indexes}
        assert indexed == spec.columns | spec.lists


def test_no_index_is_one_that_firestore_calls_unnecessary(declared: dict[str, Any]) -> None:
    for index in declared["indexes"]:
        assert len(index["fields"]) > 1
        paths = [field["fieldPath"] for field in index["fields"]]
        assert len(set(paths)) == len(paths)
        assert sum("arrayConfig" in field for field in index["fields"]) <= 1


def test_there_are_not_too_many(declared: dict[str, Any]) -> None:
    assert len(declared["indexes"]) <= 200  # Firestore's limits for one database
    assert len(declared["fieldOverrides"]) <= 200


def test_no_index_is_there_twice(declared: dict[str, Any]) -> None:
    for section in declared.values():
        texts = [json.dumps(entry, sort_keys=True) for entry in section]
        assert len(set(texts)) == len(texts)

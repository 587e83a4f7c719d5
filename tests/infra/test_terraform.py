"""The Terraform files parse and say what must hold; applying them needs a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).resolve().parent.parent.parent / "infra" / "terraform"


def bare(value: Any) -> Any:
    """Strip the quotes that the parser leaves around names and texts."""
    if isinstance(value, dict):
        return {bare(key): bare(item) for key, item in value.items()}
    if isinstance(value, list):
        return [bare(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


def blocks(kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (name, body) of all blocks of a kind; resources as `type.name`."""
    for path in sorted(FOLDER.glob("*.tf")):
        with path.open(encoding="utf-8") as file:
            content = bare(hcl2.load(file))
        for block in content.get(kind, []):
            for name, body in block.items():
                if kind == "resource":
                    yield from ((f"{name}.{label}", inner) for label, inner in body.items())
                else:
                    yield name, body


@pytest.fixture(scope="module")
def resources() -> dict[str, dict[str, Any]]:
    return dict(blocks("resource"))


def test_all_parts_are_there(resources: dict[str, dict[str, Any]]) -> None:
    kinds = {name.partition(".")[0] for name in resources}
    assert kinds >= {
        "google_artifact_registry_repository",
        "google_cloud_run_v2_job",
        "google_firebaserules_release",
        "google_firebaserules_ruleset",
        "google_firestore_database",
        "google_firestore_field",
        "google_firestore_index",
        "google_project_iam_member",
        "google_service_account",
    }


def test_the_worker_may_touch_documents_of_one_database_only(
    resources: dict[str, dict[str, Any]],
) -> None:
    roles = [body for name, body in resources.items() if "iam" in name]
    assert [body["role"] for body in roles] == ["roles/datastore.user"]
    assert "condition" in roles[0]


def test_variables_and_outputs_are_described() -> None:
    for kind in ("variable", "output"):
        for name, body in blocks(kind):
            assert body.get("description"), f"{kind} {name}"


def test_every_variable_is_used_and_every_used_one_declared() -> None:
    text = "\n".join(path.read_text("utf-8") for path in FOLDER.glob("*.tf"))
    used = {word.split(".")[1].rstrip("}),]") for word in _words(text) if word.startswith("var.")}
    assert used == {name for name, _ in blocks("variable")}


def _words(text: str) -> list[str]:
    for mark in "${}()[],\"'@:/ \n":
        text = text.replace(mark, " ")
    return text.split()


def test_the_provider_is_pinned() -> None:
    ((_, body),) = [item for item in blocks("terraform") if item[0] == "required_providers"]
    versions = [provider["google"]["version"] for provider in body]
    assert all(version.startswith("~>") for version in versions)

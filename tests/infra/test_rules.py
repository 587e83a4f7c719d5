"""The security rules, on the emulator: nobody gets in but the service."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrai.store._firestore import FirestoreStore
from scrai.store._types import create
from scrai.store.emulator import Emulator

pytestmark = pytest.mark.emulator
RULES = Path(__file__).resolve().parent.parent.parent / "infra" / "firestore.rules"
# A token as the client libraries of browsers send one: signed in as somebody, unsigned as the
# emulator takes it. {"alg":"none"}.{"sub":"visitor","user_id":"visitor"}.
VISITOR = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ2aXNpdG9yIiwidXNlcl9pZCI6InZpc2l0b3IifQ."
REQUESTS = [
    ("GET", "actors/a", None),
    ("GET", "actors", None),
    ("GET", "simulations/a/steps", None),
    ("POST", "actors", b"{}"),
    ("PATCH", "actors/a", b"{}"),
    ("PATCH", "simulations/a/inbox/b", b"{}"),
    ("DELETE", "actors/a", None),
    ("POST", ":runQuery", b'{"structuredQuery":{"from":[{"collectionId":"actors"}]}}'),
]


@pytest.fixture(scope="module")
def guarded(emulator: Emulator) -> Iterator[Emulator]:
    """An emulator with the rules. Asking for `emulator` skips where there is none."""
    with Emulator(rules=RULES) as running:
        yield running


def ask(host: str, project: str, method: str, path: str, body: bytes | None, token: str) -> int:
    """Send a REST request; return the status."""
    place = f"documents{path}" if path.startswith(":") else f"documents/{path}"
    url = f"http://{host}/v1/projects/{project}/databases/(default)/{place}"
    request = urllib.request.Request(url, body, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


@pytest.mark.parametrize("token", ["", VISITOR], ids=["nobody", "visitor"])
@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
async def test_clients_are_denied(
    guarded: Emulator, project: str, method: str, path: str, body: bytes | None, token: str
) -> None:
    async with FirestoreStore(project, emulator_host=guarded.host) as store:
        await store.commit([create("actors", "a", {"secret": 1})])
        before = await store.get("actors", "a")
        assert ask(guarded.host, project, method, path, body, token) == 403
        after = await store.get("actors", "a")
        assert after is not None
        assert before is not None
        assert after.revision == before.revision


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_the_same_requests_succeed_for_the_service(
    guarded: Emulator, project: str, method: str, path: str, body: bytes | None
) -> None:
    # Else a request that is malformed would count as one that is denied.
    assert ask(guarded.host, project, "PATCH", "actors/a", b"{}", "owner") == 200
    assert ask(guarded.host, project, method, path, body, "owner") == 200

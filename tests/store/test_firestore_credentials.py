"""Who we are: found, missing, unusable, and what goes over the wire."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google.auth.credentials
import google.auth.exceptions
import google.oauth2.credentials
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from _fake_firestore import fake_firestore
from scrai import errors
from scrai.store._firestore import FirestoreStore
from scrai.store._types import Query


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows no Google credentials, emulator or project."""
    for name in (
        "FIRESTORE_EMULATOR_HOST",
        "GOOGLE_APPLICATION_CREDENTIALS",
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture(scope="module")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.fixture
def key_file(tmp_path: Path, private_key: rsa.RSAPrivateKey) -> Callable[..., Path]:
    """Write a service account's key file, with changes."""

    def write(**changes: Any) -> Path:
        info = {
            "type": "service_account",
            "project_id": "from-the-key",
            "private_key_id": "1",
            "private_key": pem(private_key).decode(),
            "client_email": "sim@from-the-key.iam.gserviceaccount.com",
            "token_uri": "https://127.0.0.1:1/token",
        } | changes
        path = tmp_path / "key.json"
        path.write_text(json.dumps({k: v for k, v in info.items() if v is not None}))
        return path

    return write


@pytest.fixture
def identity(private_key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> Any:
    """TLS for a server on localhost that clients of this test trust."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(private_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    trusting = grpc.ssl_channel_credentials(root_certificates=certificate)
    monkeypatch.setattr(grpc, "ssl_channel_credentials", lambda: trusting)
    return grpc.ssl_server_credentials([(pem(private_key), certificate)])


class Broken(google.auth.credentials.Credentials):  # type: ignore[misc]
    """Credentials that cannot be refreshed."""

    def refresh(self, request: Any) -> None:
        raise google.auth.exceptions.RefreshError("invalid_grant: Account not found")


async def refused(store: FirestoreStore) -> errors.StoreCredentialsError:
    with pytest.raises(errors.StoreCredentialsError) as caught:
        await store.open()
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    return caught.value


async def test_without_credentials_it_says_how_to_get_some() -> None:
    error = await refused(FirestoreStore("demo"))
    assert "gcloud auth application-default login" in (error.hint or "")


async def test_a_missing_key_file_is_named(tmp_path: Path) -> None:
    error = await refused(FirestoreStore("demo", tmp_path / "none.json"))
    assert "none.json" in str(error)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "{}", '"text"'])
async def test_a_file_that_is_no_key_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(content)
    assert "odd.json" in str(await refused(FirestoreStore("demo", str(path))))


@pytest.mark.parametrize(
    "change", [{"private_key": "nonsense"}, {"client_email": None}, {"token_uri": None}]
)
async def test_a_damaged_key_is_refused_and_not_shown(
    key_file: Callable[..., Path], change: dict[str, Any]
) -> None:
    error = await refused(FirestoreStore("demo", key_file(**change)))
    assert "PRIVATE KEY" not in str(error)


async def test_other_kinds_of_files_go_the_other_way(key_file: Callable[..., Path]) -> None:
    error = await refused(FirestoreStore("demo", key_file(type="external_account")))
    assert "external_account" in str(error)
    assert "GOOGLE_APPLICATION_CREDENTIALS" in (error.hint or "")


async def test_a_login_file_needs_a_project(key_file: Callable[..., Path]) -> None:
    path = key_file(type="authorized_user", client_id="i", client_secret="s", refresh_token="t")
    with pytest.raises(errors.ConfigurationError) as caught:
        await FirestoreStore(credentials=path).open()
    assert "project_id" in (caught.value.hint or "")


async def test_a_key_file_signs_the_calls(key_file: Callable[..., Path], identity: Any) -> None:
    async with fake_firestore(identity) as fake:
        async with FirestoreStore(credentials=key_file(), endpoint=fake.host) as store:
            await store.count(Query("actors"))
        database = "projects/from-the-key/databases/(default)"
        assert fake.metadata["authorization"].startswith("Bearer ey")  # signed by the key itself
        assert fake.metadata["google-cloud-resource-prefix"] == database
        assert "from-the-key" in fake.metadata["x-goog-request-params"]


async def test_credentials_may_be_passed_as_an_object(identity: Any) -> None:
    token = google.oauth2.credentials.Credentials(token="a-token")
    async with (
        fake_firestore(identity) as fake,
        FirestoreStore("named", token, endpoint=fake.host),
    ):
        assert fake.metadata["authorization"] == "Bearer a-token"


async def test_credentials_that_have_ended_are_told_from_a_server_that_is_away(
    identity: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async with fake_firestore(identity) as fake:
        error = await refused(FirestoreStore("demo", Broken(), endpoint=fake.host))
    assert "Account not found" in str(error)
    assert not caplog.records  # gRPC would log a traceback


async def test_a_token_server_that_is_away_is_not_a_refusal(
    key_file: Callable[..., Path], identity: Any, caplog: pytest.LogCaptureFixture
) -> None:
    login = {"client_id": "i", "client_secret": "s", "refresh_token": "t"}
    path = key_file(type="authorized_user", **login)
    token = google.oauth2.credentials.Credentials.from_authorized_user_file(str(path))
    async with fake_firestore(identity) as fake:
        with pytest.raises(errors.StoreUnavailableError):
            await FirestoreStore("demo", token, endpoint=fake.host).open()
    assert not caplog.records

"""Channels to Firestore: to Google with credentials, or to an emulator without."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import grpc
import grpc.aio

from scrai.errors import ConfigurationError, StoreCredentialsError

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/datastore",
)
EMULATOR_PROJECT = "demo-scrai"
_CREDENTIALS_HINT = (
    "run `gcloud auth application-default login`, pass the key file of a service account, "
    "or set FIRESTORE_EMULATOR_HOST"
)
_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.keepalive_time_ms", 30_000),
    # A server that is back must be found again within a read's own retries.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # Else clients of one process share connections, and one's back-off is the other's.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and as whom to connect, as the user gave it."""

    project_id: str | None
    credentials: Any
    database: str
    endpoint: str
    emulator_host: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """An open channel and what goes with every call on it."""

    channel: grpc.aio.Channel
    database: str
    metadata: tuple[tuple[str, str], ...]
    emulated: bool


async def connect(settings: Settings) -> Connection:
    """Make the channel; nothing is sent yet.

    Raises:
        StoreCredentialsError: there are no credentials, or they are unusable.
        ConfigurationError: no project.
    """
    emulator = settings.emulator_host or os.environ.get("FIRESTORE_EMULATOR_HOST")
    project = settings.project_id or os.environ.get("GOOGLE_CLOUD_PROJECT")
    if emulator:
        options = [*_OPTIONS, ("grpc.enable_http_proxy", 0)]
        channel = grpc.aio.insecure_channel(emulator, options=options)
        return _connection(channel, project or EMULATOR_PROJECT, settings.database, emulated=True)
    # Finding credentials may read files, run programs and ask a metadata server.
    credentials, found = await asyncio.to_thread(_find_credentials, settings.credentials)
    if not (project or found):
        raise ConfigurationError(
            "no Google Cloud project", hint="pass project_id or set GOOGLE_CLOUD_PROJECT"
        )
    return _connection(
        _secure(settings.endpoint, credentials), project or str(found), settings.database
    )


def _connection(
    channel: grpc.aio.Channel, project: str, database: str, *, emulated: bool = False
) -> Connection:
    path = f"projects/{project}/databases/{database}"
    metadata = [
        ("google-cloud-resource-prefix", path),
        ("x-goog-request-params", f"database={quote(path, safe='')}"),
    ]
    if emulated:
        metadata.append(("authorization", "Bearer owner"))  # its word for: rules do not apply
    return Connection(channel, path, tuple(metadata), emulated)


def _secure(endpoint: str, credentials: Any) -> grpc.aio.Channel:
    import google.auth.transport.grpc
    import google.auth.transport.requests

    if hasattr(credentials, "with_always_use_jwt_access"):
        # A service account's key signs each token itself: no call to a token server.
        credentials = credentials.with_always_use_jwt_access(True)
    request = google.auth.transport.requests.Request()
    plugin = google.auth.transport.grpc.AuthMetadataPlugin(credentials, request)
    both = grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(), grpc.metadata_call_credentials(_QuietPlugin(plugin))
    )
    return grpc.aio.secure_channel(endpoint, both, options=_OPTIONS)


class _QuietPlugin(grpc.AuthMetadataPlugin):  # type: ignore[misc]
    """Hands failures to the call instead of raising them, which gRPC logs with a traceback."""

    def __init__(self, plugin: Any) -> None:
        self._plugin = plugin

    def __call__(self, context: Any, callback: Any) -> None:
        from google.auth.exceptions import GoogleAuthError

        try:
            self._plugin(context, callback)
        except GoogleAuthError as error:
            callback((), type(error)(f"{type(error).__name__}: {error}"))


def _find_credentials(given: Any) -> tuple[Any, str | None]:
    """Return credentials and the project they name, if any."""
    import google.auth
    import google.auth.exceptions

    try:
        if given is None:
            return google.auth.default(scopes=SCOPES)
        if isinstance(given, str | Path):
            return _from_file(Path(given))
    except google.auth.exceptions.GoogleAuthError as error:
        message = f"no usable Google credentials: {error}"
        raise StoreCredentialsError(message, hint=_CREDENTIALS_HINT) from error
    return given, getattr(given, "project_id", None)


def _from_file(path: Path) -> tuple[Any, str | None]:
    """Read a key. Only kinds that cannot make us run programs or ask strange servers."""
    from google.oauth2 import credentials, service_account

    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if info["type"] == "service_account":
            made = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
            return made, made.project_id
        if info["type"] == "authorized_user":
            return credentials.Credentials.from_authorized_user_info(info, SCOPES), None
    except OSError as error:
        raise StoreCredentialsError(
            f"credentials file {path}: {error.strerror}", hint=_CREDENTIALS_HINT
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCredentialsError(
            f"credentials file {path} is not a key: {error}", hint=_CREDENTIALS_HINT
        ) from error
    raise StoreCredentialsError(
        f"credentials file {path} is of the kind {info['type']!r}",
        hint="for other kinds set GOOGLE_APPLICATION_CREDENTIALS instead of passing the file",
    )

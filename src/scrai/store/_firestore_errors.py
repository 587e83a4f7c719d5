"""gRPC's status codes become the errors of `scrai.errors`; nothing else leaves the backend."""

from __future__ import annotations

from collections.abc import Callable

import grpc

from scrai.errors import (
    AlreadyExistsError,
    ChangeSetTooLargeError,
    ConflictError,
    DocumentMissingError,
    InvalidDocumentError,
    StoreCredentialsError,
    StoreError,
    StoreTimeoutError,
    StoreUnavailableError,
)

Code = grpc.StatusCode

RETRIABLE = frozenset({Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.INTERNAL})
"""Worth asking again, if asking twice does no harm."""

REFUSALS = frozenset({Code.ALREADY_EXISTS, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.ABORTED})
"""A commit that the server refused as a whole because of what is stored."""

UNREACHABLE_HINT = (
    "check the network, FIRESTORE_EMULATOR_HOST, and that the server or emulator runs "
    "(`python -m scrai.store.emulator` starts one)"
)
UNKNOWN_OUTCOME_HINT = (
    "whether the commit was applied is unknown: read the documents again before repeating it"
)
_CREDENTIALS_HINT = (
    "run `gcloud auth application-default login`, or pass the key file of a service account "
    "with the role roles/datastore.user"
)
_INDEX_HINT = (
    "deploy infra/firestore.indexes.json (`firebase deploy --only firestore:indexes` or the "
    "Terraform module) and wait until the indexes are built"
)
_DATABASE_HINT = "create a Firestore database in Native mode, or name another one"
# What google-auth reports through gRPC when the token cannot be had although the network works.
_AUTH_FAILURES = (
    "RefreshError",
    "invalid_grant",
    "invalid_scope",
    "Reauthentication",
    "GoogleAuth",
)


def translate(error: grpc.aio.AioRpcError, doing: str, hint: str = UNREACHABLE_HINT) -> StoreError:
    """Return our error for a failed call.

    Args:
        error: gRPC's.
        doing: what was asked, e.g. `get actors/a`.
        hint: the remedy if the server did not answer.
    """
    detail = " ".join((error.details() or "no details").split())[:300]
    mapped = _MAKERS.get(error.code(), _other)(f"firestore: {doing}: {detail}", detail)
    if isinstance(mapped, StoreUnavailableError) and mapped.hint is None:
        mapped.hint = hint
    return mapped


def _unavailable(message: str, detail: str) -> StoreError:
    if "metadata from plugin failed" in detail and any(word in detail for word in _AUTH_FAILURES):
        return StoreCredentialsError(message, hint=_CREDENTIALS_HINT)
    return StoreUnavailableError(message)


def _exhausted(message: str, detail: str) -> StoreError:
    if "larger than max" in detail:
        return ChangeSetTooLargeError(message, hint="write fewer bytes at once: pack columns")
    return StoreUnavailableError(message, hint="a quota is used up: slow down or raise it")


def _precondition(message: str, detail: str) -> StoreError:
    if "index" in detail:
        return StoreError(message, hint=_INDEX_HINT)
    if "Datastore Mode" in detail:
        return StoreError(message, hint=_DATABASE_HINT)
    return ConflictError(message)


def _missing(message: str, detail: str) -> StoreError:
    if "database" in detail and "No document" not in detail and "/documents/" not in detail:
        return StoreError(message, hint=_DATABASE_HINT)
    return DocumentMissingError(message)


def _invalid(message: str, detail: str) -> StoreError:
    too_big = ("exceeds the maximum", "Transaction too big", "too large")
    if any(phrase in detail for phrase in too_big):
        return ChangeSetTooLargeError(message, hint="write fewer bytes at once: pack columns")
    return InvalidDocumentError(message)


def _denied(message: str, _detail: str) -> StoreError:
    return StoreCredentialsError(message, hint=_CREDENTIALS_HINT)


def _other(message: str, _detail: str) -> StoreError:
    return StoreError(message)


_MAKERS: dict[grpc.StatusCode, Callable[[str, str], StoreError]] = {
    Code.UNAVAILABLE: _unavailable,
    Code.INTERNAL: _unavailable,
    Code.DEADLINE_EXCEEDED: lambda message, _: StoreTimeoutError(message),
    Code.RESOURCE_EXHAUSTED: _exhausted,
    Code.FAILED_PRECONDITION: _precondition,
    Code.ABORTED: lambda message, _: ConflictError(message),
    Code.ALREADY_EXISTS: lambda message, _: AlreadyExistsError(message),
    Code.NOT_FOUND: _missing,
    Code.INVALID_ARGUMENT: _invalid,
    Code.PERMISSION_DENIED: _denied,
    Code.UNAUTHENTICATED: _denied,
}

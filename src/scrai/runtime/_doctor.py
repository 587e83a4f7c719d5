"""Looking whether everything that is configured works here."""

from __future__ import annotations

import platform
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from scrai import __version__
from scrai._words import extra, plural
from scrai.data import SIMULATIONS
from scrai.errors import ScraiError
from scrai.runtime._settings import Settings
from scrai.runtime._stores import make_store, place_of
from scrai.store import Query

OK: Final = "ok"
MISSING: Final = "missing"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        verdict: ok; missing (something optional is not there); failed (it is configured and
            does not work).
        detail: what was found.
        hint: the remedy, if one is needed.
    """

    name: str
    verdict: str
    detail: str
    hint: str | None = None

    def value(self) -> dict[str, Any]:
        """Return the check as a JSON object."""
        return asdict(self)


async def examine(settings: Settings) -> AsyncIterator[Check]:
    """Yield every check, the ones that cost time last."""
    yield Check("scrai", OK, f"{__version__} on Python {platform.python_version()}")
    for name in ("pydantic", "typer", "rich", "google-cloud-firestore"):
        yield _package(name)
    for each in _EXTRAS:
        yield _extra(*each)
    for check in _scenarios():
        yield check
    yield _emulator()
    yield await _backend(settings)


def _package(name: str) -> Check:
    try:
        return Check(name, OK, version(name))
    except PackageNotFoundError:
        return Check(name, FAILED, "not installed", "pip install scrai")


_EXTRAS: Final = (
    ("export", "polars", "no Parquet"),
    ("fast", "numba", "the exchange world runs uncompiled"),
    ("plots", "matplotlib", "no pictures"),
    ("demo", "xllamacpp", "no model of its own"),
    ("embeddings", "wordllama", "memories by meaning need a server that embeds"),
)


def _extra(name: str, package: str, without: str) -> Check:
    try:
        return Check(f"extra: {name}", OK, f"{package} {version(package)}")
    except PackageNotFoundError:
        hint = extra(name)
        return Check(f"extra: {name}", MISSING, without, hint)


def _scenarios() -> Iterator[Check]:
    """Load every scenario that is installed; what is broken says so by warnings."""
    from scrai.scenarios import create_default_scenario_service

    registry = create_default_scenario_service().registry
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [key for key, _ in registry.items()]
    yield Check("scenarios", OK if found else MISSING, ", ".join(found) or "none")
    for warning in caught:
        yield Check("scenario plug-in", FAILED, str(warning.message), "mend it or uninstall it")


def _emulator() -> Check:
    from scrai.store.emulator import find_jar, why_unavailable

    reason = why_unavailable()
    if reason is None:
        return Check("Firestore emulator", OK, f"{find_jar()}")
    what, _, hint = reason.partition(": ")
    return Check("Firestore emulator", MISSING, what, hint)


async def _backend(settings: Settings) -> Check:
    """Open the configured store, ask it something, and close it."""
    name, place = f"backend {settings.backend}", place_of(settings)
    return await _tried(name, place, lambda: _answer(settings))


async def _tried(name: str, place: str, action: Callable[[], Awaitable[str]]) -> Check:
    try:
        return Check(name, OK, f"{place}: {await action()}")
    except ScraiError as error:
        return Check(name, FAILED, f"{place}: {error.message}", error.hint)


async def _answer(settings: Settings) -> str:
    if settings.backend == "sqlite" and not settings.db.exists():
        return _new_file(settings)
    store = make_store(settings)
    try:
        await store.open()
        found = plural(await store.count(Query(SIMULATIONS)), "simulation")
        return f"{found}, to be looked at only" if getattr(store, "read_only", False) else found
    finally:
        await store.close()


def _new_file(settings: Settings) -> str:
    """Say whether a database could be made, without making one."""
    import os

    folder = settings.db.absolute().parent
    if not folder.is_dir():
        raise ScraiError(f"there is no folder {folder}", hint="make it, or choose another --db")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ScraiError(f"{folder} cannot be written", hint="choose another --db")
    return "not made yet; the first command that needs it does"


def healthy(checks: list[Check]) -> bool:
    """Whether nothing that is configured has failed."""
    return all(check.verdict != FAILED for check in checks)

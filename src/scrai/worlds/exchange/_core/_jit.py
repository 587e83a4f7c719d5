"""The choice between compiled and plain code: one implementation, two ways to run it.

The kernel modules hold plain functions. Where numba is installed and `SCRAI_EXCHANGE_JIT` is not
"0", twins of them are compiled that call one another; the entry point is kept in a cache of the
user's (`NUMBA_CACHE_DIR`, else `XDG_CACHE_HOME` or `~/.cache`, under `scrai`), in a folder named
after the source, so that no change of any kernel meets an old binary. A cache that cannot be
written, or is damaged, only costs time.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from scrai.worlds.exchange._core import (
    _cells,
    _cooldown,
    _housekeeping,
    _layout,
    _move,
    _near,
    _pairing,
    _quotes,
    _search,
    _sort,
    _tick,
    _trade,
    _utility,
)
from scrai.worlds.exchange._core._layout import Ints, World

_MODULES = (
    _utility, _quotes, _search, _sort, _near, _cooldown, _cells, _pairing, _move, _trade,
    _housekeeping, _tick,
)  # fmt: skip
Entry = Callable[[World, Ints], int]


def wanted() -> bool:
    """Tell whether the core runs compiled: numba is there and not switched off."""
    if os.environ.get("SCRAI_EXCHANGE_JIT", "1") == "0":
        return False
    return importlib.util.find_spec("numba") is not None


def entry() -> Entry:
    """Return the function that lives ticks, compiled if that is wanted and possible."""
    return compiled() if wanted() else _tick.run


def _own(module: ModuleType) -> dict[str, FunctionType]:
    """Return the functions that a kernel module defines."""
    items = vars(module).items()
    return {
        name: value
        for name, value in items
        if isinstance(value, FunctionType) and value.__module__ == module.__name__
    }


def _twins(numba: Any) -> Any:
    """Return the compiled twin of `run`; twins see twins wherever the originals see originals."""
    tables = {module.__name__: dict(vars(module)) for module in _MODULES}
    made: dict[FunctionType, Any] = {}
    for module in _MODULES:
        for name, function in _own(module).items():
            twin = FunctionType(function.__code__, tables[module.__name__], name)
            # No kernel allocates, so reference counting is left to the entry.
            made[function] = numba.njit(error_model="numpy", _nrt=function is _tick.run)(twin)
    for table in tables.values():
        for name, value in table.items():
            if isinstance(value, FunctionType) and value in made:
                table[name] = made[value]
    return made[_tick.run]  # type: ignore[index]


def _fingerprint() -> str:
    """Return a name for the source of all kernels."""
    digest = blake2b(digest_size=8)
    for module in (_layout, *_MODULES):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path | None:
    """Return the folder for compiled code; None if no such folder can be written."""
    base = os.environ.get("NUMBA_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    try:
        root = Path(base) if base else Path.home() / ".cache"
        folder = root / "scrai" / f"exchange-{_fingerprint()}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        return None


@contextlib.contextmanager
def _caching_in(numba: Any, folder: Path) -> Iterator[None]:
    """Let numba choose `folder` for the caches it sets up within."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


class Compiled:
    """The compiled entry; its first call loads it from the cache or compiles it."""

    __slots__ = ("_ready",)

    def __init__(self) -> None:
        self._ready: Any = None

    def __call__(self, world: World, words: Ints) -> int:
        """Live ticks as `_tick.run` does."""
        if self._ready is None:
            numba = importlib.import_module("numba")
            self._ready = _loaded(numba, cache_folder(), world, words)
        done: int = self._ready(world, words)
        return done


def _loaded(numba: Any, folder: Path | None, world: World, words: Ints) -> Any:
    """Return the entry compiled for these arguments; without the cache where that fails."""
    entry_point = _twins(numba)
    if folder is None:
        return entry_point
    try:
        with _caching_in(numba, folder):
            entry_point.enable_caching()
        entry_point.compile((numba.typeof(world), numba.typeof(words)))
    except Exception:  # a damaged or full cache raises whatever unpickling or writing raises
        return _twins(numba)
    return entry_point


@functools.cache
def compiled() -> Entry:
    """Return the compiled entry of this process."""
    return Compiled()

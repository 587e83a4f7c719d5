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
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, get_type_hints

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
from scrai.worlds.exchange._core._layout import Floats, Ints, World

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


def _order(functions: Iterable[FunctionType]) -> Iterator[FunctionType]:
    """Yield kernels so that each comes after all that it calls."""
    seen: dict[FunctionType, None] = {}

    def visit(function: FunctionType) -> Iterator[FunctionType]:
        if function in seen:
            return
        seen[function] = None
        for name in function.__code__.co_names:
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and called in kernels:
                yield from visit(called)
        yield function

    kernels = set(functions)
    for function in functions:
        yield from visit(function)


class Twins:
    """Compiled twins of all kernels; twins see twins wherever the originals see originals.

    Attributes:
        entry: the twin of `run`.
    """

    def __init__(self, numba: Any) -> None:
        self._numba = numba
        tables = {module.__name__: dict(vars(module)) for module in _MODULES}
        made: dict[FunctionType, Any] = {}
        for module in _MODULES:
            for name, function in _own(module).items():
                twin = FunctionType(function.__code__, tables[module.__name__], name)
                # No kernel allocates or is called from Python, but the entry.
                inner = function is not _tick.run
                made[function] = numba.njit(
                    error_model="numpy", _nrt=not inner, no_cpython_wrapper=inner,
                    no_cfunc_wrapper=True,
                )(twin)  # fmt: skip
        for table in tables.values():
            for name, value in table.items():
                if isinstance(value, FunctionType) and value in made:
                    table[name] = made[value]
        self.entry = made.pop(_tick.run)  # type: ignore[call-overload]
        self._inner = made

    def compile_inner(self, world: World) -> None:
        """Compile all kernels but the entry, once each: for the types that they are annotated with.

        Left to itself numba compiles a kernel anew for every constant that it is called with.
        """
        numba = self._numba
        kinds = {
            World: numba.typeof(world), Floats: numba.typeof(world.af), int: numba.int64,
            float: numba.float64, bool: numba.boolean,
            _search.Block: numba.typeof(_search.no_block()),
        }  # fmt: skip
        for function in _order(self._inner):
            hints = get_type_hints(function)
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            self._inner[function].compile(tuple(kinds[hints[name]] for name in names))
            self._inner[function].disable_compile()


def _fingerprint() -> str:
    """Return a name for the source of all kernels and for what compiles it.

    numba takes a file of another time for another source, so the time of the entry's counts too.
    """
    made_by = (version("numba"), sys.implementation.cache_tag, platform.machine())
    entry_time = Path(str(_tick.__file__)).stat().st_mtime_ns
    digest = blake2b(f"{made_by} {entry_time}".encode(), digest_size=8)
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


def _holds_code(folder: Path) -> bool:
    """Tell whether a process has put compiled code there."""
    return any(folder.rglob("*.nbi"))


def must_compile() -> bool:
    """Tell whether the first tick of this process will wait for the compiler (10 to 40 s)."""
    if not wanted() or compiled().is_ready:
        return False
    folder = cache_folder()
    return folder is None or not _holds_code(folder)


@contextlib.contextmanager
def _caching_in(numba: Any, folder: Path) -> Iterator[None]:
    """Let numba choose `folder` for the caches it sets up within."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Keep other processes from compiling the same meanwhile, where files can be locked."""
    with contextlib.ExitStack() as stack:
        try:
            fcntl: Any = importlib.import_module("fcntl")
            lock = stack.enter_context((folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except (ImportError, OSError):  # both may compile then; the outcome is the same
            pass
        yield


class Compiled:
    """The compiled entry; its first call loads it from the cache or compiles it."""

    __slots__ = ("_ready",)

    def __init__(self) -> None:
        self._ready: Any = None

    @property
    def is_ready(self) -> bool:
        """Whether the first call was made."""
        return self._ready is not None

    def __call__(self, world: World, words: Ints) -> int:
        """Live ticks as `_tick.run` does."""
        if self._ready is None:
            numba = importlib.import_module("numba")
            self._ready = _loaded(numba, cache_folder(), world, words)
        done: int = self._ready(world, words)
        return done


def _compiled_for(numba: Any, twins: Twins, world: World, words: Ints, *, cached: bool) -> Any:
    """Return the entry for these arguments: from the cache if it is there."""
    if not cached:
        twins.compile_inner(world)
    twins.entry.compile((numba.typeof(world), numba.typeof(words)))
    return twins.entry


def _loaded(numba: Any, folder: Path | None, world: World, words: Ints) -> Any:
    """Return the entry compiled for these arguments; without the cache where that fails."""
    if folder is not None:
        try:
            twins = Twins(numba)
            with _caching_in(numba, folder):
                twins.entry.enable_caching()
            with _one_at_a_time(folder):
                return _compiled_for(numba, twins, world, words, cached=_holds_code(folder))
        except Exception:  # noqa: S110 - a damaged or full cache raises anything; do without
            pass
    return _compiled_for(numba, Twins(numba), world, words, cached=False)


@functools.cache
def compiled() -> Compiled:
    """Return the compiled entry of this process."""
    return Compiled()

"""One outcome for a scenario and a seed: any telemetry, any grouping, resumed, compiled or not."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import pytest
from _exchange_specs import economies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_search_examples import linear, meeting

from scrai.errors import InvalidInputError, StoreCorruptError
from scrai.worlds.exchange._core import (
    _jit,
    _tick,
    must_compile,
    pack,
    run_ticks,
    set_up,
    unpack,
    world_hash,
)

QUIET = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def after(spec, seed, chunks, level="off", run=_tick.run):
    state = set_up(spec, seed)
    for ticks in chunks:
        run_ticks(state, ticks, level, run=run)
    return state


@QUIET
@given(spec=economies(), seed=st.integers(0, 9))
def test_any_grouping_and_any_level_give_the_same_hash(spec, seed):
    wanted = world_hash(after(spec, seed, [24]))
    assert world_hash(after(spec, seed, [1] * 24, "summary")) == wanted
    assert world_hash(after(spec, seed, [7, 0, 17], "trades")) == wanted
    assert world_hash(after(spec, seed, [12, 12], "full")) == wanted


@QUIET
@given(spec=economies(), seed=st.integers(0, 9), stop=st.integers(0, 20))
def test_a_state_read_back_from_bytes_goes_on_the_same(spec, seed, stop):
    state = after(spec, seed, [stop])
    data = pack(state)
    again = unpack(spec, seed, data)
    assert world_hash(again) == world_hash(state)
    assert pack(again) == data
    run_ticks(state, 20, run=_tick.run)
    run_ticks(again, 20, run=_tick.run)
    assert world_hash(again) == world_hash(state)
    assert pack(again) == pack(state)


@pytest.mark.skipif(not _jit.wanted(), reason="numba is not installed or switched off")
@QUIET
@given(spec=economies(), seed=st.integers(0, 9))
def test_compiled_and_plain_agree_in_every_bit(spec, seed):
    plain, fast = set_up(spec, seed), set_up(spec, seed)
    for _ in range(3):
        slow = run_ticks(plain, 10, "full", run=_tick.run)
        quick = run_ticks(fast, 10, "full", run=_jit.compiled())
        assert world_hash(plain) == world_hash(fast)
        assert pack(plain) == pack(fast)
        for table in slow.tables:
            assert list(slow.rows(table)) == list(quick.rows(table)), table


def test_the_switch_turns_compilation_off(monkeypatch):
    monkeypatch.setenv("SCRAI_EXCHANGE_JIT", "0")
    assert _jit.entry() is _tick.run


def test_a_cache_that_cannot_be_written_is_not_used(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    assert _jit.cache_folder() is None
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "new"))
    folder = _jit.cache_folder()
    assert folder is not None
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


class FakeNumba:
    """Stands in for numba."""

    class config:  # noqa: N801 - numba's name
        CACHE_DIR = ""

    typeof = staticmethod(type)


class FakeTwins:
    """Stand in for the compiled twins: they fail to load from a cache, and compile otherwise."""

    made: ClassVar = []

    def __init__(self, numba):
        self.numba, self.entry, self.folder, self.inner = numba, self, None, 0
        FakeTwins.made.append(self)

    def enable_caching(self):
        self.folder = FakeNumba.config.CACHE_DIR

    def compile_inner(self, world):
        self.inner += 1

    def compile(self, signature):
        if self.folder is not None:
            raise EOFError("the cache file ends too early")


def test_a_damaged_cache_is_compiled_around(tmp_path, monkeypatch):
    monkeypatch.setattr(_jit, "Twins", FakeTwins)
    FakeTwins.made.clear()
    (tmp_path / "run.nbi").touch()
    used = _jit._loaded(FakeNumba, tmp_path, None, None)
    first, second = FakeTwins.made
    assert used is second
    assert (first.folder, first.inner) == (str(tmp_path), 0)
    assert (second.folder, second.inner) == (None, 1)
    assert FakeNumba.config.CACHE_DIR == ""
    assert _jit._loaded(FakeNumba, None, None, None).folder is None


def test_it_is_known_whether_the_first_tick_waits_for_the_compiler(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    fresh = _jit.Compiled()
    monkeypatch.setattr(_jit, "compiled", lambda: fresh)
    monkeypatch.setattr(_jit, "wanted", lambda: True)
    assert must_compile()
    (_jit.cache_folder() / "run.nbi").touch()
    assert not must_compile()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "other"))
    assert must_compile()
    monkeypatch.setattr(_jit, "wanted", lambda: False)
    assert not must_compile()


def test_processes_compile_one_after_the_other(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "lock").open("w") as other:
        with _jit._one_at_a_time(tmp_path), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


@QUIET
@given(spec=economies())
def test_damaged_bytes_are_refused(spec):
    state = after(spec, 1, [3])
    data = pack(state)
    for broken in (b"", data[:10], b"XXXX" + data[4:], data[:-4], data[:-8] + b"\0" * 8):
        with pytest.raises(StoreCorruptError, match="packed state of 'generated'"):
            unpack(spec, 1, broken)


def test_a_state_of_another_world_is_refused():
    two = meeting([linear(1, 1)] * 2, [(1, 1)] * 2)
    with pytest.raises(StoreCorruptError, match="2 agents, the scenario has 3"):
        unpack(replace(two, agents=3), 1, pack(set_up(two, 1)))


@pytest.mark.parametrize(("ticks", "level"), [(-1, "off"), (1, "loud")])
def test_a_run_that_cannot_be_is_refused(ticks, level):
    state = set_up(meeting([linear(1, 1)] * 2, [(1, 1)] * 2), 1)
    with pytest.raises(InvalidInputError, match="cannot run"):
        run_ticks(state, ticks, level)
    assert state.tick == 0

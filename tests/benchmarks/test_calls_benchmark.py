"""The benchmark of model calls measures what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "calls.py"
SPEC = importlib.util.spec_from_file_location("calls_benchmark", PATH)
assert SPEC is not None
assert SPEC.loader is not None
calls = importlib.util.module_from_spec(SPEC)
sys.modules["calls_benchmark"] = calls
SPEC.loader.exec_module(calls)


async def test_figures_of_a_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LATENCY", 0.01)
    found = await calls.measure(40)
    assert found.calls == 40
    assert found.cpu_ms > 0
    assert found.wall_ratio >= 1


async def test_a_failed_call_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "LATENCY", 0.0)
    monkeypatch.setattr(calls, "REPLY", "junk")
    with pytest.raises(SystemExit, match="a call failed"):
        await calls.measure(2)

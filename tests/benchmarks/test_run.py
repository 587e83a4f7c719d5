"""The benchmarks run and report what they say. How fast anything is is not asserted here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench.flat import PAIRS

from _bench import run
from scrai.store.emulator import Emulator

LOCAL = ("--backend", "memory", "--backend", "sqlite")
TINY = ("--quick", "--no-peers", "--scale", "0.001")


def rows(report: dict[str, Any], name: str) -> list[dict[str, Any]]:
    assert report["broken"] == {}
    found: list[dict[str, Any]] = report["sections"][name]["rows"]
    return found


def test_cost_times_every_case(tmp_path: Path) -> None:
    report, text = run(tmp_path, *TINY, *LOCAL, "--actors", "0,10", "--only", "cost")
    found = rows(report, "cost")
    assert [(row["world"], row["backend"], row["actors"]) for row in found] == [
        (world, backend, actors)
        for world in ("plain", "bench")
        for backend in ("memory", "sqlite")
        for actors in (0, 10)
    ]
    assert [row["bound"] for row in found] == [None, 2.0, None, 5.0] * 2
    for row in found:
        assert 0 < row["fastest_ms"] <= row["median_ms"]
        assert row["at_reference_ms"] > 0
        assert row["windows"] == 3
    assert set(report["calibration"]) == {"before", "after"}
    assert report["machine"]["scrai"]
    assert "CPU ms per cycle" in text
    assert list(report["sections"]) == ["cost"]


def test_calls_are_measured_alone_and_against_the_ideal(tmp_path: Path) -> None:
    report, text = run(tmp_path, *TINY, "--backend", "memory", "--only", "calls")
    found = rows(report, "calls")
    assert [(row["label"], row["actors"]) for row in found] == [
        ("ScrAI memory", 1),
        ("ScrAI memory", 2),
        ("ScrAI sqlite, 200 ms a reply", 2),
    ]
    assert all(row["fastest_ms"] > 0 and row["peak_mb"] > 0 for row in found)
    assert found[-1]["wall_ratio"] >= 1
    assert "Inspect" in text


def test_flat_compares_an_old_simulation_with_young_ones(tmp_path: Path) -> None:
    report, _ = run(tmp_path, *TINY, "--backend", "sqlite", "--only", "flat")
    found = rows(report, "flat")
    assert [(row["backend"], row["world"]) for row in found] == [
        ("sqlite", "simple_town"),
        ("sqlite", "bench"),
    ]
    for row in found:
        assert 0.1 < row["ratio"] < 10
        assert row["end"] == row["cycle"] + 3 * PAIRS[row["backend"]] * 2
        assert row["load_old"]["median_ms"] > 0
    retired = {row["world"]: row["weight"]["collections"]["actions"] for row in found}
    assert retired["bench"]["documents"] == 7 * found[1]["end"]


def test_stored_bytes_are_those_in_the_file(tmp_path: Path) -> None:
    report, _ = run(tmp_path, *TINY, "--backend", "sqlite", "--only", "stored")
    for row in rows(report, "stored"):
        documents = row["collections"].values()
        assert row["steps"] == 1 + 5 * row["cycles"]
        assert row["allowance"] == row["changed_bytes"] + 500 * row["steps"]
        assert 0 < row["document_bytes"] < sum(each["bytes"] for each in documents)
        assert row["largest_document"] >= max(each["largest"] for each in documents)
        assert row["file_bytes"] % 4096 == 0
        assert row["collections"]["steps"]["documents"] == 1 + row["steps"]


def test_profile_and_growth_name_places_in_the_code(tmp_path: Path) -> None:
    arguments = ("--backend", "sqlite", "--only", "profile", "--only", "growth")
    report, _ = run(tmp_path, *TINY, *arguments)
    assert any("engine/" in row["function"] for row in rows(report, "profile"))
    assert any("scrai/" in row["line"] for row in rows(report, "growth"))


@pytest.mark.emulator
def test_trips_counts_what_each_phase_asks_of_firestore(tmp_path: Path, emulator: Emulator) -> None:
    report, _ = run(tmp_path, *TINY, "--only", "trips", FIRESTORE_EMULATOR_HOST=emulator.host)
    found = {(row["worker"], row["phase"]): row for row in rows(report, "trips")}
    phases = ("event_generation", "action_collection", "action_resolution", "world_update")
    for phase in phases:
        going, new = found["continuing", phase]["median"], found["new", phase]["median"]
        assert (going["read_waves"], going["commits"]) == (1, 1)
        assert (new["read_waves"], new["commits"]) == (2, 1)
        assert going["documents_read"] < new["documents_read"]
        assert going["documents_written"] == new["documents_written"]


def test_a_peer_that_cannot_be_installed_is_a_note(tmp_path: Path) -> None:
    report, text = run(tmp_path, "--scale", "0.001", *LOCAL, "--only", "peers", PATH="")
    assert rows(report, "peers") == []
    assert "six phases, a counter; memory: not measured: langgraph: uv is not on PATH" in text


def test_no_peers_leaves_them_out(tmp_path: Path) -> None:
    report, _ = run(tmp_path, *TINY, *LOCAL, "--only", "peers")
    assert report["sections"] == {}


def test_a_broken_section_is_said_and_is_the_exit_code(tmp_path: Path) -> None:
    nobody = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
    report, text = run(tmp_path, *TINY, "--only", "trips", code=1, **nobody)
    assert "StoreUnavailableError" in report["broken"]["trips"]
    assert "trips: NOT MEASURED" in text


@pytest.mark.soak
def test_exchange_is_measured_from_presets_to_a_thousand_agents(tmp_path: Path) -> None:
    report, text = run(tmp_path, *TINY, "--backend", "sqlite", "--only", "exchange")
    found = rows(report, "exchange")
    both, regimes = found[:14], found[14:]
    assert [row["agents"] for row in both[::2]] == [10, 30, 80, 20, 40, 200, 1000]
    assert [row["agents"] for row in regimes] == 4 * [80] + 4 * [1000]
    assert {row["bound"] for row in regimes} == {5000, 500}
    assert {row["level"] for row in found} == {"off", "trades"}
    assert all(row["ticks_per_second"] > 0 and row["peak_mb"] > 0 for row in found)
    assert "compiling into an empty cache" in text
    assert "fifty files" in text

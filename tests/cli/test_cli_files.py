"""Files: tables for other programs, whole simulations for other databases."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from _program import Program


@pytest.fixture
def town(program: Program) -> str:
    name = program.create("town", "--cycles", 3)
    program("simulation", "run", name, "--cycles", 2)
    return name


def lines(program: Program, *args: object) -> list[Any]:
    return [json.loads(line) for line in program("simulation", "export", *args).splitlines()]


def test_tables_are_what_lists_show(program: Program, town: str) -> None:
    for kind in ("actor", "event", "action"):
        assert lines(program, town, "--table", f"{kind}s") == program.json(kind, "list", town)
    assert lines(program, town, "--table", "steps") == program.json("simulation", "history", town)
    assert lines(program, town, "--table", "costs") == []
    measured = lines(program, town, "--table", "metrics")
    assert [(row["cycle"], row["metric"]) for row in measured] == [(1, "water"), (2, "water")]
    assert measured[-1]["value"] == program.state(town)["metrics"]["water"]


@pytest.mark.parametrize("table", ["actors", "events", "actions", "steps", "metrics", "costs"])
def test_csv_and_parquet_hold_the_same_rows(program: Program, town: str, table: str) -> None:
    polars = pytest.importorskip("polars")
    rows = lines(program, town, "--table", table)
    text = program("simulation", "export", town, "--table", table, "--format", "csv")
    found = list(csv.DictReader(io.StringIO(text)))
    assert len(found) == len(rows)
    out = program.folder / "table.parquet"
    said = program.json("simulation", "export", town, "--table", table, "--format", "parquet",
                        "--out", out)  # fmt: skip
    assert said["count"] == len(rows)
    frame = polars.read_parquet(out)
    assert frame.height == len(rows)
    assert frame.columns == next(csv.reader(io.StringIO(text)))
    for row, cells, values in zip(rows, found, frame.to_dicts(), strict=True):
        for name, value in row.items():
            nested = isinstance(value, dict | list)
            assert values[name] == (json.dumps(value, ensure_ascii=False) if nested else value)
            if nested:
                assert json.loads(cells[name]) == value
            elif isinstance(value, str):
                assert cells[name] == value
            else:
                assert cells[name] == ("" if value is None else json.dumps(value))


def test_parquet_without_polars_is_one_line(
    program: Program, town: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    out = program.folder / "x.parquet"
    words = ("simulation", "export", town, "--table", "actors", "--format", "parquet")
    line = program.fails(*words, "--out", out, code=2)
    assert "uv run --extra export scrai" in line
    assert not out.exists()


def test_a_simulation_moves_to_another_database(program: Program, town: str) -> None:
    program("action", "inject", town, "--id", "bath", "--actor", "actor-ada")
    said = program("simulation", "export", town, "--out", "town.jsonl")
    assert "lines in town.jsonl" in said
    other = Program(program.folder, ("--db", "other.db"))
    found = other.json("simulation", "import", "town.jsonl")
    assert found["simulation_id"] == town
    before, after = program.state(town), other.state(town)
    assert {**before, "revision": ""} == {**after, "revision": ""}
    assert other.json("simulation", "history", town) == program.json("simulation", "history", town)
    assert other.json("simulation", "replay", town)["identical"] is True
    for each in (program, other):
        each("simulation", "run", town)
    assert other.state(town)["hash"] == program.state(town)["hash"]
    line = other.fails("simulation", "import", "town.jsonl")
    assert "exists already" in line


def test_an_import_from_a_pipe(program: Program, town: str) -> None:
    data = program("simulation", "export", town)
    other = Program(program.folder, ("--db", "other.db"))
    other("simulation", "import", "-", stdin=data)
    assert other.state(town)["hash"] == program.state(town)["hash"]


def test_a_branch_keeps_its_parent_only_where_that_is(program: Program, town: str) -> None:
    program("simulation", "branch", town, "--id", "child", "--at", "1:snapshot")
    for name in (town, "child"):
        program("simulation", "export", name, "--out", f"{name}.jsonl")
    alone = Program(program.folder, ("--db", "alone.db"))
    alone("simulation", "import", "child.jsonl")
    assert alone.state("child")["parent"] is None
    alone("simulation", "cycle", "child")
    both = Program(program.folder, ("--db", "both.db"))
    both("simulation", "import", f"{town}.jsonl")
    both("simulation", "import", "child.jsonl")
    assert both.state("child")["parent"] == {"simulation_id": town, "step": 6}


def dumped(value: dict[str, Any], **changes: Any) -> str:
    """Return a line of an export, changed."""
    return json.dumps(value | changes) + "\n"


DAMAGES = (
    "changed",
    "columns",
    "cut",
    "empty",
    "endless",
    "foreign",
    "garbage",
    "head",
    "lost",
    "newer",
    "other",
    "status",
    "step",
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_leaves_nothing_behind(program: Program, town: str, damage: str) -> None:
    good = program("simulation", "export", town).splitlines(keepends=True)
    program("simulation", "export", town, "--table", "actors", "--out", "actors.jsonl")
    foreign = json.loads(good[-3]) | {"id": "other~x"}
    at = next(number for number, line in enumerate(good) if '"collection":"actors"' in line)
    actor, head, end = (json.loads(good[number]) for number in (at, 1, -1))
    bad = {
        "changed": [*good[:at], dumped(actor, payload={"name": "Nobody"}), *good[at + 1 :]],
        "columns": [*good[:at], dumped(actor, columns=5), *good[at + 1 :]],
        "endless": [*good[:at], "x" * 9_000_000],
        "lost": [*good[:at], *good[at + 1 : -1], dumped(end, documents=end["documents"] - 1)],
        "status": [good[0], dumped(head, payload=head["payload"] | {"status": "x"}), *good[2:]],
        "step": [good[0], dumped(head, payload=head["payload"] | {"step": "x"}), *good[2:]],
        "cut": good[:-3],
        "foreign": [*good[:-3], json.dumps(foreign) + "\n", *good[-2:]],
        "garbage": [*good[:-3], "garbage\n", *good[-2:]],
        "empty": [],
        "head": [good[0], *good[2:]],
        "newer": [good[0].replace('"scrai_export":1', '"scrai_export":99'), *good[1:]],
        "other": Path("actors.jsonl").read_text().splitlines(keepends=True),
    }[damage]
    Path("bad.jsonl").write_text("".join(bad))
    other = Program(program.folder, ("--db", "other.db"))
    found = other.call("simulation", "import", "bad.jsonl")
    assert found.code in {1, 2}
    assert len(found.err.splitlines()) == 1
    assert "unexpected" not in found.err
    assert other.json("simulation", "list") == []
    Path("good.jsonl").write_text("".join(good))
    other("simulation", "import", "good.jsonl")
    assert other.state(town)["hash"] == program.state(town)["hash"]


def test_exports_need_no_memory(program: Program) -> None:
    """Ten times the steps take no more memory to write out."""
    peaks = []
    for cycles in (20, 200):
        name = f"town-{cycles}"
        program("run", "well.py", "--cycles", cycles, "--id", name)
        words = ("simulation", "export", name, "--table", "actions", "--out", "x.csv")
        program(*words, "--format", "csv")
        tracemalloc.start()
        program(*words, "--format", "csv")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 1_000_000, peaks


def test_what_is_no_file_is_written_to_and_not_replaced(program: Program, town: str) -> None:
    os.mkfifo("pipe")
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(Path("pipe").read_text)
        program("simulation", "export", town, "--out", "pipe")
        Path("pipe").touch()
        found = reading.result(timeout=60)
    assert found == program("simulation", "export", town)
    assert Path("pipe").is_fifo()


def test_a_link_stays_one(program: Program, town: str) -> None:
    Path("link.jsonl").symlink_to("real.jsonl")
    program("simulation", "export", town, "--out", "link.jsonl")
    assert Path("link.jsonl").is_symlink()
    assert Path("real.jsonl").read_text() == program("simulation", "export", town)

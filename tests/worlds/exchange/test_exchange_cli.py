"""The exchange at the command line: files, tables, summaries, pictures, bad input."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from typer.testing import CliRunner, Result

from _exchange_runs import market
from scrai.cli import app

TRADE = ["tick", "x", "y", "buyer_id", "seller_id", "pair", "good", "dA", "dB", "dM", "price",
         "buyer_gain", "seller_gain"]  # fmt: skip
AGENT = ["tick", "agent_id", "x", "y", "A", "B", "M", "utility", "lambda", "type"]
Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Calls the program in an empty folder in which `market.yaml` lies."""
    for name in list(os.environ):
        if name.startswith(("SCRAI_", "GOOGLE_", "FIRESTORE_")) and name != "SCRAI_EXCHANGE_JIT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    Path("market.yaml").write_text(yaml.safe_dump(market()), encoding="utf-8")

    def run(*args: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(arg) for arg in args])
        assert done.exit_code == code, (args, done.output, done.stderr)
        return done

    return run


def table(call: Call, run: str, name: str) -> list[dict[str, Any]]:
    text = call("simulation", "export", run, "--table", name).stdout
    return [json.loads(line) for line in text.splitlines()]


def test_a_file_runs_by_itself_and_needs_to_be_read_once(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 2)
    Path("market.yaml").unlink()
    found = json.loads(
        call("--json", "run", "--resume", "one", "--cycles", 3, code=1).stderr or "0"
    )
    assert "completed" in found["error"]["message"]
    call("run", "--branch-from", "one", "--id", "two", "--cycles", 4)
    shown = json.loads(call("--json", "simulation", "show", "two").stdout)
    assert shown["world_state"]["tick"] == 40
    assert shown["scenario_module"] == "exchange"
    assert json.loads(call("--json", "simulation", "show", "one").stdout)["name"] == "market"
    assert shown["configuration"]["agents"] == 14


def test_a_parameter_is_changed_and_the_rest_is_kept(call: Call) -> None:
    call("run", "market.yaml", "--id", "a", "--cycles", 1)
    call("run", "market.yaml", "--id", "b", "--cycles", 1, "--set", "params.spread=.5",
         "--set", "ticks_per_cycle=3", "--set", "utilities.mix.0.params.vA=2")  # fmt: skip
    shown = json.loads(call("--json", "simulation", "show", "b").stdout)
    assert shown["configuration"]["params"]["spread"] == 0.5
    assert shown["configuration"]["params"]["vision_radius"] == 6
    assert shown["configuration"]["utilities"]["mix"][0]["params"] == {"vA": 2, "vB": 1}
    assert shown["world_state"]["tick"] == 3


def test_a_run_ends_with_a_summary(call: Call) -> None:
    text = call("run", "market.yaml", "--id", "one", "--cycles", 3).stdout
    for words in ("A for B", "A for money", "B for money", "welfare", "foraged", "frozen agents: 0",
                  "goods and money are conserved"):  # fmt: skip
        assert words in text
    metrics = json.loads(call("--json", "simulation", "show", "one").stdout)["metrics"]
    assert metrics["frozen"] == 0
    assert metrics["conserved"] == 1
    trades = table(call, "one", "trades")
    for pair in ("A-B", "A-M", "B-M"):
        count = sum(row["pair"] == pair for row in trades)
        assert metrics[f"trades_{pair.replace('-', '')}"] == count > 0
    gains = sum(row["buyer_gain"] + row["seller_gain"] for row in trades)
    assert metrics["gains"] == pytest.approx(gains)


def test_the_line_of_a_cycle_fits_a_terminal_and_a_history_says_what_happened(call: Call) -> None:
    lines = call("run", "market.yaml", "--id", "one", "--cycles", 3).stdout.splitlines()
    cycles = [line for line in lines if line.startswith("cycle ")]
    assert len(cycles) == 3
    assert all(len(line) <= 90 for line in cycles)
    metrics = json.loads(call("--json", "simulation", "show", "one").stdout)["metrics"]
    trades = sum(metrics[f"trades_{kind}"] for kind in ("AB", "AM", "BM"))
    assert f"tick=30  trades={trades}  gains={metrics['gains']:g}  welfare=" in cycles[-1]
    notes = [
        note
        for step in json.loads(call("--json", "simulation", "history", "one").stdout)
        for note in step["notes"]
        if note.startswith("to tick")
    ]
    assert [note.partition(":")[0] for note in notes] == ["to tick 10", "to tick 20", "to tick 30"]
    assert sum(int(note.split()[3]) for note in notes) == trades


def test_rows_have_the_shapes_that_are_promised(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 2, "--set", "telemetry=full")
    trades, agents = table(call, "one", "trades"), table(call, "one", "agents")
    assert list(trades[0]) == TRADE
    assert list(agents[0]) == AGENT
    assert {row["tick"] for row in agents} == set(range(21))
    assert [row["agent_id"] for row in agents[:14]] == list(range(14))
    for name in ("trades", "agents", "quotes", "decisions"):
        rows = table(call, "one", name)
        assert rows
        assert all(value is not None for row in rows for value in row.values()), name
    assert len(table(call, "one", "aggregates")) == 20


def test_money_and_goods_pass_from_hand_to_hand(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 2, "--set", "resource_seed.density=0")
    agents = table(call, "one", "agents")
    held = {row["agent_id"]: [row[good] for good in "ABM"] for row in agents[:14]}
    for row in table(call, "one", "trades"):
        moved = [row["dA"], row["dB"], row["dM"]]
        for who, sign in ((row["buyer_id"], 1), (row["seller_id"], -1)):
            held[who] = [old + sign * new for old, new in zip(held[who], moved, strict=True)]
            assert min(held[who]) >= 0
    assert held == {row["agent_id"]: [row[good] for good in "ABM"] for row in agents[-14:]}


@pytest.mark.parametrize(
    ("level", "ticks", "tables"),
    [
        ("off", {20}, []),
        ("summary", {0, 10, 20}, ["agents", "aggregates"]),
        ("trades", {0, 10, 20}, ["agents", "aggregates", "trades"]),
    ],
)
def test_a_level_records_what_it_says(
    call: Call, level: str, ticks: set[int], tables: list[str]
) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 2, "--set", f"telemetry={level}")
    assert {row["tick"] for row in table(call, "one", "agents")} == ticks
    error = call("simulation", "export", "one", "--table", "agent", code=2).stderr
    assert all(name in error for name in tables)
    assert ("did you mean agents?" in error) == bool(tables)
    assert ("trades" in error) == ("trades" in tables)


def test_csv_and_parquet_hold_what_jsonl_does(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 1)
    rows = table(call, "one", "trades")
    text = call("simulation", "export", "one", "--table", "trades", "--format", "csv").stdout
    found = list(csv.DictReader(io.StringIO(text)))
    assert list(found[0]) == TRADE
    assert [int(row["buyer_id"]) for row in found] == [row["buyer_id"] for row in rows]
    call(
        "simulation", "export", "one", "--table", "trades", "--format", "parquet", "-o", "t.parquet"
    )
    frame = pl.read_parquet("t.parquet")
    assert frame.columns == TRADE
    assert frame.to_dicts() == rows


BAD = [
    ({"params": {"exchange_regime": "barter"}}, ["exchange_regime", "barter_only"]),
    ({"params": {"visionradius": 5}}, ["visionradius", "vision_radius"]),
    ({"agents": -5}, ["agents"]),
    ({"resource_seed": {"density": 1.3, "amount": 4}}, ["density"]),
    ({"initial_inventories": {"A": [1, 2], "B": 3, "M": 3}}, ["initial_inventories.A"]),
    ({"initial_inventories": {"A": 1, "B": 3}}, ["M is missing"]),
    ({"telemetry": "all"}, ["telemetry"]),
]


@pytest.mark.parametrize(("change", "words"), BAD)
def test_bad_scenarios_are_reported_once_and_leave_nothing(
    call: Call, change: dict[str, Any], words: list[str]
) -> None:
    document = market()
    document.update(change)
    Path("bad.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    error = call("run", "bad.yaml", code=2).stderr
    assert all(word in error for word in ("bad.yaml", *words)), error
    assert "Traceback" not in error
    call("simulation", "create", "bad.yaml", code=2)
    assert {path.name for path in Path().iterdir()} == {"bad.yaml", "market.yaml"}
    assert json.loads(call("--json", "simulation", "list").stdout) == []


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\0\1\2" * 100, "text"),
        (b"\xff\xfe\xfd" * 100, "no world"),
        (b"", "no world"),
        (b"name: x\n", "no world"),
        (b"agents: 3\nutilities: [\n", "bad.yaml"),
    ],
)
def test_what_is_no_scenario_is_told(call: Call, data: bytes, word: str) -> None:
    Path("bad.yaml").write_bytes(data)
    error = call("run", "bad.yaml", code=2).stderr
    assert word in error
    assert {path.name for path in Path().iterdir()} == {"bad.yaml", "market.yaml"}
    assert json.loads(call("--json", "simulation", "list").stdout) == []


def test_a_setting_that_is_wrong_is_told(call: Call) -> None:
    error = call("run", "market.yaml", "--set", "params.spred=.1", code=2).stderr
    assert "spread" in error
    assert "no file" in call("run", "nothing.yaml", code=2).stderr.lower().replace("such ", "")


def test_determinism_is_checked(call: Call) -> None:
    found = json.loads(
        call("--json", "exchange", "determinism", "market.yaml", "--ticks", 12).stdout
    )
    assert found["identical"]
    assert found["hashes"][0] == found["hashes"][1]


PNG, GIF = b"\x89PNG\r\n\x1a\n", b"GIF89a"


def test_every_kind_of_picture_is_drawn(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 3)
    for kind in ("prices", "welfare", "map", "edgeworth"):
        call("exchange", "plot", "one", "--kind", kind)
        assert Path(f"one-{kind}.png").read_bytes().startswith(PNG)
    call("exchange", "plot", "one", "--kind", "animation", "--output", "one.gif")
    assert Path("one.gif").read_bytes().startswith(GIF)
    call("run", "market.yaml", "--id", "two", "--cycles", 3,
         "--set", "params.exchange_regime=barter_only")  # fmt: skip
    text = call("exchange", "compare", "one", "two", "--output", "both.png").stdout
    assert "barter_only" in text
    assert Path("both.png").read_bytes().startswith(PNG)
    assert "part" in call("compare", "one", "two").stdout


def test_a_comparison_says_what_was_set_and_what_can_be_compared(call: Call) -> None:
    for name, spread in (("one", 0), ("wide", 0.4)):
        call("run", "market.yaml", "--id", name, "--cycles", 2, "--set", f"params.spread={spread}")
    found = json.loads(call("--json", "exchange", "compare", "one", "wide").stdout)
    assert found["settings"] == [
        {"setting": "configuration.params.spread", "values": {"one": 0, "wide": 0.4}}
    ]
    assert found["notes"] == []
    call("run", "market.yaml", "--id", "barter", "--cycles", 2,
         "--set", "params.exchange_regime=barter_only", "--seed", 3)  # fmt: skip
    text = call("exchange", "compare", "one", "barter").stdout
    assert "Welfare counts money, but not under barter_only" in text
    assert re.search(r"seed of the run +0 +3", text)
    assert re.search(r"params.exchange_regime +mixed +barter_only", text)


def test_goods_gained_leave_money_out(call: Call) -> None:
    for regime in ("barter_only", "mixed"):
        call("run", "market.yaml", "--id", regime, "--cycles", 2,
             "--set", f"params.exchange_regime={regime}", "--set", "params.lambda_money=3",
             "--set", "params.money_utility_form=log")  # fmt: skip
    runs = json.loads(call("--json", "exchange", "compare", "barter_only", "mixed").stdout)["runs"]
    barter, mixed = runs
    assert barter["goods_gained"] == pytest.approx(barter["welfare_gained"], rel=1e-6)
    assert barter["welfare_gained"] == pytest.approx(barter["welfare"] - barter["welfare_start"])
    assert abs(mixed["goods_gained"] - mixed["welfare_gained"]) > 1  # money moved, by its logarithm


def test_comparison_and_benchmark_have_one_late_price(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 4)
    call("run", "market.yaml", "--id", "two", "--cycles", 9)
    runs = json.loads(call("--json", "exchange", "compare", "one", "two").stdout)["runs"]
    for row in runs:
        found = json.loads(call("--json", "exchange", "walras", row["run"]).stdout)["prices"]
        for kind in ("AM", "BM"):
            assert row[f"late_price_{kind}"] == pytest.approx(found[kind]["late"], rel=0.05)
    text = " ".join(call("exchange", "compare", "one", "two").stdout.split())
    assert "A late price is the mean of the last fifth of the trades" in text
    assert "not equally long (ticks: one 40, two 90)" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plot", "one", "--kind", "pie"), "prices"),
        (("plot", "one", "--output", "x.gif"), ".png"),
        (("plot", "one", "--output", "no/x.png"), "folder"),
        (("plot", "one", "--kind", "edgeworth"), "--set telemetry=trades"),
        (("plot", "one", "--kind", "edgeworth", "--agents", "3"), "0,7"),
        (("plot", "none"), "none"),
        (("walras", "one"), "--set telemetry=trades"),
        (("compare", "one"), "two"),
    ],
)
def test_what_cannot_be_drawn_is_told(call: Call, words: tuple[str, ...], told: str) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 1, "--set", "telemetry=summary")
    error = call("exchange", *words, code=2).stderr
    assert told in error
    assert sorted(path.name for path in Path().iterdir() if path.suffix != ".db") == [
        path for path in ("market.yaml", "scrai.db-shm", "scrai.db-wal") if Path(path).exists()
    ]


def test_without_matplotlib_the_extra_is_named(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 1)
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assert "--extra plots" in call("exchange", "plot", "one", code=2).stderr
    assert not list(Path().glob("*.png"))


def test_the_benchmark_says_what_was_possible(call: Call) -> None:
    call("run", "market.yaml", "--id", "one", "--cycles", 4,
         "--set", "params.exchange_regime=barter_only")  # fmt: skip
    found = json.loads(call("--json", "exchange", "walras", "one").stdout)
    assert 0.2 < found["efficiency"] < 1.2
    welfare = found["welfare"]
    assert welfare["endowments"] < welfare["reached"]
    assert "efficiency" in call("exchange", "walras", "one").stdout


def test_variables_of_the_world_are_no_settings(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAI_EXCHANGE_JIT", "0")
    call("run", "market.yaml", "--id", "one", "--cycles", 1)
    monkeypatch.setenv("SCRAI_EXCHANG_JIT", "0")
    assert "SCRAI_EXCHANG_JIT is no setting" in call("run", "market.yaml", code=2).stderr

"""The generator as a command: `scrai generate` and `python -m scrai.worlds.exchange.generate`."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner

from _pythons import VERSIONS, interpreter
from scrai.cli import app
from scrai.worlds.exchange import load_exchange
from scrai.worlds.exchange._core import run_ticks, set_up
from scrai.worlds.exchange._generate_presets import PRESETS

SIZES = "--agents 20 --grid 30 --inventory-range 10,50 --utilities ces,linear --resources 0.3,5,1"
# The commands of the contract, with the names of the modules read as ours.
EXAMPLES = [
    f"test {SIZES}",
    f"money_test {SIZES} --exchange-regime money_only",
    f"mixed_test {SIZES} --exchange-regime mixed",
    "demo --preset money_demo",
    "demo --preset money_demo --utilities ces",
    (
        "monetary_test --agents 20 --grid 30 --inventory-range 10,50 --utilities linear"
        " --resources 0.3,5,1 --exchange-regime money_only --seed 42"
    ),
    (
        "hybrid_test --agents 30 --grid 40 --inventory-range 15,60 --utilities ces,linear"
        " --resources 0.35,6,2 --exchange-regime mixed --seed 42"
    ),
    "quick_test --preset minimal --seed 42",
    "demo --preset money_demo --seed 42",
    "large_demo --preset money_demo --agents 50 --seed 42",
    f"test {SIZES} --seed 42",
]


@dataclass
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def generate(tmp_path, monkeypatch):
    """Run `scrai generate` in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(line: str, *, as_json: bool = False) -> Done:
        args = [*(["--json"] if as_json else []), "generate", *line.split()]
        found = CliRunner().invoke(app, args)
        return Done(found.exit_code, found.stdout, found.stderr)

    return run


@pytest.mark.parametrize("line", EXAMPLES)
def test_the_examples_of_the_contract_work(generate, tmp_path, line):
    done = generate(f"{line} --validate")
    assert done.code == 0, done.err
    name = line.split()[0]
    spec = load_exchange(tmp_path / f"{name}.yaml")
    money = "money_demo" in line or "exchange-regime" in line
    assert any(spec.M) == money
    assert f"{name}.yaml is written, read back and valid" in done.out


def test_the_module_writes_the_same_bytes_as_the_command(generate, tmp_path):
    line = EXAMPLES[-2]
    generate(f"{line} -o one")
    done = subprocess.run(
        [sys.executable, "-m", "scrai.worlds.exchange.generate", *line.split()],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    one, two = tmp_path / "one" / "large_demo.yaml", tmp_path / "large_demo.yaml"
    assert one.read_bytes() == two.read_bytes()


BAD = {
    "x": "error: missing --agents",
    "x --preset minimal --set a=1 --set b=2": "2 errors\n  x.yaml: a: unknown key",
    "x --agents no": "Error: ",
}


def test_the_module_tells_errors_without_a_traceback(tmp_path):
    for line, words in BAD.items():
        done = subprocess.run(
            [sys.executable, "-m", "scrai.worlds.exchange.generate", *line.split()],
            cwd=tmp_path, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


PRINT = """
import hashlib
from scrai.worlds.exchange._generate_build import build
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._generate_presets import PRESETS, recipe
text = "".join(emit(build(recipe(p, {"agents": 60}), p, s)) for p in PRESETS for s in range(5))
print(hashlib.sha256(text.encode()).hexdigest())
"""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_python_writes_the_same_bytes(version):
    done = subprocess.run(
        [interpreter(version), "-c", PRINT], check=True, capture_output=True, text=True
    )
    here = subprocess.run([sys.executable, "-c", PRINT], check=True, capture_output=True, text=True)
    assert done.stdout == here.stdout


def test_the_generator_starts_without_what_is_heavy(tmp_path):
    code = (
        "import sys; sys.argv = ['g', 'x', '--preset', 'standard']\n"
        "from scrai.worlds.exchange.generate import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print(sorted({'numpy', 'numba', 'yaml', 'scrai.engine', 'scrai.models'} & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "x.yaml").exists()


def test_nothing_is_overwritten_without_force(generate, tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("mine")
    done = generate("x --preset minimal")
    assert (done.code, path.read_text()) == (2, "mine")
    assert done.err == "error: x.yaml exists already (--force replaces)\n"
    assert generate("x --preset minimal --force").code == 0
    assert path.read_text().startswith("# An exchange economy")


def test_one_file_in_the_way_of_many_and_none_is_written(generate, tmp_path):
    (tmp_path / "x_3.yaml").write_text("mine")
    done = generate("x --preset minimal --count 5")
    assert (done.code, [each.name for each in tmp_path.iterdir()]) == (2, ["x_3.yaml"])


def test_a_dry_run_prints_what_would_be_written_and_writes_nothing(generate, tmp_path):
    done = generate("x --preset minimal --seed 3 --dry-run")
    assert list(tmp_path.iterdir()) == []
    generate("x --preset minimal --seed 3")
    assert (tmp_path / "x.yaml").read_text() == done.out


def test_scripts_are_told_of_every_file(generate, tmp_path):
    done = generate("x --preset money_demo --seed 5 --count 2 --output many", as_json=True)
    assert json.loads(done.out) == [
        {"file": f"many/x_{seed}.yaml", "name": f"x_{seed}", "seed": seed, "agents": 20, "N": 30,
         "exchange_regime": "money_only", "written": True}
        for seed in (5, 6)
    ]  # fmt: skip
    assert sorted(each.name for each in (tmp_path / "many").iterdir()) == ["x_5.yaml", "x_6.yaml"]
    (row,) = json.loads(generate("x --preset minimal --dry-run", as_json=True).out)
    assert (row["written"], row["yaml"].splitlines()[1]) == (False, "schema_version: 1")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x --preset minmal", "did you mean minimal?"),
        ("x --preset minimal --exchange-regime mixd", "did you mean mixed?"),
        ("x --preset minimal --agents -5", "'--agents'"),
        ("x --preset minimal --money-scale 10", "barter_only has no money"),
        ("x --preset money_demo --lambda-money 0", "--lambda-money must be above 0"),
        ("x --preset money_demo --lambda-money nan", "no number from"),
        ("x --preset minimal --param-ranges none.yaml", "none.yaml: No such file"),
        ("x --preset minimal --set spread", "not of the form key=value"),
        ("x --preset minimal --set utilities.agents.99.type=ces", "no place '99'"),
        ("x --preset minimal --set name.x=1", "name is neither a map nor a list"),
        ("x --preset minimal --set params.spread=[", "not YAML"),
        ("../x --preset minimal", "--output says where"),
        ("x --preset minimal --set agents=401", "do not fit on 400 cells"),
        ("x --preset minimal --gird 3", "did you mean --grid?"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(generate, tmp_path, line, words):
    done = generate(line)
    assert done.code == 2, done.out
    assert words in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


def test_many_errors_are_told_one_a_line_and_to_scripts_as_a_list(generate):
    line = "x --preset minimal --set params.sprad=1 --set N=1"
    assert generate(line).err.splitlines() == [
        "error: x.yaml: 2 errors",
        "  x.yaml: params.sprad: unknown key (did you mean spread?)",
        (
            "  x.yaml: agents: 10 agents do not fit on 1 cell of their own"
            " (allow_colocation: true lets them share)"
        ),
    ]
    told = json.loads(generate(line, as_json=True).err)["error"]
    assert told["message"] == "x.yaml: 2 errors"
    assert len(told["problems"]) == 2


@pytest.mark.filterwarnings("default::scrai.worlds.exchange.OddScenarioWarning")
def test_what_is_odd_is_a_warning_and_written(generate, tmp_path):
    done = generate("x --preset minimal --vision 90 --count 3")
    told = "warning: x_0.yaml: params.vision_radius: 90 is more than the grid is wide, 20\n"
    assert (done.code, done.err) == (0, told)  # once, not for each of them
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_trades_in_every_kind_that_it_has(generate, tmp_path, preset):
    generate(f"x --preset {preset} --seed 42")
    spec = load_exchange(tmp_path / "x.yaml", 42)
    trades = run_ticks(set_up(spec, 42), 100, "trades").rows("trades")
    kinds = {
        "barter_only": {"A-B"},
        "money_only": {"A-M", "B-M"},
        "mixed": {"A-B", "A-M", "B-M"},
    }
    assert {str(row["pair"]) for row in trades} == kinds[spec.params.exchange_regime]

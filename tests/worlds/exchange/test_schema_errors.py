"""What a scenario file may not hold: every error is told, with its line and what is near."""

from __future__ import annotations

import pytest

from _exchange_files import TYPES, document, preset, problems, write
from scrai.errors import InvalidInputError
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._load import check_configuration, read_document
from scrai.worlds.exchange._load_set import with_settings


def wrong(*settings, **changes):
    return problems(check_configuration, with_settings(document(**changes), settings))


def test_the_document_of_these_tests_is_right():
    assert wrong() == []


@pytest.mark.parametrize(
    ("setting", "place", "words"),
    [
        ("parms={}", "parms", "unknown key (did you mean params?)"),
        ("params.sprad=1", "params.sprad", "did you mean spread?"),
        ("params.dA_Max=1", "params.dA_Max", "did you mean dA_max?"),
        ("params.exchange_regime=barter", "params.exchange_regime", "barter_only"),
        ("params.money_mode=kkt", "params.money_mode", "kkt_lambda"),
        ("params.money_utility_form=logs", "params.money_utility_form", "did you mean log?"),
        ("params.trade_execution_mode=max", "params.trade_execution_mode", "did you mean maximum?"),
        ("params.search=nearst", "params.search", "did you mean nearest?"),
        ("params.matching=greedy", "params.matching", "greedy_surplus"),
        ("params.bargaining=take_it", "params.bargaining", "take_it_or_leave_it"),
        ("telemetry=of", "telemetry", "did you mean off"),
        ("telemetry=false", "telemetry", "must be a word, not false"),
        ("agents=-5", "agents", "at least 1"),
        ("agents=2.5", "agents", "whole number"),
        ("agents=true", "agents", "not true"),
        ("N=0", "N", "at least 1"),
        ("name=12", "name", "must be text"),
        ('name=" "', "name", "1 to 200"),
        ("schema_version=2", "schema_version", "must be 1, not 2"),
        ("params.spread=-0.1", "params.spread", "at least 0"),
        ("params.spread=.nan", "params.spread", "not nan"),
        ("params.beta=0", "params.beta", "above 0"),
        ("params.beta=1.01", "params.beta", "at most 1"),
        ("params.move_budget_per_tick=0", "params.move_budget_per_tick", "at least 1"),
        ("params.enable_resource_claiming=1", "params.enable_resource_claiming", "true or false"),
        ("params.money_scale=0", "params.money_scale", "at least 1"),
        ("params.lambda_money=0", "params.lambda_money", "above 0"),
        ("params.lambda_bounds.lambda_min=2e6", "params.lambda_bounds", "above lambda_max"),
        ("params.lambda_bounds.max=2", "params.lambda_bounds.max", "lambda_max"),
        ("params.liquidity_gate=3", "params.liquidity_gate", "must be a map"),
        ("resource_seed.density=1.3", "resource_seed.density", "at most 1"),
        ("resource_seed.amount=0", "resource_seed.amount", "at least 1"),
        ("mode_schedule={type: local, forage_ticks: 1, trade_ticks: 1}", "mode_schedule.type",
         "global_cycle"),
        ("mode_schedule={type: global_cycle, forage_ticks: 0, trade_ticks: 1}",
         "mode_schedule.forage_ticks", "at least 1"),
        ("mode_schedule={forage_ticks: 2, trade_ticks: 1}", "mode_schedule", "type is missing"),
        ("initial_inventories.A=-1", "initial_inventories.A", "at least 0"),
        ("initial_inventories.A.2=x", "initial_inventories.A.2", "not 'x'"),
        ("initial_inventories.A=[1, 2, 3]", "initial_inventories.A", "3 entries for 4 agents"),
        ("initial_inventories.M=[1]", "initial_inventories.M", "1 entries for 4 agents"),
        ("initial_inventories.B.uniform_int=[5, 2]", "initial_inventories.B.uniform_int", "above"),
        ("initial_inventories.B={uniform: [1, 2]}", "initial_inventories.B.uniform", "uniform_int"),
        ("initial_inventories.lambda_money=[1, 1, 1]", "initial_inventories.lambda_money",
         "3 entries"),
        ("initial_inventories.M=null", "initial_inventories", "M is missing: mixed"),
        ("initial_inventories.M=900000000000", "initial_inventories.M", "at most 1,000,000,000"),
        ("agents=26", "agents", "26 agents do not fit on 25 cells"),
        ("utilities.mix.0.weight=0.1", "utilities.mix", "weights sum to 0.9, not 1"),
        ("utilities.mix.0.params.rho=1", "utilities.mix.0.params.rho", "other than 1"),
        ("utilities.mix.0.params.wA=0", "utilities.mix.0.params.wA", "above 0"),
        ("utilities.mix.0.params.vA=1", "utilities.mix.0.params.vA", "wA"),
        ("utilities.mix.0.type=cse", "utilities.mix.0.type", "did you mean ces?"),
        ("utilities.mix.2.params.gamma=.25", "utilities.mix.2.params.gamma", "= 0.25, not 0.25"),
        ("utilities.mix.2.params.sigma_A=0", "utilities.mix.2.params.sigma_A", "above 0"),
        ("utilities.mix.4.params.gamma_A=2", "initial_inventories.A.0", "2 is not above gamma_A 2"),
        ("utilities.mix.4.params.gamma_B=2", "initial_inventories.B", "2 is not above gamma_B 2"),
        ("utilities.agents=[]", "utilities.agents", "an empty list"),
        ("utilities={}", "utilities", "mix or agents is missing"),
    ],
)  # fmt: skip
def test_one_mistake_is_one_line(setting, place, words):
    told = wrong(setting)
    assert any(line.startswith(f"scenario: {place}: ") and words in line for line in told), told
    assert len(told) <= 2  # a place may be wrong in two ways; nothing else follows from it


def test_every_key_that_must_be_there_is_missed():
    assert sorted(wrong_of({})) == sorted(
        f"scenario: {name} is missing"
        for name in ("schema_version", "name", "N", "agents", "initial_inventories", "utilities",
                     "resource_seed")
    )  # fmt: skip


def wrong_of(value):
    return problems(check_configuration, value)


@pytest.mark.parametrize("value", [None, 3, "text", [], [1], True])
def test_what_is_no_map_is_refused(value):
    assert len(wrong_of(value)) == 1


def test_subsistence_of_listed_agents_is_that_of_the_agent_alone():
    each = [{"type": "ces", "params": TYPES["ces"]} for _ in range(4)]
    each[2] = {"type": "stone_geary", "params": {**TYPES["stone_geary"], "gamma_A": 5.5}}
    assert wrong(utilities={"agents": each}) == []
    each[2]["params"]["gamma_A"] = 6
    assert wrong(utilities={"agents": each}) == [
        "scenario: initial_inventories.A.2: 6 is not above gamma_A 6 of agent 2"
    ]


def test_agents_may_share_cells_if_they_are_told_so():
    assert len(wrong("N=1")) == 1
    assert wrong("N=1", "allow_colocation=true") == []


def test_null_is_as_good_as_absent_where_a_key_may_be_absent():
    assert wrong("mode_schedule=null", "params.spread=null", "utilities.agents=null") == []
    (told,) = wrong("N=null")
    assert told == "scenario: N: must be a whole number at least 1, at most 10,000, not nothing"


def test_money_in_minor_units_is_limited_in_sum():
    many = ("agents=20", "initial_inventories.A=9", "initial_inventories.M=1000000000")
    assert wrong(*many) == []
    (told,) = wrong(*many, "params.money_scale=1000000")
    assert told.startswith("scenario: initial_inventories.M: ")
    assert told.endswith("over 2^53")


TEXT = """\
schema_version: 1
name: bad
N: 3
agents: 4
initial_inventories:
  A: [1, 2, 3]
  B: {uniform_int: [9, 3]}
utilities:
  mix:
    - {type: ces, weight: .4, params: {rho: 1, wA: 1, wB: 1}}
    - {type: stone_geari, weight: .5, params: {}}
  mux: 3
resource_seed: {density: 1.3, amount: 0}
params:
  epsilon: 1e-12
  sprad: 3
  beta:
    0
name: again
"""


def test_all_errors_of_a_file_are_told_at_once_in_order_with_their_lines(tmp_path):
    path = write(tmp_path, TEXT)
    with pytest.raises(InvalidInputError) as caught:
        read_document(path)
    told = [line.removeprefix(f"{path}:") for line in caught.value.problems]
    assert [line.split(": ")[:2] for line in told] == [
        ["6", "initial_inventories.A"],
        ["7", "initial_inventories.B.uniform_int"],
        ["9", "utilities.mix"],
        ["10", "utilities.mix.0.params.rho"],
        ["11", "utilities.mix.1.type"],
        ["12", "utilities.mux"],
        ["13", "resource_seed.density"],
        ["13", "resource_seed.amount"],
        ["16", "params.sprad"],
        ["17", "params.beta"],
        ["19", "name"],
    ]
    assert caught.value.message == f"{path}: 11 errors"
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines()[1:] == list(caught.value.problems)


def test_very_many_errors_are_counted(tmp_path):
    made = preset("minimal", agents=1000, grid=100)
    made["initial_inventories"]["A"] = [-1] * 1000
    told = problems(read_document, write(tmp_path, emit(made)))
    assert len(told) == 201
    assert told[-1].endswith("and 800 more")

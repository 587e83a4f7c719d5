"""The generator: presets, flags, draws, and files that are valid whatever was asked for."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from _exchange_files import preset, problems
from scrai.errors import InvalidInputError, UsageError
from scrai.worlds.exchange import _generate_flags as flags
from scrai.worlds.exchange._generate_draws import dealt
from scrai.worlds.exchange._generate_emit import emit
from scrai.worlds.exchange._generate_presets import PRESETS, recipe
from scrai.worlds.exchange._generate_run import make, read_back
from scrai.worlds.exchange._load import check_configuration
from scrai.worlds.exchange._load_spec import spec_of
from scrai.worlds.exchange._spec import REGIMES, UTILITY_TYPES

ROWS = {
    "minimal": (10, 20, (10, 50), "ces linear", (0.3, 5, 1), "barter_only"),
    "standard": (30, 40, (15, 60), "ces linear quadratic translog stone_geary", (0.35, 6, 2),
                 "barter_only"),
    "large": (80, 80, (10, 100), "ces linear", (0.4, 8, 3), "barter_only"),
    "money_demo": (20, 30, (10, 50), "linear", (0.2, 5, 1), "money_only"),
    "mixed_economy": (40, 50, (20, 80), "ces linear quadratic", (0.3, 6, 2), "mixed"),
}  # fmt: skip


def test_the_presets_are_those_of_the_table():
    assert set(PRESETS) == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_preset_makes_its_row(name):
    agents, grid, (low, high), types, (density, most, regrowth), regime = ROWS[name]
    made = preset(name, seed=42)
    assert (made["agents"], made["N"]) == (agents, grid)
    assert made["resource_seed"] == {"density": density, "amount": most}
    goods = "A B" if regime == "barter_only" else "A B M"
    assert " ".join(made["initial_inventories"]) == goods
    for units in made["initial_inventories"].values():
        assert len(units) == agents
        assert all(low <= each <= high for each in units)
        assert max(units) - min(units) > (high - low) / 2
    names = types.split()
    dealt_types = [each["type"] for each in made["utilities"]["agents"]]
    assert dealt_types == [names[i % len(names)] for i in range(agents)]
    money = {"money_mode": "quasilinear", "money_scale": 1, "lambda_money": 1.0}
    assert made["params"] == {
        "exchange_regime": regime, **(money if "M" in goods else {}), "vision_radius": 8,
        "trade_cooldown_ticks": 3, "resource_growth_rate": regrowth, "resource_max_amount": most,
    }  # fmt: skip


def two(value):
    return round(value, 2) == value


def check_draws(kind, p, low, high):
    if kind == "ces":
        assert 0.3 <= p["wA"] <= 0.7
        assert p["wB"] == round(1 - p["wA"], 2)
        assert -1 <= p["rho"] <= 0.8
        assert abs(p["rho"]) >= 0.05
    elif kind == "linear":
        assert all(0.5 <= each <= 3 for each in p.values())
    elif kind == "quadratic":
        for good in "AB":
            assert 1.2 * low - 0.01 <= p[f"{good}_star"] <= 0.8 * high + 0.01
            share = p[f"sigma_{good}"] / p[f"{good}_star"]
            assert 0.39 <= share <= 0.81
        share = p["gamma"] * p["sigma_A"] * p["sigma_B"] / 2
        assert 0 <= share <= 0.901
        assert float(f"{p['gamma']:.4g}") == p["gamma"]
    elif kind == "translog":
        assert all(0.4 <= p[f"alpha_{good}"] <= 0.6 for good in "AB")
        assert all(-0.1 <= p[f"beta_{good * 2}"] <= -0.02 for good in "AB")
        assert abs(p["beta_AB"]) <= 0.03
        for a in (1, 5 * high):
            for b in (1, 5 * high):
                cross = p["beta_AB"]
                assert p["alpha_A"] + p["beta_AA"] * math.log(a) + cross * math.log(b) > 0
                assert p["alpha_B"] + p["beta_BB"] * math.log(b) + cross * math.log(a) > 0
    else:
        assert 0.4 <= p["alpha_A"] <= 0.6
        assert p["alpha_B"] == round(1 - p["alpha_A"], 2)
        assert all(0 <= p[f"gamma_{good}"] <= low / 2 for good in "AB")
    assert all(two(value) for key, value in p.items() if (kind, key) != ("quadratic", "gamma"))


def test_draws_are_within_their_rules_and_every_agent_has_its_own():
    made = preset("standard", seed=5, agents=500, grid=60)
    seen = {kind: [] for kind in UTILITY_TYPES}
    for each in made["utilities"]["agents"]:
        check_draws(each["type"], each["params"], 15, 60)
        seen[each["type"]].append(tuple(each["params"].values()))
    assert all(len(set(drawn)) > 95 for drawn in seen.values())
    rho = [drawn[0] for drawn in seen["ces"]]
    assert min(rho) < -0.9
    assert max(rho) > 0.7


@pytest.mark.parametrize(
    ("text", "agents", "counts"),
    [
        ("ces,linear", 5, (3, 2)),
        ("ces:.6,linear:.4", 10, (6, 4)),
        ("ces:2,linear:1", 10, (7, 3)),
        ("ces:1,linear:1,quadratic:1", 10, (4, 3, 3)),
        ("ces:99,linear:1", 10, (10, 0)),
        ("ces:1e-3,linear:1e-3", 4, (2, 2)),
    ],
)
def test_types_are_dealt_by_largest_remainder(text, agents, counts):
    chosen = flags.utilities(text)
    order = dealt(recipe("minimal", {"agents": agents, "utilities": chosen}))
    assert tuple(order.count(name) for name, _ in chosen) == counts
    assert order[:2] == [name for name, _ in chosen][:2] or 0 in counts


def test_flags_beat_the_preset_all_of_them():
    given = {
        "agents": 3, "grid": 7, "inventory_range": (4, 4), "utilities": (("translog", 1.0),),
        "resources": (0.9, 2, 7), "exchange_regime": "mixed", "money_range": (70, 70),
        "lambda_money": 2.5, "money_scale": 100, "vision": 2, "movement": 4,
    }  # fmt: skip
    for name in PRESETS:
        made = preset(name, **given)
        assert (made["agents"], made["N"]) == (3, 7)
        assert made["initial_inventories"] == {"A": [4] * 3, "B": [4] * 3, "M": [70] * 3}
        assert {each["type"] for each in made["utilities"]["agents"]} == {"translog"}
        assert made["resource_seed"] == {"density": 0.9, "amount": 2}
        assert made["params"] == {
            "exchange_regime": "mixed", "money_mode": "quasilinear", "money_scale": 100,
            "lambda_money": 2.5, "vision_radius": 2, "move_budget_per_tick": 4,
            "trade_cooldown_ticks": 3, "resource_growth_rate": 7, "resource_max_amount": 2,
        }  # fmt: skip


def test_without_a_preset_the_missing_sizes_are_named():
    with pytest.raises(UsageError) as caught:
        recipe(None, {"grid": 3, "utilities": (("ces", 1.0),)})
    assert caught.value.message == "missing --agents, --inventory-range, --resources"
    assert caught.value.exit_code == 2
    with pytest.raises(InvalidInputError) as caught:
        recipe("standart", {})
    assert caught.value.hint == "did you mean standard?"


def test_settings_of_money_need_money():
    with pytest.raises(UsageError, match="--money-range, --lambda-money: barter_only has no money"):
        recipe("minimal", {"money_range": (1, 2), "lambda_money": 2.0})


@pytest.mark.parametrize(
    ("call", "text", "words"),
    [
        (flags.utilities, "ces,liner", "unknown type 'liner'"),
        (flags.utilities, "ces,ces", "stands twice"),
        (flags.utilities, "ces:2,linear", "linear has no weight"),
        (flags.utilities, "ces:0", "no number above 0"),
        (flags.utilities, "ces:x", "no number above 0"),
        (flags.utilities, "", "unknown type ''"),
        (flags.resources, "0.3,5", "not DENSITY,MAX,REGEN"),
        (flags.resources, "1.3,5,1", "no number from 0 to 1"),
        (flags.resources, "0.3,0,1", "from 1 to"),
        (flags.resources, "0.3,5,-1", "from 0 to"),
        (lambda text: flags.span(text, "--inventory-range"), "10", "not MIN,MAX"),
        (lambda text: flags.span(text, "--inventory-range"), "50,10", "above the most"),
        (lambda text: flags.span(text, "--inventory-range"), "1.5,10", "no whole number"),
        (lambda text: flags.span(text, "--inventory-range"), "-1,10", "no whole number"),
    ],
)
def test_a_malformed_flag_is_one_line(call, text, words):
    (told,) = problems(call, text)
    assert told.startswith("--")
    assert words in told


def test_per_type_writes_a_mix_of_one_draw_each():
    made = preset("standard", per_type=True, utilities=(("ces", 3.0), ("translog", 1.0)))
    mix = made["utilities"]["mix"]
    assert [(each["type"], each["weight"]) for each in mix] == [("ces", 0.75), ("translog", 0.25)]
    assert len(made["initial_inventories"]["A"]) == 30
    many = preset("standard", per_type=True, agents=60_000, grid=400, inventory_range=(0, 9))
    assert many["initial_inventories"]["A"] == {"uniform_int": [1, 9]}
    assert problems(check_configuration, many) == []


def test_subsistence_leaves_every_agent_something():
    made = preset("standard", inventory_range=(0, 1), agents=100)
    for each, units in zip(made["utilities"]["agents"], made["initial_inventories"]["A"],
                           strict=True):  # fmt: skip
        assert units == 1 or each["type"] != "stone_geary"
    assert 0 in made["initial_inventories"]["A"]


def test_ranges_of_a_file_replace_the_usual_ones(tmp_path):
    path = tmp_path / "ranges.yaml"
    path.write_text("ces: {rho: [-3, -2], wB: [5, 6]}\nquadratic: {gamma: [0, 0]}\nlinear:\n")
    ranges = flags.param_ranges(str(path))
    made = preset("mixed_economy", ranges=ranges)
    for each in made["utilities"]["agents"]:
        if each["type"] == "ces":
            assert -3 <= each["params"]["rho"] <= -2
            assert 5 <= each["params"]["wB"] <= 6
            assert 0.3 <= each["params"]["wA"] <= 0.7
        elif each["type"] == "quadratic":
            assert each["params"]["gamma"] == 0
    assert problems(check_configuration, made) == []


def test_a_bad_file_of_ranges_tells_all_that_is_wrong(tmp_path):
    path = tmp_path / "ranges.json"
    path.write_text(
        '{"ces": {"rho": [1, 1], "w": [1, 2]},\n "lin": {},\n "linear": {"vA": [0.001, 2]},\n'
        ' "quadratic": {"gamma": [0, 1], "sigma_A": 3}, "translog": {"beta_AB": [2, 1]}}'
    )
    told = [line.removeprefix(f"{path}:") for line in problems(flags.param_ranges, str(path))]
    assert [line.split(": ")[:2] for line in told] == [
        ["1", "ces.rho"], ["1", "ces.w"], ["2", "lin"], ["3", "linear.vA"],
        ["4", "quadratic.gamma"], ["4", "quadratic.sigma_A"], ["4", "translog.beta_AB"],
    ]  # fmt: skip


def test_ranges_that_allow_nothing_are_an_error_not_an_endless_search():
    for kind, wrong in (("ces", {"rho": (0.0, 0.0)}), ("translog", {"beta_AA": (-9.0, -9.0)})):
        chosen = recipe("minimal", {"utilities": ((kind, 1.0),), "ranges": {kind: wrong}})
        assert len(problems(make, chosen, "x")) == 1


def test_the_same_seed_gives_the_same_text_and_another_another():
    texts = [emit(preset("standard", seed)) for seed in (0, 0, 1, -1)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3


def test_consecutive_seeds_are_the_single_files():
    chosen = recipe("minimal", {})
    many = make(chosen, "x", 7, 3, (), "out")
    assert [str(each.path) for each in many] == [f"out/x_{seed}.yaml" for seed in (7, 8, 9)]
    for each in many:
        (alone,) = make(chosen, f"x_{each.seed}", each.seed)
        assert alone.text == each.text


@pytest.mark.filterwarnings("ignore::scrai.worlds.exchange.OddScenarioWarning")
def test_settings_reach_every_key_and_are_checked():
    chosen = recipe("minimal", {})
    (made,) = make(chosen, "x", 0, 1, ["params.spread=.05", "ticks_per_cycle=100",
                                       "params.lambda_bounds.lambda_min=.5", "telemetry=off",
                                       "utilities.agents.0.params.rho=-2"])  # fmt: skip
    spec = spec_of(made.document, 0)
    assert (spec.params.spread, spec.ticks_per_cycle, spec.telemetry) == (0.05, 100, "off")
    assert (spec.params.lambda_min, spec.utilities[0].params["rho"]) == (0.5, -2)
    read_back([made])
    told = problems(make, chosen, "x", 0, 1, ["params.sprad=1", "agents=11"])
    assert len(told) == 4  # the key, and three lists of ten


def test_a_file_that_could_not_be_run_is_refused():
    (told,) = problems(make, recipe("minimal", {"agents": 20_000, "grid": 200}), "x")
    assert "over 1,000,000" in told


SIZES = st.fixed_dictionaries(
    {
        "agents": st.integers(1, 40),
        "grid": st.integers(7, 60),
        "inventory_range": st.tuples(st.integers(0, 200), st.integers(0, 500)).map(
            lambda pair: (min(pair), max(pair))
        ),
        "utilities": st.lists(
            st.tuples(st.sampled_from(UTILITY_TYPES), st.floats(0.01, 50)),
            min_size=1, unique_by=lambda pair: pair[0],
        ).map(tuple),
        "resources": st.tuples(st.floats(0, 1), st.integers(1, 20), st.integers(0, 5)),
        "exchange_regime": st.sampled_from(REGIMES),
        "vision": st.integers(0, 12),
        "per_type": st.booleans(),
    }
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(SIZES, st.integers())
@pytest.mark.filterwarnings("ignore::scrai.worlds.exchange.OddScenarioWarning")
def test_whatever_is_asked_for_is_valid_and_reads_back(given_sizes, seed):
    made = make(recipe(None, given_sizes), "x", seed)
    read_back(made)
    spec = spec_of(made[0].document, seed)
    assert len(spec.utilities) == len(spec.A) == given_sizes["agents"]
    assert any(spec.M) <= (given_sizes["exchange_regime"] != "barter_only")

"""The Walrasian benchmark and the Edgeworth box against known results and the core itself."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrai.errors import InvalidInputError
from scrai.worlds.exchange import ExchangeSpec, Params, UtilitySpec
from scrai.worlds.exchange._compared import _late_price, labels_of, notes_of
from scrai.worlds.exchange._core import agents_now, run_ticks, set_up
from scrai.worlds.exchange._demand import demand
from scrai.worlds.exchange._observe import frozen, watched
from scrai.worlds.exchange._plots import contract_curve, edgeworth, path_of
from scrai.worlds.exchange._plots._map import squares
from scrai.worlds.exchange._tastes import Tastes
from scrai.worlds.exchange._view import View
from scrai.worlds.exchange._walras import Purse, barter, money

ALL = (
    UtilitySpec("ces", {"rho": -0.5, "wA": 1.0, "wB": 1.4}),
    UtilitySpec("ces", {"rho": 0.0, "wA": 0.3, "wB": 0.7}),
    UtilitySpec("linear", {"vA": 1.5, "vB": 2.0}),
    UtilitySpec(
        "quadratic",
        {"A_star": 20.0, "B_star": 16.0, "sigma_A": 9.0, "sigma_B": 8.0, "gamma": 0.01},
    ),
    UtilitySpec(
        "translog",
        {"alpha_0": 0.1, "alpha_A": 0.5, "alpha_B": 0.4, "beta_AA": -0.05, "beta_BB": -0.06,
         "beta_AB": 0.01},
    ),
    UtilitySpec("stone_geary", {"alpha_A": 0.6, "alpha_B": 0.4, "gamma_A": 2.0, "gamma_B": 1.0}),
)  # fmt: skip


def economy(utilities, a, b, **params) -> ExchangeSpec:
    count = len(utilities)
    return ExchangeSpec(
        "test", 1, count, list(a), list(b), [0] * count, [1.0] * count, [0.0] * count,
        list(utilities), params=Params(**params), allow_colocation=True,
    )  # fmt: skip


@given(st.lists(st.integers(0, 60), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_utilities_are_those_of_the_core(bundle: list[int]) -> None:
    a, b = bundle[:6], bundle[6:]
    # Below subsistence both continue the logarithm along its tangent, at values of 1e12.
    found = Tastes(ALL).utility(np.array(a, float), np.array(b, float))
    core = agents_now(set_up(economy(ALL, a, b), 1))["utility"]
    assert found == pytest.approx(core, rel=1e-9, abs=1e-9)


@given(st.lists(st.floats(3.5, 60), min_size=12, max_size=12))
@settings(max_examples=60, deadline=None)
def test_marginal_utilities_are_derivatives(bundle: list[float]) -> None:
    a, b, step = np.array(bundle[:6]), np.array(bundle[6:]), 1e-5
    tastes = Tastes(ALL)
    of_a, of_b = tastes.marginal(a, b)
    slope_a = (tastes.utility(a + step, b) - tastes.utility(a - step, b)) / (2 * step)
    slope_b = (tastes.utility(a, b + step) - tastes.utility(a, b - step)) / (2 * step)
    assert of_a == pytest.approx(slope_a, rel=1e-5, abs=1e-8)
    assert of_b == pytest.approx(slope_b, rel=1e-5, abs=1e-8)


@given(st.floats(0.1, 8), st.floats(12, 80))
@settings(max_examples=60, deadline=None)
def test_no_affordable_bundle_beats_the_one_demanded(price: float, wealth: float) -> None:
    tastes, each = Tastes(ALL), np.full(len(ALL), price)
    a, b = demand(tastes, each, np.full(len(ALL), wealth))
    assert (price * a + b <= wealth * (1 + 1e-9)).all()
    best = tastes.utility(a, b)
    share = np.linspace(0, 1, 401)[:, None]
    others = tastes.utility(share * wealth / price, (1 - share) * wealth)
    assert (others <= best + 1e-6 * (1 + np.abs(best))).all()


def test_two_cobb_douglas_agents_have_the_price_of_the_textbook() -> None:
    tastes = Tastes([UtilitySpec("ces", {"rho": 0.0, "wA": w, "wB": 1 - w}) for w in (0.5, 0.3)])
    found = barter(tastes, np.array([10.0, 0.0]), np.array([0.0, 10.0]))
    assert found.prices[0] == pytest.approx(0.6)
    assert found.bundles[0] == pytest.approx([5, 5])
    assert found.bundles[1] == pytest.approx([3, 7])
    assert found.excess == pytest.approx((0, 0), abs=1e-9)


def test_with_plenty_of_money_goods_cost_what_the_last_unit_is_worth() -> None:
    quadratic = {"A_star": 30.0, "B_star": 30.0, "sigma_A": 6.0, "sigma_B": 5.0, "gamma": 0.0}
    tastes = Tastes([UtilitySpec("quadratic", quadratic)] * 2)
    purse = Purse(np.full(2, 1000.0), np.ones(2), np.zeros(2), log=False)
    found = money(tastes, purse, np.array([20.0, 4.0]), np.array([6.0, 10.0]))
    # Both end with 12 A and 8 B: prices are 2 (A* - 12)/36 and 2 (B* - 8)/25.
    assert found.bundles[0] == pytest.approx([12, 12], rel=1e-3)
    assert found.prices == pytest.approx((1.0, 1.76), rel=1e-3)


def view_of_two(utilities, a, b, ticks: int = 30) -> View:
    spec = economy(utilities, a, b)
    state = set_up(spec, 1)
    start = agents_now(state)
    records = run_ticks(state, ticks, "full")
    codes = records.tables["trades"]
    trades = codes | {"pair": np.array(["A-B"] * len(codes["tick"]), dtype=object)}
    agents = {name: np.concatenate((start[name], records.tables["agents"][name])) for name in start}
    return View("two", spec, 1, agents_now(state), {"trades": trades, "agents": agents})


def test_the_path_in_the_box_is_that_of_the_trade_search() -> None:
    twins = [UtilitySpec("ces", {"rho": -0.5, "wA": 1.0, "wB": 1.0})] * 2
    view = view_of_two(twins, (8, 2), (2, 8))
    path = path_of(view, None)
    assert path.total == (10, 10)
    assert list(path.a) == [8, 7, 6, 5]
    assert list(path.b) == [2, 3, 4, 5]
    a, b = contract_curve(view, path)
    assert a == pytest.approx(b, abs=1e-6)  # twins share everything alike


def view_of_three() -> View:
    """Agents 0 and 1 trade at ticks 1 and 12; between these 0 sells to 2 and forages 4 A."""
    spec = economy([UtilitySpec("linear", {"vA": 1.0, "vB": 1.5})] * 3, (20, 5, 5), (5, 20, 20))
    trades = {
        "tick": np.array([1, 5, 12]),
        "buyer_id": np.array([1, 2, 1]),
        "seller_id": np.array([0, 0, 0]),
        "dA": np.array([2, 1, 3]),
        "dB": np.array([-2, -1, -3]),
        "pair": np.array(["A-B"] * 3, dtype=object),
    }
    agents = {
        "tick": np.repeat([0, 10], 3),
        "A": np.array([20, 5, 5, 21, 7, 6]),
        "B": np.array([5, 20, 20, 8, 18, 19]),
    }
    return View("three", spec, 1, agents, {"trades": trades, "agents": agents})


def test_a_box_says_what_its_path_leaves_out() -> None:
    path = path_of(view_of_three(), None)
    assert path.pair == (0, 1)
    assert path.ticks == (1, 12)
    assert list(path.a) == [20, 18, 15]
    assert (path.others, path.foraged) == (1, 4)
    told = "\n".join(text.get_text() for text in edgeworth(view_of_three()).texts)
    assert "1 trade with others or for money and 4 units foraged" in told


def alike(view: View, id_: str = "other", **changes: Any) -> View:
    return dataclasses.replace(view, id=id_, spec=dataclasses.replace(view.spec, **changes))


OTHER_TASTES = [UtilitySpec("linear", {"vA": 9.0, "vB": 1.0})] * 3
MIXED: dict[str, Any] = {"params": Params(exchange_regime="mixed")}
MONEY_BY_LOGARITHM: dict[str, Any] = {
    "params": Params(exchange_regime="mixed", money_utility_form="log")
}
TWICE_AS_MANY: dict[str, Any] = {
    "agents": 6, "A": [20, 5, 5] * 2, "B": [5, 20, 20] * 2, "M": [0] * 6, "M_0": [0.0] * 6,
    "lambda_money": [1.0] * 6, "utilities": [UtilitySpec("linear", {"vA": 1.0, "vB": 1.5})] * 6,
}  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ({}, {}, []),
        ({}, {"params": Params(spread=0.4)}, []),
        ({}, {"params": Params(exchange_regime="mixed")}, ["not under barter_only"]),
        ({}, {"utilities": OTHER_TASTES}, ["no common unit"]),
        ({}, TWICE_AS_MANY, ["numbers of agents", "other goods"]),
        (MIXED, MIXED | TWICE_AS_MANY, ["numbers of agents", "other goods", "amounts of money"]),
        ({}, {"A": [9, 9, 9]}, ["other goods"]),
        ({}, {"M": [9, 9, 9], "lambda_money": [2.0] * 3}, []),  # of no use to barter
        (
            {"params": Params(exchange_regime="mixed")},
            {"params": Params(exchange_regime="money_only"), "M": [9, 9, 9]},
            ["other amounts of money"],
        ),
        (
            {"params": Params(exchange_regime="mixed")},
            {"params": Params(exchange_regime="mixed"), "lambda_money": [2.0] * 3},
            ["worth something else"],
        ),
        (
            MIXED,
            {"params": Params(exchange_regime="mixed", money_scale=100)},
            ["worth something else"],
        ),
        (
            MIXED,
            {"params": Params(exchange_regime="mixed", money_mode="kkt_lambda")},
            ["worth something else", "revalue"],
        ),
        (MIXED, MIXED | {"M_0": [3.0] * 3}, []),  # of no use unless money counts by its logarithm
        (MONEY_BY_LOGARITHM, MONEY_BY_LOGARITHM | {"M_0": [3.0] * 3}, ["worth something else"]),
        (
            {"params": Params(exchange_regime="mixed", money_mode="kkt_lambda")},
            {"params": Params(exchange_regime="mixed", money_mode="kkt_lambda")},
            ["revalue"],
        ),
    ],
)
def test_what_cannot_be_compared_is_said(
    one: dict[str, Any], other: dict[str, Any], words: list[str]
) -> None:
    view = view_of_three()
    notes = notes_of([alike(view, "one", **one), alike(view, **other)])
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))


def test_where_utilities_have_no_unit_nothing_is_said_to_have_one() -> None:
    view = view_of_three()
    one = alike(view, "one", **MIXED, M=[1, 2, 3], lambda_money=[2.0] * 3)
    other = alike(view, **MIXED, utilities=OTHER_TASTES)
    first, *rest = notes_of([one, other])
    assert "no common unit, nor have goods gained" in first
    assert len(rest) == 2
    assert not any("compare" in note for note in rest)


def test_runs_that_are_not_equally_long_are_told_apart() -> None:
    view = view_of_three()
    longer = view.now | {"tick": np.repeat([0, 1200], 3)}
    (note,) = notes_of([view, dataclasses.replace(view, id="on", now=longer)])
    assert "three 10, on 1,200" in note
    assert "up to tick 10" in note


@pytest.mark.parametrize(
    ("trades", "late"),
    [
        ([5, 5, 0, 0], 2.0),  # of 10 trades the last 2, though long ago
        ([8, 0, 1, 1], 3.5),
        ([8, 1, 1, 0], 2.5),
        ([0, 0, 0, 1], 4.0),
        ([8, 0, 0, 7], 4.0),
        ([4, 1, 9, 1], 3.0 + 1 / 3),
    ],
)
def test_the_late_price_is_the_mean_of_the_last_fifth_of_the_trades(
    trades: list[int], late: float
) -> None:
    prices = np.where(np.array(trades) > 0, [1.0, 2.0, 3.0, 4.0], np.nan)
    assert _late_price(np.array(trades), prices) == pytest.approx(late)


def test_a_label_says_what_a_run_has_unlike_the_first() -> None:
    view = view_of_three()
    rows = [
        {"setting": "seed", "values": {"three": 1, "two": 1}},
        {"setting": "configuration.telemetry", "values": {"two": "full"}, "default": "summary"},
        {"setting": "configuration.params.spread", "values": {"two": 0.3}, "default": 0.0},
        {"setting": "configuration.utilities.mix", "values": {"three": [1], "two": [2]}},
    ]
    assert labels_of([view, alike(view, "two")], rows) == {
        "three": "three: barter_only, seed 1",
        "two": "two: barter_only, seed 1, spread 0.3",
    }


@pytest.mark.parametrize("side", [1, 7, 50, 60, 61, 200, 1001])
def test_the_squares_of_a_map_hold_equally_many_cells(side: int) -> None:
    edges = squares(side)
    counts, _ = np.histogram(np.arange(side), edges)
    assert counts.sum() == side
    assert len(counts) <= 60
    assert set(counts[:-1]) <= {counts[0]}
    assert counts[-1] <= counts[0]


def test_two_who_are_alone_are_told_without_that() -> None:
    twins = [UtilitySpec("ces", {"rho": -0.5, "wA": 1.0, "wB": 1.0})] * 2
    view = view_of_two(twins, (8, 2), (2, 8))
    assert path_of(view, None).others == path_of(view, None).foraged == 0
    assert not any("others" in text.get_text() for text in edgeworth(view).texts)


def test_a_pair_that_never_traded_is_told_one_that_did() -> None:
    with pytest.raises(InvalidInputError) as caught:
        path_of(view_of_three(), (1, 2))
    assert caught.value.hint == "--agents 0,1 did so most often"
    with pytest.raises(InvalidInputError, match="no agent 3"):
        path_of(view_of_three(), (1, 3))


@pytest.mark.parametrize(
    ("regime", "word"), [("barter_only", "longer sight"), ("money_only", "choose a run")]
)
def test_where_nobody_bartered_the_way_out_depends_on_the_regime(regime: str, word: str) -> None:
    view = view_of_three()
    nothing = {name: values[:0] for name, values in view.tables["trades"].items()}
    spec = dataclasses.replace(view.spec, params=Params(exchange_regime=regime))
    empty = dataclasses.replace(view, spec=spec, tables=view.tables | {"trades": nothing})
    with pytest.raises(InvalidInputError) as caught:
        path_of(empty, (0, 1))
    assert word in (caught.value.hint or "")


def test_the_contract_curve_of_linear_tastes_runs_along_the_edges() -> None:
    tastes = [UtilitySpec("linear", {"vA": v, "vB": 1.0}) for v in (3.0, 1.0)]
    view = view_of_two(tastes, (10, 10), (10, 10))
    a, b = contract_curve(view, path_of(view, None))
    assert {
        (x, y) for x, y in zip(a, b, strict=True) if 0 < x < 20 and 1e-6 < y < 20 - 1e-6
    } == set()
    assert (a[-2], b[-2]) == pytest.approx((20, 0), abs=1e-6)


@pytest.mark.parametrize("pair", [(0, 1), (0, 5), (1, 4), (4, 5)])
def test_marginal_rates_meet_on_the_contract_curve(pair: tuple[int, int]) -> None:
    utilities = [ALL[pair[0]], ALL[pair[1]]]
    view = view_of_two(utilities, (40, 6), (8, 35))
    path = path_of(view, (0, 1))
    a, b = contract_curve(view, path)
    inside = (a > 5) & (a < path.total[0] - 5) & (b > 5) & (b < path.total[1] - 5)
    assert inside.any()
    first, second = (Tastes([each]) for each in utilities)
    mine = first.marginal(a[inside, None], b[inside, None])
    theirs = second.marginal(path.total[0] - a[inside, None], path.total[1] - b[inside, None])
    assert mine[0] / mine[1] == pytest.approx(theirs[0] / theirs[1], rel=1e-6)


def test_frozen_agents_would_be_seen() -> None:

    twins = [
        UtilitySpec("linear", {"vA": 1.0, "vB": 3.0}),
        UtilitySpec("linear", {"vA": 3.0, "vB": 1.0}),
    ]
    spec = dataclasses.replace(economy(twins, (30, 30), (30, 30)), N=6, allow_colocation=False)
    state = set_up(spec, 1)
    run_ticks(state, 6)
    before = watched(state)
    assert before[0].tolist() == [1, 0]  # they are paired
    assert frozen(before, before) == 2
    run_ticks(state, 1)
    assert frozen(before, watched(state)) == 0

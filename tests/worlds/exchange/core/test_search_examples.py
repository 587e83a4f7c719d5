"""The trade search, block by block, where the outcome can be worked out by hand."""

from __future__ import annotations

import pytest

from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core import _tick, agents_now, run_ticks, set_up
from scrai.worlds.exchange._core._near import may_barter
from scrai.worlds.exchange._core._search import candidates, payment_of
from scrai.worlds.exchange._spec import ExchangeSpec, Params, UtilitySpec


def ces(rho=-0.5, wa=1.0, wb=1.0):
    return UtilitySpec("ces", {"rho": rho, "wA": wa, "wB": wb})


def linear(va, vb):
    return UtilitySpec("linear", {"vA": va, "vB": vb})


def meeting(tastes, bundles, money=(0, 0), **params):
    """Two agents on the only cell of a grid without resources."""
    return ExchangeSpec(
        name="two",
        N=1,
        agents=2,
        A=[bundle[0] for bundle in bundles],
        B=[bundle[1] for bundle in bundles],
        M=list(money),
        lambda_money=[1.0, 1.0],
        M_0=[0.0, 0.0],
        utilities=list(tastes),
        params=Params(**params),
        allow_colocation=True,
    )


def lived(spec, ticks=30):
    state = set_up(spec, 1)
    records = run_ticks(state, ticks, "trades", run=_tick.run)
    goods = [tuple(int(state.column(g)[i]) for g in "ABM") for i in range(2)]
    return state, goods, list(records.rows("trades"))


@pytest.mark.parametrize(
    ("ask", "bid", "units", "prices"),
    [
        (1, 3, 1, [1, 1.5, 2, 2.5, 3]),
        (1, 1, 1, [1]),
        (0.5, 0.9, 1, [0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.5, 0.9, 2, [0.5, 0.6, 0.7, 0.8, 0.9]),
        (0.3, 0.7, 3, [0.3, 1 / 3, 0.4, 0.5, 0.6, 2 / 3, 0.7]),
        (18, 22, 1, [18, 19, 20, 21, 22]),
        (30, 50, 1, [30, 35, 40, 45, 50]),
    ],
)
def test_candidate_prices(ask, bid, units, prices):
    w = set_up(meeting([linear(1, 1)] * 2, [(1, 1)] * 2), 1).world
    count = candidates(w, float(ask), float(bid), units)
    assert w.cf[at.F_SCRATCH : at.F_SCRATCH + count].tolist() == pytest.approx(prices, rel=1e-9)


def test_payments_are_rounded_half_up_whatever_the_last_bit_says():
    assert payment_of(0.5, 1) == 1
    assert payment_of(0.1 * 3, 5) == 2  # 1.5000000000000002
    assert payment_of(0.7 - 0.4, 5) == 2  # 1.4999999999999996
    assert payment_of(0.2, 2) == 0


def test_two_ces_agents_trade_one_for_one_to_the_middle():
    state, goods, trades = lived(meeting([ces(), ces()], [(8, 2), (2, 8)]))
    assert goods == [(5, 5, 0), (5, 5, 0)]
    assert [(t["tick"], t["seller_id"], t["dA"], t["dB"]) for t in trades] == [
        (1, 0, 1, -1), (2, 0, 1, -1), (3, 0, 1, -1),
    ]  # fmt: skip
    start = agents_now(set_up(state.spec, 1), run=_tick.run)["utility"]
    assert start == pytest.approx([0.889, 0.889], abs=5e-4)
    assert agents_now(state, run=_tick.run)["utility"] == pytest.approx([1.25, 1.25])


def test_two_linear_agents_specialise():
    _, goods, trades = lived(meeting([linear(3, 1), linear(1, 3)], [(10, 10), (10, 10)]))
    assert goods == [(20, 0, 0), (0, 20, 0)]
    assert [(t["buyer_id"], t["dA"], t["dB"]) for t in trades] == [(0, 1, -1)] * 10


def test_maximum_trades_as_much_as_still_improves_both():
    spec = meeting(
        [linear(3, 1), linear(1, 3)], [(10, 10), (10, 10)], trade_execution_mode="maximum"
    )
    _, goods, trades = lived(spec)
    assert goods == [(20, 0, 0), (0, 20, 0)]
    assert [t["dA"] for t in trades] == [5, 5]


@pytest.mark.parametrize(
    ("bargaining", "payment"),
    [("compensating_block", 2), ("split_difference", 3), ("take_it_or_leave_it", 4)],
)
def test_bargaining_sets_the_price_between_ask_1_and_bid_5(bargaining, payment):
    spec = meeting([linear(5, 1), linear(1, 1)], [(0, 9), (9, 0)], bargaining=bargaining)
    _, _, trades = lived(spec, 1)
    # At 1 the seller, at 5 the buyer gains nothing, so neither is a price.
    assert [(t["dA"], t["dB"]) for t in trades] == [(1, -payment)]


def test_b_is_the_good_where_a_is_worth_too_little():
    """A is worth a tenth of B to both sides, so that no block of up to 5 A costs a whole B."""
    spec = meeting([linear(1, 14), linear(1, 7)], [(50, 0), (0, 5)])
    _, _, trades = lived(spec, 1)
    assert [(t["good"], t["buyer_id"], t["dB"], t["dA"]) for t in trades] == [("B", 0, 1, -8)]
    assert trades[0]["price"] == 8


def test_money_only_takes_a_before_b_and_the_lower_id_sells_first():
    spec = meeting(
        [linear(2, 2), linear(5, 5)], [(3, 3), (3, 3)], (0, 100), exchange_regime="money_only"
    )
    _, goods, trades = lived(spec)
    assert [t["pair"] for t in trades] == ["A-M"] * 3 + ["B-M"] * 3
    assert {(t["seller_id"], t["dM"]) for t in trades} == {(0, -3)}
    assert goods == [(0, 0, 18), (6, 6, 82)]


def test_mixed_takes_the_kind_of_the_greatest_summed_gain():
    spec = meeting(
        [linear(2, 1), linear(1, 9)], [(5, 5), (5, 5)], (99, 99), exchange_regime="mixed"
    )
    _, _, trades = lived(spec, 1)
    # A for B: 0 gains 2 x 1 - 1, 1 gains 9 - 1; the others gain less together.
    assert trades[0]["pair"] == "A-B"
    spec = meeting(
        [linear(8, 8), linear(1, 1)], [(5, 5), (5, 5)], (99, 99), exchange_regime="mixed"
    )
    _, _, trades = lived(spec, 1)
    assert trades[0]["pair"] == "A-M"


@pytest.mark.parametrize("enough", [1, 3])
def test_the_liquidity_gate_opens_barter_only_where_few_sellers_are_seen(enough):
    """Two sellers are in sight: barter is open below three, closed from one on."""
    spec = meeting(
        [linear(3, 1), linear(1, 3)], [(9, 9), (9, 9)], (0, 0),
        exchange_regime="mixed_liquidity_gated", min_quotes=enough,
    )  # fmt: skip
    _, _, trades = lived(spec, 1)
    assert bool(trades) == (enough == 3)


def test_a_wide_spread_leaves_nothing_to_trade():
    tight = meeting([linear(3, 1), linear(1, 3)], [(10, 10), (10, 10)], spread=0.1)
    wide = meeting([linear(3, 1), linear(1, 3)], [(10, 10), (10, 10)], spread=0.9)
    assert len(lived(tight)[2]) == 10
    assert lived(wide)[2] == []


def test_a_failed_pair_may_try_again_after_the_cooldown():
    """They trade at 1, 2, 3, fail at 4, and are in cooldown until tick 9."""
    spec = meeting([ces(), ces()], [(8, 2), (2, 8)])
    state, _, _ = lived(spec, 3)
    assert state.column("partner").tolist() == [1, 0]
    run_ticks(state, 1, run=_tick.run)
    assert state.column("partner").tolist() == [-1, -1]


@pytest.mark.parametrize("scale", [1, 10, 100, 1000])
def test_money_of_any_scale_reaches_the_same_goods(scale):
    spec = meeting(
        [linear(3, 1), linear(1, 3)], [(10, 10), (10, 10)], (50 * scale, 50 * scale),
        exchange_regime="money_only", money_scale=scale,
    )  # fmt: skip
    _, goods, _ = lived(spec, 60)
    assert [g[:2] for g in goods] == [(20, 0), (0, 20)]


@pytest.mark.parametrize(("seen", "thin"), [((2, 2), True), ((3, 2), False), ((2, 3), False)])
def test_barter_is_open_only_while_both_agents_see_few_sellers(seen, thin):
    spec = meeting(
        [linear(3, 1), linear(1, 3)], [(9, 9), (9, 9)],
        exchange_regime="mixed_liquidity_gated", min_quotes=3,
    )  # fmt: skip
    state = set_up(spec, 1)
    state.world.ai[at.A_SELLERS] = seen
    assert may_barter(state.world, 0, 1) == thin

"""What holds in every generated economy, whatever its rules."""

from __future__ import annotations

from collections import Counter

import pytest
from _exchange_specs import economies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrai.worlds.exchange import _spec
from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core import _tick, run_ticks, set_up

KINDS = {
    "barter_only": {"A-B"},
    "money_only": {"A-M", "B-M"},
    "mixed": {"A-B", "A-M", "B-M"},
    "mixed_liquidity_gated": {"A-B", "A-M", "B-M"},
}
TICKS = 20


def holdings(state):
    return {good: state.column(good) for good in "ABM"}


def check_trades(state, rows, before):
    """Each trade is permitted, gains, is within reach, and pays out of the last tick's holdings."""
    p, left = state.spec.params, {good: before[good].copy() for good in "ABM"}
    least = max(p.epsilon, 1e-9)
    for row in rows:
        assert row["pair"] in KINDS[p.exchange_regime]
        assert min(row["buyer_gain"], row["seller_gain"]) > least
        assert 1 <= row[f"d{row['good']}"] <= p.dA_max
        for good in "ABM":
            left[good][row["buyer_id"]] += row[f"d{good}"]
            left[good][row["seller_id"]] -= row[f"d{good}"]
        buyer, seller = row["buyer_id"], row["seller_id"]
        places = [(state.column("x")[i], state.column("y")[i]) for i in (buyer, seller)]
        apart = sum(abs(a - b) for a, b in zip(*places, strict=True))
        assert apart <= p.interaction_radius
        assert (row["x"], row["y"]) == places[1]
    busy = Counter(i for row in rows for i in (row["buyer_id"], row["seller_id"]))
    assert all(count == 1 for count in busy.values())
    return left


@settings(max_examples=130, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("regime", _spec.REGIMES)
@given(data=st.data(), seed=st.integers(0, 9))
def test_the_invariants_hold(regime, data, seed):
    spec = data.draw(economies(regime))
    state, least = set_up(spec, seed), max(spec.params.epsilon, 1e-9)
    money, stock = sum(spec.M), state.world.stock[at.S_UNITS].copy()
    utility = None
    for _ in range(TICKS):
        before = holdings(state)
        records = run_ticks(state, 1, "full", run=_tick.run)
        rows, after = list(records.rows("trades")), holdings(state)
        (sums,) = records.rows("aggregates")
        left = check_trades(state, rows, before)
        harvested = {"A": sums["harvested_A"], "B": sums["harvested_B"], "M": 0}
        for good in "ABM":
            assert (after[good] >= 0).all()
            # What trade did not explain was foraged.
            assert ((after[good] - left[good]) >= 0).all()
            assert (after[good] - left[good]).sum() == harvested[good]
        assert after["M"].sum() == money
        assert sums["mode"] != "forage" or not rows
        assert sums["mode"] != "trade" or not harvested["A"] + harvested["B"]
        traded = Counter(row["pair"] for row in rows)
        for kind in ("A-B", "A-M", "B-M"):
            assert sums[f"trades_{kind.replace('-', '')}"] == traded[kind]
        totals = [row["utility"] for row in records.rows("agents")]
        if utility is not None and spec.params.money_mode == "quasilinear":
            assert all(now >= was - least for now, was in zip(totals, utility, strict=True))
        utility = totals
        now = state.world.stock[at.S_UNITS]
        grown = now.sum() - stock.sum() + harvested["A"] + harvested["B"]
        assert 0 <= grown <= spec.params.resource_growth_rate * (now > 0).sum()
        assert sums["stock_A"] + sums["stock_B"] == now.sum()
        stock = now.copy()


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=economies(), seed=st.integers(0, 9))
def test_no_pair_freezes(spec, seed):
    """A pair trades, comes closer or parts: within its distance in ticks something happens."""
    state, idle = set_up(spec, seed), {}
    for _ in range(60):
        rows = run_ticks(state, 1, "trades", run=_tick.run).rows("trades")
        traded = {frozenset((row["buyer_id"], row["seller_id"])) for row in rows}
        partner = state.column("partner").tolist()
        pairs = {frozenset((i, j)) for i, j in enumerate(partner) if j >= 0}
        assert all(partner[partner[i]] == i for i in range(spec.agents) if partner[i] >= 0)
        idle = {pair: 0 if pair in traded else idle.get(pair, 0) + 1 for pair in pairs}
        assert all(ticks <= 2 * spec.N for ticks in idle.values())


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=economies(), seed=st.integers(0, 9))
def test_every_column_of_every_table_is_filled(spec, seed):
    state = set_up(spec, seed)
    records = run_ticks(state, 5, "full", run=_tick.run)
    assert set(records.tables) == {"agents", "trades", "quotes", "decisions", "aggregates"}
    for table in records.tables:
        for row in records.rows(table):
            empty = {name for name, value in row.items() if value is None}
            assert empty <= {"price_AB", "price_AM", "price_BM"}
            assert all(row[f"trades_{name[-2:]}"] == 0 for name in empty)
    assert len(records.tables["agents"]["tick"]) == 5 * spec.agents

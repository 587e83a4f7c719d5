"""The core against a second, literal writing of the same description, state by state."""

from __future__ import annotations

import pytest
from _exchange_reference import Reference
from _exchange_specs import economies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scrai.worlds.exchange._core import _layout as at
from scrai.worlds.exchange._core import _tick, run_ticks, set_up
from scrai.worlds.exchange._core._room import cooling_pairs

TICKS = 14


def of_core(state):
    """The core's state in the reference's terms."""
    w, side = state.world, state.spec.N
    agents = []
    for i in range(state.spec.agents):
        cell = w.ai[at.A_CELL, i]
        agents.append((
            (w.ai[at.A_X, i], w.ai[at.A_Y, i]),
            (w.ai[at.A_GOOD, i], w.ai[at.A_GOOD_B, i], w.ai[at.A_MONEY, i]),
            w.ai[at.A_PARTNER, i],
            divmod(cell, side) if cell >= 0 else None,
        ))  # fmt: skip
    stocks = {
        divmod(c, side): w.stock[at.S_UNITS, c] for c in range(side * side) if w.cell[at.K_GOOD, c]
    }
    cool = {(low, high): until for low, high, until in cooling_pairs(w).T.tolist()}
    return agents, stocks, cool


def of_reference(world):
    agents = [
        (
            a.at,
            (a.held["A"], a.held["B"], a.held["M"]),
            a.partner.id if a.partner else -1,
            a.cell,
        )
        for a in world.agents
    ]
    cool = {pair: until for pair, until in world.cool.items() if until > world.t + 1}
    return agents, world.stock, cool


def compare_trades(rows, trades):
    assert len(rows) == len(trades)
    for row, (tick, buyer, seller, kind, good, d, payment, gb, gs) in zip(
        rows, trades, strict=True
    ):
        assert (row["tick"], row["buyer_id"], row["seller_id"]) == (tick, buyer, seller)
        assert (row["pair"], row["good"], row[f"d{good}"]) == (kind, good, d)
        means = kind.replace(good, "").strip("-")
        assert row[f"d{means}"] == -payment
        assert row["price"] == payment / d
        assert row["buyer_gain"] == pytest.approx(gb, rel=1e-7, abs=1e-10)
        assert row["seller_gain"] == pytest.approx(gs, rel=1e-7, abs=1e-10)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(spec=economies(), seed=st.integers(0, 99))
def test_every_tick_agrees_with_the_reference(spec, seed):
    state, world = set_up(spec, seed), Reference(spec, seed)
    assert of_core(state) == of_reference(world)
    for _ in range(TICKS):
        done = len(world.trades)
        world.tick()
        records = run_ticks(state, 1, "full", run=_tick.run)
        assert of_core(state) == of_reference(world)
        compare_trades(list(records.rows("trades")), world.trades[done:])
        for i, agent in enumerate(world.agents):
            assert state.lambdas[i] == pytest.approx(agent.lam, rel=1e-9)
        totals = [row["utility"] for row in records.rows("agents")]
        assert totals == pytest.approx([world.total(a) for a in world.agents], rel=1e-9, abs=1e-9)
